"""GET /v1/me: identity and permissions of the caller."""

import pytest

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def get(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/me", caller=caller)


def test_anna_sees_her_identity_and_permissions() -> None:
    with table.unchanged():
        answer = get()

    assert answer.status == 200
    assert answer.body == {
        "user_id": "anna",
        "name": "Anna Albrecht",
        "tenant_id": "acme",
        "locale": "de-DE",
        "may_grant": True,
        "may_book_slot": True,
        "default_access": "change",
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("caller", "may_grant", "may_book_slot"),
    [(ANNA, True, True), (BEN, False, True), (GIULIA, True, False), (CARLA, True, True)],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_each_users_permissions_follow_the_right_and_the_language(
    caller: Caller, may_grant: bool, may_book_slot: bool
) -> None:
    body = get(caller=caller).body

    assert (body["may_grant"], body["may_book_slot"]) == (may_grant, may_book_slot)


@each_row("locale", [None, "", "x" * 36, "de-DE\n", "xx", "tlh", "it"])
def test_a_user_of_another_language_may_not_choose_a_slot(locale: str | None) -> None:
    expected = locale == "de-DE\n"  # unprintable characters are dropped
    assert get(caller=ANNA.but(locale=locale)).body["may_book_slot"] is expected


def test_a_change_of_the_right_shows_at_once() -> None:
    factories.right(BEN, may_grant=True)
    factories.right(ANNA, may_grant=False)

    assert (get(caller=ANNA).body["may_grant"], get(caller=BEN).body["may_grant"]) == (False, True)


def test_a_right_applies_to_one_tenant_only() -> None:
    assert get(caller=BEN.but(tenant_id="globex")).body["may_grant"] is True


def test_a_token_that_acts_for_anna_shows_her_and_may_not_grant() -> None:
    answer = get(caller=ANNA.acting())

    assert (answer.status, answer.body["user_id"], answer.body["may_grant"]) == (200, "anna", False)


def test_without_a_name_the_id_is_shown_as_name() -> None:
    body = get(caller=ANNA.but(name=None, email=None, locale=None)).body

    assert (body["name"], body["locale"]) == ("anna", None)


@pytest.mark.parametrize("user_id", ["auth0|5f7c8ec7c33c6c004bbafe82", "a@b.example", "A:b.c-d_e", "x" * 128])
def test_ids_of_any_common_identity_provider_are_taken(user_id: str) -> None:
    assert get(caller=ANNA.but(sub=user_id)).body["user_id"] == user_id


@each_row("caller", invalid_inputs.USERS)
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    answer = get(caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_agents_token_lacks_the_tenant_claim() -> None:
    assert get(caller=SVEN).code == "claims_missing"
