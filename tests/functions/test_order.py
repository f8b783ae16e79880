"""Which of a grant, a revoke and a login came first is told by their ledger numbers, never by clocks (rule 9)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, table
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, SVEN

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TO_SVEN, TO_SUPPORT = ({"type": "agent", "id": "sven"}, {"type": "department", "id": "support"})
NUMBERS = ("granted_seq", "revoked_seq", "revoked_before_seq", "recorded_seq")
"""Attributes that hold the number of a ledger entry."""


def give(grantee: dict[str, str] = TO_SVEN, period: str = "1h", at: datetime = MONDAY_NOON) -> str:
    with time_machine.travel(at, tick=False):
        answer = call("POST", "/v1/grants", {"grantee": grantee, "period": period}, caller=ANNA)
    assert answer.status == 201, answer.text
    return str(answer.body["grant_id"])


def revoke(grant_id: str, at: datetime = MONDAY_NOON) -> None:
    with time_machine.travel(at, tick=False):
        assert call("DELETE", f"/v1/grants/{grant_id}", caller=ANNA).status == 200


def enter(at: datetime = MONDAY_NOON) -> Any:
    with time_machine.travel(at, tick=False):
        return call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "It stands still"}, caller=SVEN)


def entered(at: datetime = MONDAY_NOON) -> str:
    answer = enter(at)
    assert answer.status == 201, answer.text
    return str(answer.body["login_id"])


def check(login_id: str | None = None, at: datetime = MONDAY_NOON) -> str:
    asked = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
    with time_machine.travel(at, tick=False):
        answer = call("POST", "/v1/vendor/checks", asked | ({"login_id": login_id} if login_id else {}), caller=BACKEND)
    return str(answer.body["reason"])


def shown(login_id: str, at: datetime = MONDAY_NOON) -> dict[str, Any]:
    with time_machine.travel(at, tick=False):
        items = call("GET", "/v1/logins", caller=ANNA).body["items"]
    return next(one for one in items if one["login_id"] == login_id)


def numbers() -> dict[tuple[str, str], int]:
    """Return the number of each entry of Acme's ledger, by what it says and about what."""
    return {(entry.what.value, entry.about): entry.seq for entry in ledger.entries_after("acme", 0, 100)}


def forget_numbers(*sort_keys: str) -> None:
    """Make the items, or all of the tenant's, look as the version before numbers wrote them."""
    written = [item for item in table.items(keys.of_tenant("acme")) if item["SK"]["S"].startswith(sort_keys or "")]
    table.put([{name: value for name, value in item.items() if name not in NUMBERS} for item in written])


# ------------------------------------------------------------------------------------------- within one second


def test_a_login_that_a_revoke_ended_stays_ended_when_a_grant_follows_in_the_same_second() -> None:
    first = give()
    login = entered()
    revoke(first)
    give()

    assert check(login) == "no_login"
    assert (shown(login)["end"], shown(login)["end_cause"]) == ("access_over", "revoked")
    assert check() == "granted"


def test_a_grant_given_in_the_second_of_the_login_prolongs_it() -> None:
    first = give()
    login = entered()
    give(period="2h")
    revoke(first)

    assert check(login) == "granted"
    assert shown(login)["ended_at"] is None


def test_a_login_in_the_second_of_a_revoke_and_under_the_next_grant_is_open() -> None:
    revoke(give())
    give()
    login = entered()

    assert check(login) == "granted"
    assert shown(login)["ended_at"] is None


# ------------------------------------------------------------------------------------------- clocks that differ


@pytest.mark.parametrize("late", [SECOND, 2 * SECOND, MINUTE])
def test_a_revoke_dated_before_the_login_and_stored_after_it_ends_it(late: timedelta) -> None:
    first = give(at=MONDAY_NOON - HOUR / 2)
    login = entered()
    revoke(first, at=MONDAY_NOON - late)
    give(at=MONDAY_NOON - late)

    assert check(login) == "no_login"
    assert shown(login)["ended_at"] == shown(login)["logged_in_at"], "a login never ends before it begins"
    assert shown(login)["end_cause"] == "revoked"


@pytest.mark.parametrize("early", [SECOND, 2 * SECOND, MINUTE])
def test_a_revoke_of_a_fast_clock_ends_a_login_at_once(early: timedelta) -> None:
    first = give(at=MONDAY_NOON - HOUR / 2)
    login = entered()
    revoke(first, at=MONDAY_NOON + early)

    assert check(login) == "no_live_grant"
    assert shown(login)["end_cause"] == "revoked"


@pytest.mark.parametrize("early", [SECOND, 2 * SECOND, MINUTE])
def test_a_grant_of_a_fast_clock_counts_at_once(early: timedelta) -> None:
    give(at=MONDAY_NOON + early)

    assert check() == "granted"
    login = entered()
    assert check(login) == "granted"
    assert shown(login)["ended_at"] is None
    assert len(call("GET", "/v1/grants", caller=ANNA, query={"state": "live"}).body["items"]) == 1
    assert len(call("GET", "/v1/support/access", caller=SVEN).body["items"]) == 1


def test_an_end_by_time_is_told_by_the_clock() -> None:
    give()
    login = entered()

    assert check(login, at=MONDAY_NOON + HOUR - SECOND) == "granted"
    assert check(login, at=MONDAY_NOON + HOUR) == "no_live_grant"
    assert enter(at=MONDAY_NOON + HOUR).code == "no_live_grant"
    assert shown(login, at=MONDAY_NOON + HOUR)["end_cause"] == "time"


# ------------------------------------------------------------------------------------------- what is stored


def test_each_record_has_the_number_of_its_own_entry() -> None:
    first, second = give(period="permanent"), give(TO_SUPPORT)
    login = entered()
    revoke(first)
    third = give()

    entries = numbers()
    stored = {item["SK"]["S"]: item for item in table.items(keys.of_tenant("acme"))}
    given = {grant_id: entries["grant.given", grant_id] for grant_id in (first, second, third)}
    revoked = entries["grant.revoked", first]

    for sort_key in (f"GRANT#{first}", f"LASTING#{first}"):
        assert [stored[sort_key][name]["N"] for name in NUMBERS[:2]] == [str(given[first]), str(revoked)]
    assert stored[f"LIVE#{second}"]["granted_seq"]["N"] == str(given[second])
    assert "revoked_before_seq" not in stored[f"LIVE#{second}"]
    assert stored[f"LIVE#{third}"]["revoked_before_seq"]["N"] == stored["LEDGER"]["revoked_seq"]["N"] == str(revoked)
    assert stored[f"LOGIN#{login}"]["recorded_seq"]["N"] == str(entries["login.recorded", login])


def test_an_approved_grant_has_the_number_of_its_own_entry_and_not_of_the_approval() -> None:
    approved = factories.approved(factories.requested())

    entries = numbers()
    [live] = table.items(*keys.live("acme", approved.grant_id))
    assert live["granted_seq"]["N"] == str(entries["grant.given", approved.grant_id])


def test_no_answer_and_no_export_carries_a_number_of_a_record() -> None:
    first = give()
    login = entered()
    revoke(first)

    for path in ("/v1/grants", f"/v1/grants/{first}", "/v1/logins", "/v1/grants.csv", "/v1/logins.csv"):
        assert "_seq" not in call("GET", path, caller=ANNA).text
    assert "_seq" not in call("POST", f"/v1/support/logins/{login}/end", caller=SVEN).text


# ------------------------------------------------------------------------------------------- from before numbers


def test_records_from_before_numbers_are_read_as_before() -> None:
    kept = give(period="2h", at=MONDAY_NOON - HOUR)
    login = entered(at=MONDAY_NOON - HOUR / 2)
    ended = give(TO_SUPPORT, at=MONDAY_NOON - HOUR / 2)
    revoke(ended, at=MONDAY_NOON - MINUTE)
    forget_numbers()

    assert check(login) == "granted"
    assert shown(login)["ended_at"] is None
    revoke(kept)
    assert check(login) == "no_live_grant"
    assert shown(login)["end_cause"] == "revoked"


def test_a_record_without_a_number_is_older_than_one_with_a_number_of_the_same_second() -> None:
    first = give()
    login = entered()
    forget_numbers()
    revoke(first)
    give()

    assert check(login) == "no_login"
    assert shown(login)["end_cause"] == "revoked"


def test_a_login_before_numbers_goes_on_under_a_grant_with_one() -> None:
    give(at=MONDAY_NOON - HOUR / 2)
    login = entered()
    forget_numbers()
    give(period="2h")

    later = MONDAY_NOON + HOUR
    assert check(login, at=later) == "granted"
    assert shown(login, at=later)["ended_at"] is None


@pytest.mark.parametrize("sort_key", ["LIVE#", "GRANT#", "LOGIN#", "LEDGER"])
def test_one_kind_of_record_without_numbers_opens_nothing(sort_key: str) -> None:
    first = give()
    login = entered()
    revoke(first)
    forget_numbers(sort_key)
    give(at=MONDAY_NOON + SECOND)

    assert check(login, at=MONDAY_NOON + SECOND) == "no_login"
    assert shown(login, at=MONDAY_NOON + SECOND)["end"] == "access_over"
