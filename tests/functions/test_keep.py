"""POST /v1/grants/{grant_id}/keep: a user keeps a permanent grant whose review is due."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.doors import close, lock, unlock
from tests.functions.test_leaving import leaves, leaves_and_returns
from tests.functions.test_notify import ANNAS, REVIEW
from tests.notify import Notify
from tests.personas import ANNA, BEN, CARLA, GIULIA, Caller

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
DUE_AT = "2027-05-22T11:00:00Z"
"""180 days after Monday noon, at 13:00 in Berlin."""
NEXT_DUE_AT = "2027-11-18T12:00:00Z"
"""180 days later, at 13:00 again."""
UNTIL_DUE = 180 * DAY - timedelta(hours=1)
"""In summer Berlin is an hour ahead, so 180 calendar days are an hour shorter."""

Act = Callable[[], object]


def keep(grant_id: str, *, caller: Caller = ANNA) -> Answer:
    return call("POST", f"/v1/grants/{grant_id}/keep", caller=caller)


def shown(grant_id: str) -> dict[str, Any]:
    [listed] = [one for one in call("GET", "/v1/grants", caller=ANNA).body["items"] if one["grant_id"] == grant_id]
    assert call("GET", f"/v1/grants/{grant_id}", caller=ANNA).body == listed
    return dict(listed)


def copies(grant_id: str) -> list[table.Raw]:
    """Return both records of a permanent grant: that of the history, and the one among the permanent grants."""
    found = [table.one(key("acme", grant_id)) for key in (keys.grant, keys.permanent_grant)]
    return [record for record in found if record]


@pytest.fixture
def grant_id() -> str:
    return factories.grant(period="permanent").grant_id


@pytest.fixture
def due(grant_id: str, world: time_machine.Traveller) -> str:
    """A permanent grant on the second on which its review is due."""
    world.shift(UNTIL_DUE)
    return grant_id


# ------------------------------------------------------------------ it works


def test_giulia_keeps_annas_grant_from_the_second_its_review_is_due(grant_id: str, world: Any) -> None:
    world.shift(UNTIL_DUE - SECOND)
    with table.unchanged():
        early = keep(grant_id, caller=GIULIA)
    assert (early.status, early.body["review_at"], early.body["review_due"]) == (200, DUE_AT, False)
    world.shift(SECOND)
    assert shown(grant_id)["review_due"] is True
    status, body = keep(grant_id, caller=GIULIA)

    assert (status, body["state"], body["review_at"], body["review_due"]) == (200, "live", NEXT_DUE_AT, False)
    assert shown(grant_id) == body
    last = json.loads(call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1])
    assert (last["what"], last["about"], last["at"]) == ("grant.kept", grant_id, DUE_AT)
    assert (last["by"], last["data"]) == ({"type": "user", "id": "giulia"}, {"review_at": NEXT_DUE_AT})


def test_nothing_but_the_review_changes_in_either_record(
    due: str, world: time_machine.Traveller, clean_up: Act
) -> None:
    before, live_key = copies(due), table.one(keys.live("acme", due))
    world.shift(MINUTE)
    clean_up()
    assert "review_told_at" in copies(due)[0]
    keep(due)

    later = "2027-11-18T12:01:00Z"
    history, permanent = copies(due)
    assert history == before[0] | {"review_at": {"S": later}, "due_at": {"S": later}}
    assert permanent == before[1] | {"review_at": {"S": later}}
    assert table.one(keys.live("acme", due)) == live_key


def test_keeping_twice_writes_once(due: str, world: time_machine.Traveller) -> None:
    first = keep(due)
    world.shift(5 * MINUTE)
    with table.unchanged():
        assert tuple(keep(due, caller=GIULIA)) == tuple(first)

    assert factories.what_happened() == ["grant.given", "grant.kept"]


@pytest.mark.parametrize("period", ["1h", "1mo"])
def test_a_grant_with_an_end_stays_as_it_is(period: str) -> None:
    grant = factories.grant(period=period)
    with table.unchanged():
        answer = keep(grant.grant_id)

    assert (answer.status, answer.body) == (200, shown(grant.grant_id))


def test_behind_a_locked_door_a_grant_is_kept_since_that_opens_nothing(due: str) -> None:
    lock(factories.now())

    assert keep(due).body["review_at"] == NEXT_DUE_AT


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused_and_nothing_changes(due: str) -> None:
    with table.unchanged():
        refused = [keep(id, caller=BEN) for id in (due, invalid_inputs.UNKNOWN_ID, "x")]

    assert [(answer.status, answer.code) for answer in refused] == [(403, "right_missing")] * 3


def test_a_right_taken_away_while_anna_keeps_counts(due: str) -> None:
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = keep(due)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert [record["review_at"]["S"] for record in copies(due)] == [DUE_AT] * 2


def test_carla_gets_the_same_404_for_acmes_grant_as_for_an_unknown_or_malformed_one(due: str) -> None:
    with table.unchanged():
        foreign, *others = (keep(id, caller=CARLA) for id in (due, invalid_inputs.UNKNOWN_ID, "x"))

    assert (foreign.status, foreign.code) == (404, "not_found")
    assert [other.text for other in others] == [foreign.text] * 2


# ------------------------------------------------------------------ too late


def revoke(grant_id: str) -> None:
    assert call("DELETE", f"/v1/grants/{grant_id}", caller=GIULIA).status == 200


ENDS: dict[str, Callable[[str], object]] = {
    "revoked": revoke,
    "its agent left": lambda _: leaves(),
    "its agent left and came back": lambda _: leaves_and_returns(),
    "voided": lambda _: unlock(factories.now()),
    "closed": lambda _: close(factories.now()),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_grant_that_is_over_is_not_kept(due: str, end: str) -> None:
    ENDS[end](due)
    with table.unchanged():
        answer = keep(due)

    assert (answer.status, answer.code) == (409, "grant_ended")


@pytest.mark.parametrize("end", ENDS)
def test_a_grant_that_ends_meanwhile_is_not_kept(due: str, end: str) -> None:
    with table.meanwhile(lambda: ENDS[end](due)):
        answer = keep(due)

    assert (answer.status, answer.code) == (409, "grant_ended")
    assert "grant.kept" not in factories.what_happened()
    assert [record["review_at"]["S"] for record in copies(due)] == [DUE_AT] * 2


def test_a_grant_that_ended_by_time_is_not_kept(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    world.shift(timedelta(hours=1) - SECOND)
    assert keep(grant.grant_id).status == 200
    world.shift(SECOND)
    answer = keep(grant.grant_id)

    assert (answer.status, answer.code) == (409, "grant_ended")


# ------------------------------------------------------------------ at the same moment


def test_two_who_keep_at_the_same_moment_write_one_entry(due: str) -> None:
    with table.meanwhile(lambda: keep(due, caller=GIULIA)):
        answer = keep(due)

    assert (answer.status, answer.body["review_at"]) == (200, NEXT_DUE_AT)
    assert factories.what_happened() == ["grant.given", "grant.kept"]


def test_one_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after(due: str) -> None:
    with table.meanwhile(lambda: factories.grant("support", by=GIULIA)):
        assert keep(due).status == 200

    assert factories.what_happened() == ["grant.given", "grant.given", "grant.kept"]


@pytest.mark.parametrize(
    "record", [{}, {"incarnation": {"N": "1"}}], ids=["an agent from before numbers", "an agent with a number"]
)
def test_the_grant_of_an_agent_who_stays_is_kept(due: str, record: table.Raw) -> None:
    [agent] = table.items(*keys.agent("sven"))
    table.put([{name: value for name, value in agent.items() if name != "incarnation"} | record])

    assert keep(due).body["review_at"] == NEXT_DUE_AT


def test_the_grant_of_a_department_is_kept(world: time_machine.Traveller) -> None:
    grant = factories.grant("support", period="permanent")
    world.shift(UNTIL_DUE)

    assert keep(grant.grant_id).body["review_at"] == NEXT_DUE_AT


# ------------------------------------------------------------------ the next review


def test_the_next_review_is_asked_for_and_mailed_again(
    due: str, world: time_machine.Traveller, clean_up: Callable[[], dict[str, int]], notify: Notify
) -> None:
    world.shift(MINUTE)
    assert clean_up() == {"reviews_due": 1}
    notify.deliver()
    once = list(notify.mailed)
    keep(due)
    notify.deliver()
    assert (notify.published[-1], notify.mailed) == ("grant.kept", once), "keeping is not mailed"
    world.shift(180 * DAY)
    assert clean_up() == {}
    world.shift(timedelta(hours=1) + MINUTE)
    assert clean_up() == {"reviews_due": 1}
    notify.deliver()

    assert Counter(notify.mailed)[ANNAS, REVIEW] == 2


def test_a_late_record_asks_for_no_review_of_a_grant_that_was_kept(
    due: str, world: time_machine.Traveller, clean_up: Act, notify: Notify
) -> None:
    world.shift(MINUTE)
    clean_up()
    late = notify.new()
    keep(due)
    notify.deliver(late)

    assert len(late) == 1
    assert notify.mails == []


def test_a_clean_up_that_comes_too_late_marks_no_grant_that_was_kept(
    due: str, world: time_machine.Traveller, clean_up: Callable[[], dict[str, int]]
) -> None:
    world.shift(MINUTE)
    with table.meanwhile(lambda: keep(due), at="UpdateItem"):
        assert clean_up() == {"nothing": 1}

    history, _ = copies(due)
    assert "review_told_at" not in history
    assert history["due_at"] == history["review_at"]
