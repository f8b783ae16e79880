"""The customer's policy as a pure rule: which change is tighter, what counts at once, and what waits."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guestkey.errors import PolicyChanged, PolicyForbids
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Grantee, GranteeType, User
from guestkey.rules.periods import Period
from guestkey.rules.policy import (
    LOOSENING_WAITS,
    NO_POLICY,
    NO_RULES,
    STRICTER,
    Export,
    GranteeRef,
    Policy,
    Rules,
    change,
    forbidding,
    is_no_looser,
    require_allowed,
    require_ticket,
    stricter,
    withdraw,
)
from guestkey.rules.policy_form import form_of, rules_of, told
from guestkey.rules.weekly_hours import WeeklyHours
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ANNA = User(user_id="anna", tenant_id="acme", name="Anna", email=None, locale=None)
GIULIA = replace(ANNA, user_id="giulia", name="Giulia")
SVEN = GranteeRef(GranteeType.AGENT, "sven")
DORA = GranteeRef(GranteeType.AGENT, "dora")
VIEW = AccessLevel.VIEW


def week(zone: str = "Europe/Berlin", **days: tuple[str, str]) -> WeeklyHours:
    return WeeklyHours.of(zone, {day: [{"from": begin, "until": end}] for day, (begin, end) in days.items()})


DAYTIME, MORNING = week(mon=("09:00", "18:00")), week(mon=("09:00", "12:00"))

# ------------------------------------------------------------------ which is stricter


@each_row(
    "rule, looser, tighter",
    [
        ("max_period", None, Period.ONE_MONTH),
        ("max_period", Period.TODAY, Period.FOUR_HOURS),
        ("no_permanent", False, True),
        ("named_only", False, True),
        ("grantees", None, frozenset({SVEN, DORA})),
        ("grantees", frozenset({SVEN, DORA}), frozenset({SVEN})),
        ("export", Export.ASKED, Export.NEVER),
        ("max_access", None, VIEW),
        ("hours", None, DAYTIME),
        ("hours", DAYTIME, MORNING),
        ("ticket_required", False, True),
        ("approvers", None, frozenset({"anna"})),
        ("approvers", frozenset({"anna", "giulia"}), frozenset({"anna"})),
    ],
)
def test_of_two_versions_of_a_rule_the_tighter_is_chosen_in_either_order(rule: str, looser: Any, tighter: Any) -> None:
    choose = STRICTER[rule]
    assert choose(looser, tighter) == choose(tighter, looser) == tighter


@each_row(
    "rule, before, wanted, at_once",
    [
        ("grantees", frozenset({SVEN}), frozenset({DORA}), frozenset()),
        ("hours", DAYTIME, week(mon=("12:00", "20:00")), week(mon=("12:00", "18:00"))),
        ("hours", DAYTIME, week("UTC", mon=("09:00", "12:00")), DAYTIME),
        ("approvers", frozenset({"anna"}), frozenset({"giulia"}), frozenset({"anna"})),
    ],
)
def test_where_neither_is_tighter_what_both_allow_counts_at_once(
    rule: str, before: Any, wanted: Any, at_once: Any
) -> None:
    assert STRICTER[rule](before, wanted) == at_once


HOURS = [DAYTIME, MORNING, week(tue=("00:00", "24:00")), week("UTC", mon=("09:00", "18:00"))]
GRANTEES = [SVEN, DORA, GranteeRef(GranteeType.DEPARTMENT, "support")]
RULES = st.builds(
    Rules,
    max_period=st.none() | st.sampled_from([one for one in Period if one is not Period.PERMANENT]),
    no_permanent=st.booleans(),
    named_only=st.booleans(),
    grantees=st.none() | st.sets(st.sampled_from(GRANTEES), min_size=1).map(frozenset),
    export=st.sampled_from(Export),
    max_access=st.none() | st.just(VIEW),
    hours=st.none() | st.sampled_from(HOURS),
    ticket_required=st.booleans(),
    approvers=st.none() | st.sets(st.sampled_from(["anna", "giulia", "ben"]), min_size=1).map(frozenset),
)  # fmt: skip


def allows(rules: Rules) -> set[tuple[Any, ...]]:
    """Return all that rules allow, by a list of cases instead of by comparing rules."""
    given = {
        ("given", user, one, period, access, export)
        for user in ("anna", "giulia", "ben")
        for one in GRANTEES
        for period in Period
        for access in AccessLevel
        for export in (False, True)
        if (rules.approvers is None or user in rules.approvers)
        and not forbidding(rules, one.type, one.id, period, access, export)
    }
    hours = [NOON + timedelta(minutes=15 * quarter) for quarter in range(0, 7 * 96, 2)]
    entered = {("entered", at) for at in hours if rules.hours is None or rules.hours.include(at)}
    return given | entered | {("without a ticket",)} - ({("without a ticket",)} if rules.ticket_required else set())


@given(RULES, RULES)
@settings(max_examples=60, deadline=None)
def test_what_counts_at_once_allows_nothing_that_the_rules_before_forbid(before: Rules, wanted: Rules) -> None:
    at_once = stricter(before, wanted)

    assert allows(at_once) <= allows(before)
    if allows(wanted) <= allows(before) and wanted.hours == before.hours:
        assert allows(at_once) == allows(wanted)


@given(RULES)
def test_rules_read_as_they_are_stored(rules: Rules) -> None:
    assert rules_of(form_of(rules)) == rules
    assert is_no_looser(rules, rules)
    assert is_no_looser(rules, NO_RULES)


def test_every_rule_has_its_function() -> None:
    assert STRICTER.keys() == {field.name for field in fields(Rules)}


# ------------------------------------------------------------------ what counts, and when


def after(*wanted: Rules, policy: Policy = NO_POLICY, now: datetime = NOON) -> Policy:
    for rules in wanted:
        policy = change(policy, policy.version, rules, by=ANNA, now=now)
    return policy


STRICT = Rules(max_access=VIEW, no_permanent=True)


def test_looser_rules_count_a_day_later_and_not_a_second_before() -> None:
    policy = after(STRICT, Rules(no_permanent=True, named_only=True))

    assert policy.rules_at(NOON) == Rules(max_access=VIEW, no_permanent=True, named_only=True)
    assert policy.rules_at(NOON + LOOSENING_WAITS - SECOND).max_access is VIEW
    assert policy.rules_at(NOON + LOOSENING_WAITS) == Rules(no_permanent=True, named_only=True)
    assert policy.waiting_at(NOON + LOOSENING_WAITS) is None


def test_what_has_come_to_count_cannot_be_withdrawn_and_is_the_base_of_the_next_change() -> None:
    policy, later = after(STRICT, NO_RULES), NOON + LOOSENING_WAITS

    assert withdraw(policy, by=GIULIA, now=later) is policy
    assert withdraw(policy, by=GIULIA, now=later - SECOND).rules_at(later) == STRICT
    assert after(STRICT, policy=policy, now=later).rules_at(later) == STRICT


def test_the_second_try_of_the_same_change_returns_what_the_first_stored() -> None:
    stored = after(STRICT)

    assert change(stored, 0, STRICT, by=ANNA, now=NOON) is stored
    for by, now, wanted in ((GIULIA, NOON, STRICT), (ANNA, NOON + SECOND, STRICT), (ANNA, NOON, NO_RULES)):
        with pytest.raises(PolicyChanged):
            change(stored, 0, wanted, by=by, now=now)


def test_an_announced_moment_stays_only_for_what_is_no_looser() -> None:
    policy = after(STRICT, Rules(no_permanent=True))
    hour = NOON + timedelta(hours=1)

    tighter = after(Rules(no_permanent=True, named_only=True), policy=policy, now=hour)
    looser = after(NO_RULES, policy=policy, now=hour)

    assert tighter.waiting and tighter.waiting.counts_from == NOON + LOOSENING_WAITS
    assert looser.waiting and looser.waiting.counts_from == hour + LOOSENING_WAITS


def test_the_ledger_tells_what_counts_what_waits_and_what_was_withdrawn() -> None:
    strict = after(STRICT)
    mixed = after(Rules(no_permanent=True, named_only=True), policy=strict)
    withdrawn = withdraw(mixed, by=GIULIA, now=NOON)

    said = [
        [note.what.value for note in told(policy, before, "acme", NOON)]
        for before, policy in ((NO_POLICY, strict), (strict, mixed), (mixed, withdrawn))
    ]
    assert said == [["policy.changed"], ["policy.changed", "policy.waiting"], ["policy.withdrawn"]]


# ------------------------------------------------------------------ what a rule forbids


@each_row(
    "period, is_forbidden",
    [(Period.FOUR_HOURS, False), (Period.TODAY, True), (Period.PERMANENT, True)],
)
def test_the_longest_period_is_the_last_that_is_allowed(period: Period, is_forbidden: bool) -> None:
    name = forbidding(Rules(max_period=Period.FOUR_HOURS), GranteeType.AGENT, "sven", period, VIEW, False)
    assert name == ("max_period" if is_forbidden else None)


def test_users_who_may_not_approve_are_refused_and_a_ticket_is_required() -> None:
    grantee = Grantee(type=GranteeType.AGENT, id="sven", name="Sven")
    rules = Rules(approvers=frozenset({"giulia"}), ticket_required=True)
    said: dict[str, Any] = {"grantee": grantee, "period": Period.ONE_HOUR, "access": VIEW, "may_export": False}

    require_allowed(rules, **said, by=GIULIA)
    require_ticket(rules, "T-1")
    require_ticket(NO_RULES, None)
    with pytest.raises(PolicyForbids) as refused:
        require_allowed(rules, **said, by=ANNA)
    assert refused.value.members == {"rule": "approvers"}
    with pytest.raises(PolicyForbids):
        require_ticket(rules, None)
