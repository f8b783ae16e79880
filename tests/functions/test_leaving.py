"""Consent is for a person: what names an agent is over when the agent turns inactive, and nothing of it comes back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.requests import MailState
from guestkey.store.access.grants import GrantItem
from guestkey.store.dynamodb import idempotency, keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.transaction import Transaction
from guestkey.store.ledger import ends, leaving, ledger
from guestkey.store.registry import people
from guestkey.store.registry.people import LeftItem
from guestkey.store.requests import approvals, asking
from tests import factories, table
from tests.calls import call
from tests.edge import post
from tests.factories import LONG_AGO, MONDAY_NOON, what_happened
from tests.functions.test_put_agent import SVENS, put
from tests.personas import ANNA, BACKEND, CARLA, DORA, SVEN

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Counts = dict[str, int]


def leaves() -> None:
    assert put(SVENS | {"active": False}, "sven").status == 200


def returns(**as_: Any) -> None:
    assert put(SVENS | as_, "sven").status == 200


def leaves_and_returns(**as_: Any) -> None:
    leaves()
    returns(**as_)


def check(login_id: str | None = None, action: str = "enter") -> str:
    asked = {"tenant_id": "acme", "agent_id": "sven", "action": action}
    answer = call("POST", "/v1/vendor/checks", asked | ({"login_id": login_id} if login_id else {}), caller=BACKEND)
    return str(answer.body["reason"])


def shown(grant_id: str) -> dict[str, Any]:
    body: dict[str, Any] = call("GET", f"/v1/grants/{grant_id}", caller=ANNA).body
    return body


def log_in() -> Any:
    return call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "It stands still"}, caller=SVEN)


# ------------------------------------------------------------------ what names the person is over at once


@pytest.mark.parametrize("period", ["1h", "permanent"])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=365)])
def test_no_grant_lives_again_within_a_second_or_after_a_year(
    world: time_machine.Traveller, period: str, later: timedelta
) -> None:
    given = factories.grant(SVEN, period=period)
    leaves()
    world.shift(later)
    returns(name="Svenja Brandt")

    assert check() == "no_live_grant"
    assert log_in().code == "no_live_grant"
    assert call("GET", "/v1/support/access", caller=SVEN).body["items"] == []
    assert call("GET", "/v1/grants?state=live", caller=ANNA).body["items"] == []
    found = shown(given.grant_id)
    assert (found["state"], found["end"], found["revoked_at"]) == ("ended", "agent_left", None)
    assert found["grantee"]["name"] == "Sven Brandt"
    assert call("DELETE", f"/v1/grants/{given.grant_id}", caller=ANNA).code == "grant_ended"


def test_the_overview_lists_the_grant_as_ended_and_no_longer_first(world: time_machine.Traveller) -> None:
    lasting = factories.grant(SVEN, period="permanent", at=MONDAY_NOON - HOUR)
    other = factories.grant("development", at=MONDAY_NOON - MINUTE)
    leaves()

    listed = call("GET", "/v1/grants", caller=ANNA).body["items"]
    ends = [(one["grant_id"], one["end"]) for one in listed]
    assert ends == [(other.grant_id, None), (lasting.grant_id, "agent_left")]
    rows = call("GET", "/v1/grants.csv", caller=ANNA).text.splitlines()
    assert "agent_left" in rows[2]


def test_a_grant_that_time_ended_before_keeps_that_cause(world: time_machine.Traveller) -> None:
    given = factories.grant(SVEN)
    world.shift(2 * HOUR)
    leaves()

    assert shown(given.grant_id)["end"] == "time"


def test_a_grant_given_to_the_person_who_came_back_lives() -> None:
    factories.grant(SVEN)
    leaves_and_returns()
    again = factories.grant(SVEN, may_export=True)

    assert check(action="export") == "granted"
    [live] = call("GET", "/v1/grants?state=live", caller=ANNA).body["items"]
    assert live["grant_id"] == again.grant_id
    assert log_in().body["grant_id"] == again.grant_id


def test_the_refusals_of_an_earlier_person_are_not_reported_of_the_next(world: time_machine.Traveller) -> None:
    for _ in range(3):
        log_in()
    leaves_and_returns(name="Max Falk")
    for _ in range(2):
        log_in()
    factories.grant(SVEN)
    log_in()

    entries = [entry for entry in ledger.entries_after("acme", 0, 100) if "login." in entry.what]
    told = [(str(entry.what), entry.data["refusals_before"]) for entry in entries]
    assert told == [("login.refused", 0), ("login.refused", 0), ("login.recorded", 1)]
    world.shift(HOUR)
    leaves_and_returns()
    log_in()
    assert list(ledger.entries_after("acme", 0, 100))[-1].data == {"refusals_before": 0}


def test_a_departments_grant_lets_the_person_who_came_back_in_with_a_new_login() -> None:
    factories.grant("support")
    entered = factories.login()
    leaves_and_returns()

    assert (check(), check(entered.login_id)) == ("granted", "no_login")
    assert log_in().status == 201


def test_a_departments_grant_lives_on_when_an_agent_of_the_same_id_leaves() -> None:
    put(SVENS | {"email": "namesake@vendor.example"}, "support")
    departments, persons = factories.grant("support"), factories.grant(replace(SVEN, claims={"sub": "support"}))
    put(SVENS | {"email": "namesake@vendor.example", "active": False}, "support")

    listed = {one["grant_id"]: one["end"] for one in call("GET", "/v1/grants", caller=ANNA).body["items"]}
    assert listed == {departments.grant_id: None, persons.grant_id: "agent_left"}
    assert call("DELETE", f"/v1/grants/{departments.grant_id}", caller=ANNA).status == 200


def test_a_pending_request_is_closed_and_cannot_be_answered(world: time_machine.Traveller) -> None:
    request = factories.requested()
    leaves_and_returns()

    path = f"/v1/requests/{request.request_id}"
    assert call("GET", path, caller=ANNA).body["state"] == "withdrawn"
    assert call("GET", "/v1/requests?state=pending", caller=ANNA).body["items"] == []
    for answer in ("approve", "decline"):
        refused = call("POST", f"{path}/{answer}", {}, caller=ANNA)
        assert (refused.code, refused.body["state"]) == ("request_closed", "withdrawn")
    assert what_happened() == ["request.made"]


def test_a_request_that_expired_before_stays_expired(world: time_machine.Traveller) -> None:
    request = factories.requested()
    world.shift(DAY)
    leaves()

    assert call("GET", f"/v1/requests/{request.request_id}", caller=ANNA).body["state"] == "expired"
    assert call("POST", f"/v1/requests/{request.request_id}/approve", {}, caller=ANNA).code == "request_expired"


def test_another_person_under_the_id_starts_with_nothing() -> None:
    """Nothing of the old person's is listed, and nothing can be changed; the old requests do not count."""
    factories.grant(SVEN)
    entered = factories.login()
    asked = [factories.requested().request_id for _ in range(5)]
    leaves_and_returns()

    assert call("GET", "/v1/support/requests", caller=SVEN).body["items"] == []
    for method, path in (("DELETE", ""), ("POST", "/send")):
        assert call(method, f"/v1/support/requests/{asked[0]}{path}", caller=SVEN).code == "not_found"
    assert call("POST", f"/v1/support/logins/{entered.login_id}/end", caller=SVEN).code == "not_found"
    factories.requested()
    assert len(call("GET", "/v1/support/requests", caller=SVEN).body["items"]) == 1


def test_the_open_login_ended_with_the_person(world: time_machine.Traveller) -> None:
    factories.grant(SVEN, period="permanent", at=MONDAY_NOON - HOUR)
    factories.login(at=MONDAY_NOON - MINUTE)
    leaves()
    world.shift(HOUR)
    returns()

    [login] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    assert (login["ended_at"], login["end"], login["end_cause"]) == (
        "2026-11-23T12:00:00Z",
        "access_over",
        "agent_left",
    )


# ------------------------------------------------------------------ what ends nothing


def test_a_changed_name_or_another_department_ends_nothing() -> None:
    given, entered = factories.grant(SVEN), factories.login()
    returns(name="Sven Brandt-Weber", departments=["support", "development"])

    assert (check(), check(entered.login_id)) == ("granted", "granted")
    assert shown(given.grant_id)["state"] == "live"


def test_under_a_departments_grant_only_leaving_that_department_ends_the_login() -> None:
    factories.grant("support")
    entered = factories.login()
    returns(departments=["support", "development"])
    assert check(entered.login_id) == "granted"

    returns(departments=["development"])
    returns(departments=["support", "development"])
    assert (check(), check(entered.login_id)) == ("granted", "no_login")


def test_the_cause_of_an_end_is_told(world: time_machine.Traveller) -> None:
    by_time, revoked = factories.grant(SVEN, by=CARLA), factories.grant("support")
    factories.login(tenant_id="globex")
    factories.login()
    world.shift(MINUTE)
    factories.revoked(revoked)
    world.shift(2 * HOUR)

    assert by_time.ends_at
    for caller, cause in ((CARLA, "time"), (ANNA, "revoked")):
        [login] = call("GET", "/v1/logins", caller=caller).body["items"]
        assert (login["end"], login["end_cause"]) == ("access_over", cause)


def test_leaving_the_department_is_told_as_the_cause(world: time_machine.Traveller) -> None:
    factories.grant("support")
    factories.login()
    world.shift(MINUTE)
    returns(departments=["development"])

    [login] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    assert (login["end_cause"], login["ended_at"]) == ("department_left", "2026-11-23T12:01:00Z")


# ------------------------------------------------------------------ two requests at one moment


def test_a_late_put_of_a_name_does_not_bring_a_leaver_back() -> None:
    with table.meanwhile(leaves):
        answer = put(SVENS | {"name": "Sven Brandt-Weber"}, "sven")

    assert answer.body.items() >= {"id": "sven", **SVENS, "name": "Sven Brandt-Weber", "active": False}.items()
    found = people.agent("sven")
    assert found and (found.is_active, found.incarnation) == (False, 2)


def test_a_grant_whose_transaction_overlaps_the_leaving_is_dead() -> None:
    with table.meanwhile(leaves_and_returns):
        answer = call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA)

    assert (answer.status, answer.body["state"]) == (201, "live")
    assert check() == "no_live_grant"
    assert shown(answer.body["grant_id"])["end"] == "agent_left"


def test_a_login_whose_transaction_overlaps_a_change_of_the_agent_is_tried_again() -> None:
    factories.grant("support")

    def rejoins() -> None:
        returns(departments=["development"])
        returns()

    with table.meanwhile(rejoins):
        entered = log_in()

    assert entered.status == 201
    assert check(entered.body["login_id"]) == "granted"


# ------------------------------------------------------------------ the clean-up writes the ends down


def test_each_end_is_written_once_and_told(
    world: time_machine.Traveller,
    clean_up: Callable[..., Counts],
    mails: list[post.Sent],
) -> None:
    given = [factories.grant(SVEN, period=period) for period in ("1h", "1w", "permanent")]
    factories.grant("support")
    there = factories.grant(SVEN, by=CARLA)
    request, entered = factories.requested(), factories.login()
    leaves_and_returns()
    again = factories.grant(SVEN)
    before = ledger.read_state("acme")
    assert before

    assert "agents_left" not in clean_up()
    world.shift(MINUTE)
    assert clean_up()["agents_left"] == 1
    assert "agents_left" not in clean_up()

    entries = list(ledger.entries_after("acme", before.head.seq, 100))
    assert [entry.what for entry in entries if entry.about == "sven"] == ["agent.left"]
    [leaving_entry] = [entry for entry in entries if entry.what == "agent.left"]
    assert leaving_entry.data == {"incarnation": 1, "left_at": "2026-11-23T12:00:00Z"}
    ended = {entry.about: entry.data["end"] for entry in entries if entry.what == "grant.ended"}
    assert ended == {grant.grant_id: "agent_left" for grant in given}
    assert [entry.about for entry in entries if entry.what == "request.withdrawn"] == [request.request_id]
    assert [entry.about for entry in entries if entry.what == "login.ended"] == [entered.login_id]
    assert {entry.by.type for entry in entries} == {"system"}
    assert what_happened("globex")[-2:] == ["agent.left", "grant.ended"]
    assert not any(table.items("TENANT#acme", f"{keys.LIVE}{grant.grant_id}") for grant in given)
    assert not table.items("TENANT#globex", f"{keys.LIVE}{there.grant_id}")
    after = ledger.read_state("acme")
    assert after and after.live_at_most == before.live_at_most, "the bound is counted anew at the limit only"
    stored = GrantItem.get(*keys.permanent_grant("acme", given[2].grant_id))
    assert stored.left_at == MONDAY_NOON and stored.ttl
    assert (check(), shown(again.grant_id)["state"]) == ("granted", "live")
    assert shown(given[0].grant_id)["end"] == "agent_left"


def test_what_a_leaver_had_taken_is_released_by_the_clean_up_unless_it_was_taken_anew(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    taken, anew = factories.taken(factories.callback()), factories.taken(factories.callback(CARLA))
    leaves()
    factories.taken(anew, DORA)
    world.shift(MINUTE)
    clean_up()

    last = list(ledger.entries_after("acme", 0, 100))[-1]
    assert (last.what, last.about, last.by.type, last.data) == (
        "callback.released",
        taken.callback_id,
        "system",
        {"agent_id": "sven"},
    )
    assert what_happened("globex")[-1] == "callback.taken"
    assert not table.items("AGENT#sven", keys.OWN_CALLBACK)
    assert LeftItem.get(*keys.left("sven", 1)).due is None
    before = what_happened()
    clean_up()
    assert what_happened() == before


def test_a_login_that_the_index_lacks_ends_with_the_others(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    factories.grant(SVEN, period="permanent")
    entered = factories.login()
    table.drop(keys.open_login("acme", entered.login_id))
    leaves()
    world.shift(MINUTE)
    clean_up()

    assert "login.ended" in what_happened()
    assert call("GET", "/v1/logins", caller=ANNA).body["items"][0]["end_cause"] == "agent_left"


def test_a_revoke_in_between_leaves_the_other_ends_for_the_next_run(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    first, second = factories.grant(SVEN), factories.grant(SVEN)
    leaves()
    world.shift(MINUTE)

    def ended_by_another_run() -> None:
        GrantItem(*keys.grant("acme", first.grant_id)).update([GrantItem.end_recorded_at.set(factories.now())])

    with table.meanwhile(ended_by_another_run):
        clean_up()
    assert "grant.ended" not in what_happened()
    assert LeftItem.get(*keys.left("sven", 1)).due

    Item._get_connection().delete_item(*keys.live("acme", first.grant_id))
    clean_up()
    assert what_happened()[-2:] == ["agent.left", "grant.ended"]
    assert shown(second.grant_id)["end"] == "agent_left"
    assert LeftItem.get(*keys.left("sven", 1)).due is None


def test_what_had_ended_before_the_person_left_is_not_ended_again(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    factories.grant(SVEN)
    factories.declined(factories.requested())
    world.shift(2 * HOUR)
    leaves()
    world.shift(MINUTE)
    clean_up()

    happened = what_happened()
    assert "agent.left" not in happened
    assert (happened.count("grant.ended"), happened.count("request.withdrawn")) == (1, 0)


def test_more_grants_than_one_transaction_ends_are_one_leaving(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    for _ in range(21):
        factories.grant(SVEN)
    leaves()
    world.shift(MINUTE)
    clean_up()

    happened = what_happened()
    assert (happened.count("agent.left"), happened.count("grant.ended")) == (1, 21)


def test_while_the_ledger_is_busy_the_ends_wait_for_the_next_run(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    factories.grant(SVEN)
    factories.login()
    leaves()
    world.shift(MINUTE)
    ledger.claim_priority("acme")
    clean_up()
    assert what_happened()[-1] == "login.recorded"

    world.shift(MINUTE)
    clean_up()
    assert set(what_happened()[-3:]) == {"login.ended", "agent.left", "grant.ended"}


def test_one_run_ends_a_limited_number_of_grants_and_the_next_goes_on(
    world: time_machine.Traveller, clean_up: Callable[..., Counts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "MAX_GRANTS", ends.GRANTS_AT_ONCE)
    for _ in range(ends.GRANTS_AT_ONCE + 1):
        factories.grant(SVEN)
    leaves()
    world.shift(MINUTE)
    clean_up()
    assert what_happened().count("grant.ended") == ends.GRANTS_AT_ONCE

    clean_up()
    assert what_happened().count("grant.ended") == ends.GRANTS_AT_ONCE + 1
    assert what_happened().count("agent.left") == 1


def test_an_approval_at_the_moment_of_expiry_never_lets_the_next_person_in(world: time_machine.Traveller) -> None:
    """The request expired when its agent left, by the clock of the registry; by that of the approval it is pending."""
    request = factories.requested()
    world.move_to(request.expires_at)
    leaves_and_returns()

    context = approvals.load_context(
        factories.user(ANNA), request.request_id, None, request.expires_at - timedelta(seconds=1)
    )
    assert context.agent.incarnation == 1


# ------------------------------------------------------------------ records from before


NUMBERS = {"incarnation", "memberships", "joined", "version"}


def as_before(**changes: Any) -> None:
    """Store Sven's record as the code from before numbers did."""
    [item] = table.items("AGENT#sven", keys.PROFILE)
    table.put([{name: value for name, value in item.items() if name not in NUMBERS} | changes])


def test_records_from_before_numbers_are_of_the_first_person() -> None:
    given = factories.grant("support")
    as_before()
    assert (check(), log_in().status) == ("granted", 201)

    returns(departments=["support", "development"])
    found = people.agent("sven")
    assert found and (found.incarnation, found.memberships, found.version) == (1, (0, 1), 1)
    assert shown(given.grant_id)["state"] == "live"


def test_who_was_inactive_before_there_were_numbers_has_left(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    given = factories.grant(SVEN)
    as_before(is_active={"BOOL": False})
    returns()
    returns(departments=[])

    assert check() == "no_live_grant"
    assert shown(given.grant_id)["end"] == "agent_left"
    assert LeftItem.get(*keys.left("sven", 1)).left_at == LONG_AGO, "not the time of the present change"
    world.shift(MINUTE)
    clean_up()
    assert what_happened()[-1] == "grant.ended"


def test_a_request_of_who_was_inactive_before_there_were_numbers_is_not_written_down_as_expired(
    world: time_machine.Traveller, clean_up: Callable[..., Counts]
) -> None:
    factories.requested()
    as_before(is_active={"BOOL": False})
    world.shift(DAY + MINUTE)
    clean_up()

    assert what_happened()[-1] == "request.withdrawn"


def test_after_a_rollback_the_last_person_who_left_counts() -> None:
    """Older code stores the whole record without numbers. The next PUT finds the leavings."""
    leaves_and_returns()
    factories.grant(SVEN)
    as_before()
    returns(name="Sven Brandt-Weber")

    found = people.agent("sven")
    assert found and found.incarnation == 2
    assert check() == "granted"


# ------------------------------------------------------------------ answers stored for a key

KEY = {"Idempotency-Key": "a-key-of-svens"}
REASON = "The import stands still"


@pytest.mark.parametrize(
    ("path", "body", "is_from_before"),
    [
        ("/v1/support/logins", {"tenant_id": "acme", "reason": REASON}, False),
        ("/v1/support/requests", {"tenant_id": "acme", "reason": REASON, "recipients": ["anna@acme.example"]}, False),
        ("/v1/support/logins", {"tenant_id": "acme", "reason": REASON}, True),
    ],
)
def test_an_answer_stored_for_a_key_is_for_the_person_who_asked(
    world: time_machine.Traveller, mails: list[post.Sent], path: str, body: dict[str, Any], is_from_before: bool
) -> None:
    def ask(**changes: Any) -> tuple[int, str]:
        answer = call("POST", path, body | changes, caller=SVEN, headers=KEY)
        return answer.status, answer.text

    factories.grant("support", period="permanent")
    first = ask()
    assert first[0] == 201
    assert ask() == first
    if is_from_before:
        [record] = [item for item in table.items() if item["kind"] == {"S": "kept_answer"}]
        table.put([{name: value for name, value in record.items() if name != "incarnation"}])
        assert ask() == first
    leaves_and_returns()

    # Another body is no error: the key is a new one for the new person.
    second = ask(ticket="T-1")
    assert (second[0], ask(ticket="T-1")) == (201, second)
    assert second[1] != first[1]
    assert ask()[0] == 422


def test_what_is_known_later_of_a_mail_does_not_change_the_answer_to_another_person(
    world: time_machine.Traveller, mails: list[post.Sent]
) -> None:
    asked = factories.requested()
    record = idempotency.IdempotencyRecord(key=keys.idempotency("support", "sven", "POST /x", "k"), fingerprint="f")
    change = Transaction()
    idempotency.store_response(change, record.with_response("of the next"), factories.now(), incarnation=2)
    change.commit()
    asking.save_mail_state(asked, MailState.SENT, record.with_response("of the one before"))

    assert (table.one(record.key) or {})["answer"] == {"S": "of the next"}
