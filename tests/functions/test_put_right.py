"""PUT /v1/vendor/tenants/{tenant_id}/users/{user_id}/right: a user's permission to let support in."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, BEN, CARLA, Caller
from tests.rows_and_columns import each_row, probes

TAKE, GIVE = {"may_grant": False}, {"may_grant": True}


def put(
    body: Any = TAKE, user_id: str = "anna", tenant_id: str = "acme", *, caller: Caller = BACKEND, **how: Any
) -> Answer:
    path = f"/v1/vendor/tenants/{tenant_id}/users/{user_id}/right"
    return call("PUT", path, None if "raw" in how else body, caller=caller, **how)


def may_grant(who: Caller) -> bool:
    return call("GET", "/v1/me", caller=who).body["may_grant"] is True


def last_entry(caller: Caller = ANNA) -> Any:
    return json.loads(call("GET", "/v1/ledger", caller=caller).text.splitlines()[-1])


# ------------------------------------------------------------------ it works


def test_a_right_is_taken_away_and_given_back() -> None:
    assert tuple(put(TAKE)) == (200, {"tenant_id": "acme", "user_id": "anna", "may_grant": False})
    assert not may_grant(ANNA)

    assert put(GIVE).body["may_grant"] is True
    assert may_grant(ANNA)
    assert factories.what_happened() == ["right.changed", "right.changed"]


def test_the_ledger_entry_names_the_backend_that_changed_it() -> None:
    put(GIVE | {"changed_by": "giulia"}, "ben")

    entry = last_entry()
    assert (entry["what"], entry["about"], entry["by"]) == ("right.changed", "ben", {"type": "vendor", "id": "backend"})
    assert entry["data"] == {"may_grant": True, "changed_by": "giulia"}


def test_it_applies_to_one_tenant_only() -> None:
    put(TAKE, "carla")

    assert may_grant(CARLA)


@pytest.mark.parametrize(("user_id", "may"), [("anna", True), ("ben", False), ("nobody-yet", True)])
def test_a_put_that_changes_nothing_writes_nothing(user_id: str, may: bool) -> None:
    with table.unchanged():
        assert put({"may_grant": may}, user_id).body["may_grant"] is may


def test_a_user_who_never_signed_in_can_lose_it() -> None:
    put(TAKE, "nobody-yet")

    assert not may_grant(ANNA.but(sub="nobody-yet"))


@pytest.mark.parametrize("user_id", ["auth0%7C5f7c8ec7", "a@b.example", "A:b.c-d_e", "a+b", "a%2Bb", "x" * 128])
def test_ids_of_any_common_identity_provider_are_taken(user_id: str) -> None:
    assert put(TAKE, user_id).body["user_id"] == unquote(user_id)

    assert not may_grant(ANNA.but(sub=unquote(user_id)))


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(TAKE))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = put(**sent)

    assert (answer.status, answer.code) == (status, code)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        may_grant=invalid_inputs.NO_BOOLEANS,
        changed_by=probes(5, "two words", "x" * 129, rest=[True, [], "", "änna", "anna\n"]),
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    with table.unchanged():
        answer = put(TAKE | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@each_row("user_id", ["two%20words", "%C3%A4nna", "x" * 129, "a%2Cb", "%7Cben"])
def test_a_malformed_users_id_is_refused(user_id: str) -> None:
    answer = put(user_id=user_id)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "path/user_id"


@each_row("user_id", ["%00", "a%23b", "a%0A", "a%2Fb"])
def test_a_path_with_characters_outside_of_ids_is_not_found(user_id: str) -> None:
    assert put(user_id=user_id).code == "not_found"


def test_a_malformed_tenants_id_is_refused() -> None:
    assert put(tenant_id="~acme").body["errors"][0]["pointer"] == "path/tenant_id"


def test_an_unregistered_tenant_is_unknown() -> None:
    with table.unchanged():
        answer = put(tenant_id="nobody")

    assert (answer.status, answer.code) == (404, "tenant_unknown")


def test_a_tenant_whose_record_is_gone_is_unknown_although_its_ledger_remains() -> None:
    table.drop(keys.tenant("acme"))

    with table.unchanged():
        assert put().code == "tenant_unknown"


def test_the_input_comes_before_existence() -> None:
    assert put({}, tenant_id="nobody").code == "input_invalid"


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_the_backend_is_refused() -> None:
    with table.unchanged():
        assert put(caller=BACKEND.acting()).code == "acting_for_another"


def test_a_token_that_names_no_backend_is_refused() -> None:
    assert put(caller=BACKEND.but(sub=None)).code == "claims_missing"


# ------------------------------------------------------------------ at the same moment


def test_of_two_who_take_it_away_at_the_same_moment_one_writes_and_both_succeed() -> None:
    with table.meanwhile(lambda: put(TAKE)):
        assert put(TAKE).status == 200

    assert not may_grant(ANNA)
    assert factories.what_happened() == ["right.changed"]


def test_of_two_who_give_it_back_at_the_same_moment_one_writes_and_both_succeed() -> None:
    with table.meanwhile(lambda: put(GIVE, "ben")):
        assert put(GIVE, "ben").status == 200

    assert may_grant(BEN)
    assert factories.what_happened() == ["right.changed"]
