"""Faults that were found once, tried at other places of their kind."""

from typing import Any

import pytest

from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import call
from tests.edge import post
from tests.functions.test_put_agent import LISA, SVENS, put
from tests.personas import ANNA, BEN, CARLA, DORA, SVEN, Caller
from tests.rows_and_columns import each_row

ASKED = {"tenant_id": "acme", "reason": "The import stands still"}


def replaced() -> None:
    """Sven leaves, and Max follows under his id."""
    for as_ in ({"active": False}, {"name": "Max Falk"}):
        assert put(SVENS | as_, "sven").status == 200


# ------------------------------------------------------------------ nothing of a leaver counts for the next person


@pytest.mark.usefixtures("world")
def test_the_pending_requests_of_a_leaver_take_no_place_from_the_next_person() -> None:
    with post.fake_ses():
        for _ in range(5):
            assert call("POST", "/v1/support/requests", ASKED, caller=SVEN).status == 201
        assert call("POST", "/v1/support/requests", ASKED, caller=SVEN).code == "too_many_requests"
        replaced()
        assert call("POST", "/v1/support/requests", ASKED, caller=SVEN).status == 201


def test_a_call_back_that_a_leaver_took_is_not_the_next_persons() -> None:
    taken = factories.taken(factories.callback())
    replaced()

    assert call("GET", "/v1/support/callbacks", caller=SVEN).body["taken"] == []
    path = f"/v1/support/callbacks/{taken.callback_id}"
    released = call("POST", f"{path}/release", {}, caller=SVEN).body
    assert (released["state"], released["agent"]) == ("waiting", None), "as if nobody had taken it"
    for act, body in (("close", {"outcome": "reached"}), ("hand", {"agent_id": "dora"})):
        assert call("POST", f"{path}/{act}", body, caller=SVEN).code == "not_yours", act
    assert call("POST", f"{path}/take", {}, caller=SVEN).body["agent"] == {"id": "sven", "name": "Max Falk"}


# ------------------------------------------------------------------ silence and null give no export


@each_row("body", [{"period": "2h"}, {"may_export": None}, {"period": None, "may_export": None}])
def test_neither_silence_nor_null_in_an_approval_gives_export(body: dict[str, Any]) -> None:
    request_id = factories.requested(may_export=True).request_id
    answer = call("POST", f"/v1/requests/{request_id}/approve", body, caller=ANNA)

    assert answer.status == 422 or answer.body["may_export"] is False
    assert not any(one["may_export"] for one in call("GET", "/v1/grants", caller=ANNA).body["items"])


# ------------------------------------------------------------------ no priority without the right


CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/v1/grants/{grant_id}/keep", {}),
    ("PUT", "/v1/notices", {"kinds": {"granted": "digest"}}),
    ("DELETE", "/v1/grants/{grant_id}", None),
]


@each_row(("method", "path", "body"), CHANGES)
@each_row("caller", [BEN, SVEN.but(sub="anna")])
def test_a_change_without_the_right_claims_no_priority_and_keeps_no_login_waiting(
    method: str, path: str, body: dict[str, Any] | None, caller: Caller
) -> None:
    grant_id = factories.grant(SVEN, period="permanent").grant_id
    for _ in range(3):
        assert call(method, path.format(grant_id=grant_id), body, caller=caller).status == 403
    state = ledger.read_state("acme")
    assert state and not state.has_priority_claim
    assert call("POST", "/v1/support/logins", ASKED, caller=SVEN).status == 201


# ------------------------------------------------------------------ who acts for somebody else


@each_row(("method", "path", "body"), [*CHANGES, ("PATCH", "/v1/callbacks/{callback_id}", {"description": "Else"})])
def test_a_token_that_acts_for_somebody_changes_nothing_anywhere(
    method: str, path: str, body: dict[str, Any] | None
) -> None:
    place = path.format(grant_id="0" * 26, callback_id="0" * 26)
    before = factories.what_happened()

    assert call(method, place, body, caller=ANNA.but(act={"sub": "sven"})).code == "acting_for_another"
    assert factories.what_happened() == before


# ------------------------------------------------------------------ ids of every provider, names that are alike


@each_row("id", ["auth0|507f1f77", "org_AbCdEf123", "lisa@vendor.example", "my_agent"])
def test_a_call_back_is_handed_to_an_agent_with_an_id_of_any_provider(id: str) -> None:
    assert put(LISA, id.replace("|", "%7C").replace("@", "%40")).status == 200
    taken = factories.taken(factories.callback(CARLA))
    handed = call("POST", f"/v1/support/callbacks/{taken.callback_id}/hand", {"agent_id": id}, caller=SVEN)

    assert (handed.status, handed.body["agent"]["id"]) == (200, id)
    lisa = SVEN.but(sub=id)
    assert call("POST", f"/v1/support/callbacks/{taken.callback_id}/release", {}, caller=lisa).status == 200
    assert table.one(keys.own_callback(id, taken.callback_id)) is None
    assert call("POST", f"/v1/support/callbacks/{taken.callback_id}/take", {}, caller=DORA).status == 200
    assert call("POST", f"/v1/support/callbacks/{taken.callback_id}/close", {"outcome": "reached"}, caller=DORA).body
