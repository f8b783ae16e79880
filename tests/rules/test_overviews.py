"""Filters of the overviews, each condition at its exact bounds."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from guestkey.rules.grants import Grant, State
from guestkey.rules.logins import End, Login
from guestkey.rules.overviews import Filter, LoginState
from guestkey.rules.people import Grantee, GranteeType, Person
from guestkey.rules.periods import Period
from tests.rows_and_columns import each_row

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
GRANT = Grant(
    tenant_id="acme",
    grant_id="01M844DZG0ACMEGRANT0000001",
    grantee=Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt"),
    period=Period.ONE_HOUR,
    may_export=True,
    granted_at=NOON,
    granted_by=Person(user_id="anna", name="Anna Albrecht"),
    ends_at=NOON + HOUR,
    review_at=None,
    ticket="T-4711",
)
TO_SUPPORT = replace(GRANT, grantee=Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support"))
LOGIN = Login(
    tenant_id="acme",
    login_id="01M844DZG0ACME10G1N0000001",
    agent_id="sven",
    agent_name="Sven Brandt",
    departments=("support", "development"),
    reason="The import stands still",
    ticket="T-4711",
    may_export=True,
    logged_in_at=NOON,
    grant_id=GRANT.grant_id,
    access_ends_at=NOON + HOUR,
)


@each_row(
    ("conditions", "admits"),
    [
        ({}, True),
        ({"since": NOON + HOUR - SECOND}, True),
        ({"since": NOON + HOUR}, False),
        ({"until": NOON}, False),
        ({"until": NOON + SECOND}, True),
        ({"since": date(2026, 11, 23), "until": date(2026, 11, 23)}, True),
        ({"since": date(2026, 11, 24)}, False),
        ({"until": date(2026, 11, 22)}, False),
        ({"agent_id": "sven"}, True),
        ({"agent_id": "support"}, False),
        ({"department_id": "sven"}, False),
        ({"state": State.LIVE}, True),
        ({"state": State.ENDED}, False),
        ({"may_export": True}, True),
        ({"may_export": False}, False),
        ({"words": "bran anna t-4711"}, True),
        ({"words": "sven support"}, False),
        ({"agent_id": "sven", "may_export": False}, False),
    ],
)
def test_a_grant_has_all_the_properties(conditions: dict[str, Any], admits: bool) -> None:
    assert Filter(**conditions).admits_grant(GRANT, NOON, BERLIN) is admits


def test_a_grant_of_a_department_is_none_of_an_agent_and_a_revoke_has_an_author() -> None:
    revoked = replace(TO_SUPPORT, revoked_at=NOON, revoked_by=Person(user_id="giulia", name="Giulia Greco"))

    assert Filter(department_id="support").admits_grant(TO_SUPPORT, NOON, BERLIN)
    assert not Filter(agent_id="support").admits_grant(TO_SUPPORT, NOON, BERLIN)
    assert Filter(words="greco", state=State.REVOKED).admits_grant(revoked, NOON, BERLIN)


@each_row(
    ("conditions", "admits"),
    [
        ({}, True),
        ({"since": NOON}, True),
        ({"since": NOON + SECOND}, False),
        ({"until": NOON}, False),
        ({"until": NOON + SECOND}, True),
        ({"since": date(2026, 11, 23), "until": date(2026, 11, 23)}, True),
        ({"since": date(2026, 11, 24)}, False),
        ({"agent_id": "sven"}, True),
        ({"agent_id": "dora"}, False),
        ({"department_id": "development"}, True),
        ({"department_id": "sales"}, False),
        ({"state": LoginState.OPEN}, True),
        ({"state": LoginState.ENDED}, False),
        ({"may_export": True}, True),
        ({"may_export": False}, False),
        ({"words": "IMPORT brandt"}, True),
        ({"words": "sven supp deve"}, True),
        ({"words": "the sven t-4711"}, True),
        ({"words": "export"}, False),
    ],
)
def test_a_login_has_all_the_properties(conditions: dict[str, Any], admits: bool) -> None:
    assert Filter(**conditions).admits_login(LOGIN, BERLIN) is admits


@each_row("words", ["x", "none", "t-4711"])
def test_without_a_ticket_there_are_only_the_words_of_the_people_and_of_the_reason(words: str) -> None:
    wanted = Filter(words=words)

    assert not wanted.admits_grant(replace(GRANT, ticket=None), NOON, BERLIN)
    assert not wanted.admits_login(replace(LOGIN, ticket=None), BERLIN)


def test_a_login_with_an_end_is_ended() -> None:
    ended = replace(LOGIN, ended_at=NOON, end=End.LOGGED_OUT)

    assert Filter(state=LoginState.ENDED).admits_login(ended, BERLIN)
    assert not Filter(state=LoginState.OPEN).admits_login(ended, BERLIN)


@each_row(
    ("day", "zone", "begin", "end"),
    [
        ("2026-11-23", "Europe/Berlin", "2026-11-22T23:00Z", "2026-11-23T23:00Z"),
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z"),
        ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
        ("2026-11-23", "UTC", "2026-11-23T00:00Z", "2026-11-24T00:00Z"),
    ],
)
def test_a_day_is_that_of_the_customers_clock(day: str, zone: str, begin: str, end: str) -> None:
    wanted = Filter(since=date.fromisoformat(day), until=date.fromisoformat(day))

    assert wanted.begin(ZoneInfo(zone)) == datetime.fromisoformat(begin)
    assert wanted.end(ZoneInfo(zone)) == datetime.fromisoformat(end)


def test_the_routes_name_the_conditions_in_one_order() -> None:
    first, last = date(2026, 11, 22), date(2026, 11, 23)

    assert Filter.of("greco", first, last, "sven", "support", False, State.LIVE) == Filter(
        words="greco",
        since=first,
        until=last,
        agent_id="sven",
        department_id="support",
        may_export=False,
        state=State.LIVE,
    )


def test_conditions_become_parts_of_a_cursors_scope() -> None:
    assert Filter().parts() == []
    assert Filter(words="sven", may_export=False, state=State.LIVE).parts() == [
        "words=sven",
        "state=live",
        "may_export=False",
    ]
