"""DELETE /v1/grants/{grant_id}: a user revokes a grant with immediate effect."""

import json
from datetime import timedelta

import pytest
import time_machine

from guestkey.store.access import live_keys
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def delete(grant_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("DELETE", f"/v1/grants/{grant_id}", caller=caller)


def may_enter() -> bool:
    asked = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    return call("POST", "/v1/vendor/checks", asked, caller=BACKEND).body["allowed"] is True


# ------------------------------------------------------------------ it works


def test_giulia_revokes_annas_grant(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    world.shift(timedelta(minutes=5))

    status, body = delete(grant.grant_id, caller=GIULIA)

    assert status == 200
    assert body["state"] == "revoked"
    assert body["revoked_at"] == "2026-11-23T12:05:00Z"
    assert body["revoked_by"] == {"user_id": "giulia", "name": "Giulia Galli"}
    assert body["granted_by"]["user_id"] == "anna"
    assert body["ends_at"] == "2026-11-23T13:00:00Z"


def test_the_next_check_is_denied() -> None:
    grant = factories.grant()
    assert may_enter()

    delete(grant.grant_id)
    assert not may_enter()


def test_the_live_key_is_deleted_and_the_history_stays() -> None:
    grant = factories.grant(period="permanent")
    delete(grant.grant_id)

    assert list(live_keys.of_tenant("acme").keys) == []
    for key in (keys.grant, keys.permanent_grant):
        kept = table.one(key("acme", grant.grant_id))
        assert kept and kept["revoked_by_id"] == {"S": "anna"}
        assert int(kept["ttl"]["N"]) == int((factories.now() + timedelta(days=400)).timestamp())


def test_it_is_in_the_ledger() -> None:
    grant = factories.grant()
    delete(grant.grant_id, caller=GIULIA)

    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert last["what"] == "grant.revoked"
    assert last["about"] == grant.grant_id
    assert last["by"] == {"type": "user", "id": "giulia"}


def test_ending_one_grant_never_ends_another() -> None:
    grant = factories.grant()
    factories.grant("support")
    delete(grant.grant_id)

    assert may_enter()


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused_and_nothing_changes() -> None:
    grant = factories.grant()
    with table.unchanged():
        answer = delete(grant.grant_id, caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert may_enter()


def test_a_right_taken_away_while_anna_revokes_counts() -> None:
    grant = factories.grant()
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = delete(grant.grant_id)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert may_enter()


def test_carla_gets_the_same_404_for_acmes_grant_as_for_an_unknown_one() -> None:
    grant = factories.grant()
    with table.unchanged():
        foreign, unknown = (delete(id, caller=CARLA) for id in (grant.grant_id, invalid_inputs.UNKNOWN_ID))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert foreign.text == unknown.text
    assert foreign.headers == unknown.headers


def test_a_token_that_acts_for_anna_is_refused() -> None:
    grant = factories.grant()
    with table.unchanged():
        answer = delete(grant.grant_id, caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", invalid_inputs.USERS)
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    answer = delete(invalid_inputs.UNKNOWN_ID, caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_agents_token_lacks_the_tenant_claim() -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=SVEN).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_nothing() -> None:
    assert delete(invalid_inputs.UNKNOWN_ID, caller=ANNA.but(tenant_id="nobody")).code == "not_found"


# ------------------------------------------------------------------ bad input


def test_a_malformed_id_is_not_found() -> None:
    for grant_id in invalid_inputs.NO_IDS:
        answer = delete(grant_id)
        assert (answer.status, answer.text) == (404, delete(invalid_inputs.UNKNOWN_ID).text)


def test_a_line_break_behind_an_id_is_no_part_of_it() -> None:
    grant = factories.grant()
    answer = call("DELETE", f"/v1/grants/{grant.grant_id}%0A", caller=ANNA)

    assert (answer.status, answer.code) == (404, "not_found")
    assert table.one(keys.live("acme", grant.grant_id))


@pytest.mark.parametrize("grant_id", [invalid_inputs.UNKNOWN_ID, "x"])
def test_the_right_comes_before_existence(grant_id: str) -> None:
    assert delete(grant_id, caller=BEN).code == "right_missing"


# ------------------------------------------------------------------ twice, too late


def test_revoking_twice_answers_the_same_and_writes_once(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    first = delete(grant.grant_id)
    world.shift(timedelta(minutes=5))
    with table.unchanged():
        again = delete(grant.grant_id, caller=GIULIA)

    assert tuple(again) == tuple(first)
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_a_revoked_grant_stays_revoked_after_its_end(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    first = delete(grant.grant_id)
    world.shift(timedelta(hours=2))

    assert tuple(delete(grant.grant_id)) == tuple(first)


def test_a_grant_can_be_revoked_in_its_last_second(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    world.shift(timedelta(minutes=59, seconds=59))

    assert delete(grant.grant_id).status == 200


def test_a_grant_that_ended_by_time_cannot_be_revoked_even_if_its_key_still_exists(
    world: time_machine.Traveller,
) -> None:
    grant = factories.grant()
    world.shift(timedelta(hours=1))
    with table.unchanged():
        answer = delete(grant.grant_id)

    assert (answer.status, answer.code) == (409, "grant_ended")
    assert table.one(keys.live("acme", grant.grant_id))


# ------------------------------------------------------------------ at the same moment


def test_two_who_revoke_at_the_same_moment_both_get_the_first_revoke() -> None:
    grant = factories.grant()
    with table.meanwhile(lambda: delete(grant.grant_id, caller=GIULIA)):
        answer = delete(grant.grant_id)

    assert (answer.status, answer.body["revoked_by"]["user_id"]) == (200, "giulia")
    assert factories.what_happened() == ["grant.given", "grant.revoked"]


def test_a_revoke_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    grant = factories.grant()
    with table.meanwhile(lambda: factories.grant("support", by=GIULIA)):
        answer = delete(grant.grant_id)

    assert answer.status == 200
    assert factories.what_happened() == ["grant.given", "grant.given", "grant.revoked"]
