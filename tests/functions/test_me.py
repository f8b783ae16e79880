"""GET /v1/me: who am I, and what may I do here?"""

import pytest

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller


def get(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/me", caller=caller)


def test_anna_sees_who_she_is_and_what_she_may() -> None:
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
    }
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("caller", "may_grant", "may_book_slot"),
    [(ANNA, True, True), (BEN, False, True), (GIULIA, True, False), (CARLA, True, True)],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_each_may_what_the_vendor_says_and_what_their_language_allows(
    caller: Caller, may_grant: bool, may_book_slot: bool
) -> None:
    body = get(caller=caller).body

    assert (body["may_grant"], body["may_book_slot"]) == (may_grant, may_book_slot)


@pytest.mark.parametrize("locale", [None, "", "x" * 36, "de-DE\n", "xx", "tlh", "it"])
def test_who_speaks_no_language_of_the_desk_chooses_no_slot(locale: str | None) -> None:
    expected = locale == "de-DE\n"  # what is not printable is dropped
    assert get(caller=ANNA.but(locale=locale)).body["may_book_slot"] is expected


def test_a_right_that_is_given_or_taken_shows_at_once() -> None:
    factories.right(BEN, may_grant=True)
    factories.right(ANNA, may_grant=False)

    assert (get(caller=ANNA).body["may_grant"], get(caller=BEN).body["may_grant"]) == (False, True)


def test_a_right_is_of_one_tenant_only() -> None:
    assert get(caller=BEN.but(tenant_id="globex")).body["may_grant"] is True


def test_who_acts_for_anna_sees_her_and_may_grant_nothing() -> None:
    answer = get(caller=ANNA.acting())

    assert (answer.status, answer.body["user_id"], answer.body["may_grant"]) == (200, "anna", False)


def test_without_a_name_the_id_is_the_name() -> None:
    body = get(caller=ANNA.but(name=None, email=None, locale=None)).body

    assert (body["name"], body["locale"]) == ("anna", None)


@pytest.mark.parametrize("user_id", ["auth0|5f7c8ec7c33c6c004bbafe82", "a@b.example", "A:b.c-d_e", "x" * 128])
def test_ids_of_any_common_identity_provider_are_taken(user_id: str) -> None:
    assert get(caller=ANNA.but(sub=user_id)).body["user_id"] == user_id


@pytest.mark.parametrize("caller", invalid_inputs.USERS)
def test_it_turns_away_a_token_without_the_claims_it_needs(caller: Caller) -> None:
    answer = get(caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_agents_token_that_came_this_far_lacks_the_tenant() -> None:
    assert get(caller=SVEN).code == "claims_missing"
