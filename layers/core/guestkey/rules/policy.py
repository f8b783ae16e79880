"""The customer's policy: rules for what its users may give, and for what agents may do with it.

A tighter rule counts at once; a looser one waits a day, so that a stolen session cannot open an account unnoticed. Of
two versions of one rule the stricter is computed by a function of that rule, never by a comparison of whole policies.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from guestkey.errors import PolicyChanged, PolicyForbids
from guestkey.rules.door import Door, DoorRules
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Grantee, GranteeType, Person, User
from guestkey.rules.periods import Period
from guestkey.rules.weekly_hours import WeeklyHours

LOOSENING_WAITS = timedelta(hours=24)
MAX_GRANTEES = MAX_APPROVERS = 50
MAX_LOOSENINGS_AN_HOUR = 20
"""Limit of looser rules that one user wants in a UTC hour. Tightening and withdrawing have none."""
_PERIODS = list(Period)


class Export(StrEnum):
    """Rule for export: a user may allow it, or it is never allowed."""

    ASKED = "asked"
    NEVER = "never"


@dataclass(frozen=True, order=True)
class GranteeRef:
    """An agent or a department that grants may name."""

    type: GranteeType
    id: str


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules of a policy, by their names in the API. Each is off until it is set."""

    max_period: Period | None = None
    no_permanent: bool = False
    named_only: bool = False
    grantees: frozenset[GranteeRef] | None = None
    export: Export = Export.ASKED
    max_access: AccessLevel | None = None
    hours: WeeklyHours | None = None
    ticket_required: bool = False
    approvers: frozenset[str] | None = None
    """Users who may give and approve, if they hold the right; None for all who hold it. It is never empty."""

    @property
    def at_the_door(self) -> DoorRules:
        """The part that checks and logins follow."""
        return DoorRules(
            export_never=self.export is Export.NEVER,
            max_access=self.max_access,
            hours=self.hours,
            ticket_required=self.ticket_required,
        )


NO_RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Looser rules that count from a moment on, unless a user withdraws them before."""

    rules: Rules
    counts_from: datetime
    by: Person


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A tenant's policy. Version 0 is that of a tenant which never set one."""

    version: int = 0
    stored: Rules = NO_RULES
    waiting: Waiting | None = None
    changed_at: datetime | None = None
    changed_by: Person | None = None

    def rules_at(self, at: datetime) -> Rules:
        """Return the rules that count at a moment: those that waited count by the clock, and nothing must run."""
        return self.waiting.rules if self.waiting and self.waiting.counts_from <= at else self.stored

    def waiting_at(self, at: datetime) -> Waiting | None:
        """Return what still waits at a moment."""
        return self.waiting if self.waiting and at < self.waiting.counts_from else None

    def wanted_at(self, at: datetime) -> Rules:
        """Return the rules that users want at a moment: those that wait, or else those that count."""
        waits = self.waiting_at(at)
        return waits.rules if waits else self.rules_at(at)


NO_POLICY = Policy()


def stricter(before: Rules, wanted: Rules) -> Rules:
    """Return rules that are no looser than either: for each rule, the stricter of the two.

    Where both restrict and neither is stricter, it is the part that both allow. Hours of two zones, and users of whom
    none is in both, have no such part: the rule before stays, so that nothing is looser at once.
    """
    return Rules(**{name: choose(getattr(before, name), getattr(wanted, name)) for name, choose in STRICTER.items()})


def is_no_looser(wanted: Rules, than: Rules) -> bool:
    """Say whether each rule is as strict as the other one or stricter."""
    return stricter(than, wanted) == wanted


def change(policy: Policy, version: int, wanted: Rules, *, by: User, now: datetime) -> Policy:
    """Return the policy after a user wants these rules: the tighter ones count at once, the looser ones wait.

    The same policy is returned if nothing changes. Looser rules that were announced before keep their moment if nothing
    looser is added. Raises PolicyChanged unless the user has seen the present version.
    """
    counts, waits = policy.rules_at(now), policy.waiting_at(now)
    is_own_retry = (policy.changed_by, policy.changed_at, policy.version) == (by.person, now, version + 1)
    if is_own_retry and policy.wanted_at(now) == wanted:
        return policy
    if version != policy.version:
        raise PolicyChanged(version=policy.version)
    if wanted == policy.wanted_at(now):
        return policy
    at_once = stricter(counts, wanted)
    waiting = None
    if at_once != wanted:
        is_announced = waits is not None and is_no_looser(wanted, waits.rules)
        counts_from = waits.counts_from if waits and is_announced else now + LOOSENING_WAITS
        waiting = Waiting(rules=wanted, counts_from=counts_from, by=waits.by if waits and is_announced else by.person)
    return Policy(version=policy.version + 1, stored=at_once, waiting=waiting, changed_at=now, changed_by=by.person)


def withdraw(policy: Policy, *, by: User, now: datetime) -> Policy:
    """Return the policy without what waits. Where nothing waits any more, the same policy is returned."""
    if policy.waiting_at(now) is None:
        return policy
    return Policy(version=policy.version + 1, stored=policy.stored, changed_at=now, changed_by=by.person)


def door_after(door: Door, policy: Policy, before: Policy, seq: int, now: datetime) -> Door:
    """Return the door after a change of the policy with this ledger number.

    Hours that are tighter than before end every open login: each has stored the end of the hours of its day, and a new
    login stores the new one.
    """
    hours, hours_before = policy.stored.hours, before.rules_at(now).hours
    waiting = policy.waiting
    return door.with_rules(
        policy.stored.at_the_door,
        (waiting.rules.at_the_door, waiting.counts_from) if waiting else None,
        policy.version,
        ends_logins=(seq, now) if hours and hours != hours_before else None,
    )


def require_allowed(
    rules: Rules, *, grantee: Grantee, period: Period, access: AccessLevel, may_export: bool, by: User | None = None
) -> None:
    """Raise PolicyForbids with the name of the first rule that forbids this grant. `by` is the user who gives it."""
    if by and rules.approvers is not None and by.user_id not in rules.approvers:
        raise PolicyForbids(rule="approvers")
    if name := forbidding(rules, grantee.type, grantee.id, period, access, may_export):
        raise PolicyForbids(rule=name)


def require_ticket(rules: Rules | DoorRules, ticket: str | None) -> None:
    """Raise PolicyForbids where a ticket is required and there is none."""
    if rules.ticket_required and ticket is None:
        raise PolicyForbids(rule="ticket_required")


def forbidding(
    rules: Rules, type: GranteeType, id: str, period: Period, access: AccessLevel, may_export: bool
) -> str | None:
    """Return the name of the first rule that forbids a grant of this kind to every giver; None if no rule does."""
    forbids = {
        "named_only": rules.named_only and type is GranteeType.DEPARTMENT,
        "grantees": rules.grantees is not None and GranteeRef(type, id) not in rules.grantees,
        "no_permanent": rules.no_permanent and period is Period.PERMANENT,
        "max_period": rules.max_period is not None and is_longer(period, rules.max_period),
        "max_access": rules.max_access is not None and not rules.max_access.includes(access),
        "export": rules.export is Export.NEVER and may_export,
    }
    return next((name for name, does in forbids.items() if does), None)


def is_longer(period: Period, other: Period) -> bool:
    """Say whether a period is longer than another one, in the order in which they are offered.

    `today` counts as longer than four hours also in the evening.
    """
    return _PERIODS.index(period) > _PERIODS.index(other)


def _either(before: bool, wanted: bool) -> bool:
    return before or wanted


def _shorter[T](before: T | None, wanted: T | None, order: list[T]) -> T | None:
    if before is None or wanted is None:
        return wanted if before is None else before
    return min(before, wanted, key=order.index)


def _common[T](before: frozenset[T] | None, wanted: frozenset[T] | None) -> frozenset[T] | None:
    if before is None or wanted is None:
        return wanted if before is None else before
    return before & wanted


def _common_users(before: frozenset[str] | None, wanted: frozenset[str] | None) -> frozenset[str] | None:
    return _common(before, wanted) or before


def _common_hours(before: WeeklyHours | None, wanted: WeeklyHours | None) -> WeeklyHours | None:
    if before is None or wanted is None:
        return wanted if before is None else before
    return before.within(wanted) if before.zone == wanted.zone else before


STRICTER: Mapping[str, Callable[[Any, Any], Any]] = {
    "max_period": lambda before, wanted: _shorter(before, wanted, _PERIODS),
    "no_permanent": _either,
    "named_only": _either,
    "grantees": _common,
    "export": lambda before, wanted: _shorter(before, wanted, [Export.NEVER, Export.ASKED]),
    "max_access": lambda before, wanted: _shorter(before, wanted, list(AccessLevel)),
    "hours": _common_hours,
    "ticket_required": _either,
    "approvers": _common_users,
}
"""For each rule, the function that returns the stricter of two versions of it, or what both allow."""
assert STRICTER.keys() == {field.name for field in fields(Rules)}
