"""POST /v1/support/callbacks/{callback_id}/release and /hand: an agent gives a call-back back, or to a colleague."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.callbacks import MAX_CHANGES_BY_AGENT_AN_HOUR
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import TUESDAY_AT_TEN
from tests.functions.test_leaving import leaves
from tests.personas import ANNA, DORA, EMIL, SVEN, Caller


def release(callback_id: str, caller: Caller = SVEN) -> Answer:
    return call("POST", f"/v1/support/callbacks/{callback_id}/release", caller=caller)


def hand(callback_id: str, to: Any = "dora", caller: Caller = SVEN) -> Answer:
    return call("POST", f"/v1/support/callbacks/{callback_id}/hand", {"agent_id": to}, caller=caller)


def last_entry() -> Any:
    return list(ledger.entries_after("acme", 0, 100))[-1]


# ------------------------------------------------------------------ it works


def test_a_released_call_back_can_be_taken_by_a_colleague() -> None:
    taken = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    status, body = release(taken.callback_id)

    assert (status, body["state"], body["agent"], body["version"]) == (200, "booked", None, 0)
    assert (last_entry().what, last_entry().by.id, last_entry().data) == (
        "callback.released",
        "sven",
        {"agent_id": "sven"},
    )
    assert table.one(keys.own_callback("sven", taken.callback_id)) is None
    assert factories.seats_held() == {TUESDAY_AT_TEN: {taken.callback_id}}
    assert factories.taken(taken, DORA).taken_by


def test_a_call_back_handed_on_is_the_colleagues() -> None:
    taken = factories.taken(factories.callback())
    status, body = hand(taken.callback_id)

    assert (status, body["state"], body["agent"]) == (200, "taken", {"id": "dora", "name": "Dora Vogel"})
    assert last_entry().what == "callback.handed"
    assert last_entry().data == {"agent_id": "dora", "earlier_agent_id": "sven"}
    assert table.one(keys.own_callback("sven", taken.callback_id)) is None
    assert table.one(keys.own_callback("dora", taken.callback_id))
    closed = call("POST", f"/v1/support/callbacks/{taken.callback_id}/close", {"outcome": "reached"}, caller=DORA)
    assert closed.status == 200
    assert table.one(keys.own_callback("dora", taken.callback_id)) is None


# ------------------------------------------------------------------ twice, too late, not theirs


def test_both_answer_the_same_twice_and_write_once() -> None:
    taken = factories.taken(factories.callback())
    for act, caller in ((hand, SVEN), (release, DORA)):
        first = act(taken.callback_id, caller=caller)
        with table.unchanged():
            assert tuple(act(taken.callback_id, caller=caller)) == tuple(first)


def test_dora_can_do_neither_with_svens_call_back() -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answers = [
            release(taken.callback_id, DORA),
            hand(taken.callback_id, "emma", DORA),
            hand(taken.callback_id, "anna"),
        ]

    assert [(answer.status, answer.code) for answer in answers] == [
        (403, "not_yours"),
        (422, "input_invalid"),
        (422, "input_invalid"),
    ]


def test_of_a_leavers_call_back_nothing_can_be_released_or_handed_on() -> None:
    taken = factories.taken(factories.callback())
    leaves()
    with table.unchanged():
        assert hand(taken.callback_id, "dora", DORA).code == "not_yours"
        assert release(taken.callback_id, DORA).body["agent"] is None


def test_a_closed_call_back_stays_as_it_is() -> None:
    closed = factories.closed(factories.taken(factories.callback()))
    with table.unchanged():
        assert {release(closed.callback_id).code, hand(closed.callback_id).code} == {"callback_closed"}


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize("to", ["emil", "nobody", "", None, 7])
def test_it_can_be_handed_to_an_active_agent_only(to: Any) -> None:
    taken = factories.taken(factories.callback())
    with table.unchanged():
        answer = hand(taken.callback_id, to)

    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "#/agent_id")


def test_only_agents_and_only_known_call_backs_are_accepted() -> None:
    assert (release(invalid_inputs.UNKNOWN_ID).status, hand(invalid_inputs.UNKNOWN_ID).status) == (404, 404)
    assert {release(invalid_inputs.UNKNOWN_ID, who).code for who in (EMIL, ANNA)} == {"agent_inactive"}


# ------------------------------------------------------------------ at the same moment


def test_a_call_back_closed_at_the_same_moment_is_not_handed_on() -> None:
    taken = factories.taken(factories.callback())
    with table.meanwhile(lambda: factories.closed(taken)):
        assert hand(taken.callback_id).code == "callback_closed"


def test_a_call_back_released_after_its_time_reads_as_unreached(world: time_machine.Traveller) -> None:
    callback = factories.taken(factories.callback(starts_at=TUESDAY_AT_TEN))
    world.move_to(TUESDAY_AT_TEN + timedelta(hours=1), tick=False)
    answer = release(callback.callback_id)

    assert (answer.status, answer.body["state"]) == (200, "unreached")
    assert call("GET", "/v1/callbacks/open", caller=ANNA).code == "no_callback"


def test_an_agent_changes_60_call_backs_of_a_tenant_in_an_hour_and_can_always_give_them_back(
    world: time_machine.Traveller,
) -> None:
    def take(caller: Caller = SVEN) -> Answer:
        return call("POST", f"{path}/take", caller=caller)

    def move() -> Answer:
        body = {"starts_at": "2026-11-24T09:00:00Z", "reason": "Nobody is here today"}
        return call("PATCH", path, body, caller=SVEN)

    asked = factories.callback()
    path = f"/v1/support/callbacks/{asked.callback_id}"
    factories.counted_changes(MAX_CHANGES_BY_AGENT_AN_HOUR - 1)
    assert take().status == 200
    with table.unchanged():
        for refused in (hand(asked.callback_id), move()):
            assert (refused.code, refused.headers["retry-after"]) == ("too_many_requests", "3600")
        assert take().status == 200, "what changes nothing is not counted"

    assert release(asked.callback_id).status == 200
    assert take().code == "too_many_requests"
    assert take(DORA).status == 200, "the limit is each agent's own"
    world.shift(timedelta(hours=1))
    assert move().status == 200
    factories.counted_changes(MAX_CHANGES_BY_AGENT_AN_HOUR)
    assert call("DELETE", path, {"reason": "Nobody is here today"}, caller=SVEN).status == 200
