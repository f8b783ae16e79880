"""Response bodies of the customer's policy."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from guestkey.edge.responses.people import Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import policy, policy_form
from guestkey.rules.people import GranteeType
from guestkey.rules.weekly_hours import Week


class GranteeRef(Response):
    """An agent or a department that grants may name."""

    type: GranteeType
    id: str


class Rules(Response):
    """All rules of a policy; those that are off are null, false or empty. `zone` is the time zone of the hours."""

    max_period: str | None
    no_permanent: bool
    named_only: bool
    grantees: list[GranteeRef] | None
    export: policy.Export
    max_access: str | None
    hours: Week | None
    zone: str | None
    ticket_required: bool
    approvers: list[str]

    @classmethod
    def of(cls, rules: policy.Rules) -> Self:
        """Return the rules as the API has them."""
        return cls.model_validate(policy_form.form_of(rules))


class Waiting(Response):
    """All rules as they will be from `counts_from` on, unless a user withdraws them before."""

    rules: Rules
    counts_from: Instant
    by: Person


class Policy(Response):
    """The rules that count now, the looser ones that wait, and the live grants that could not be given any more."""

    version: int
    rules: Rules
    waiting: Waiting | None
    breaking: list[str]

    @classmethod
    def of(cls, stored: policy.Policy, breaking: Iterable[str], now: datetime) -> Self:
        """Return the policy at a moment."""
        waits = stored.waiting_at(now)
        return cls(
            version=stored.version,
            rules=Rules.of(stored.rules_at(now)),
            waiting=waits and Waiting.read(waits, rules=Rules.of(waits.rules)),
            breaking=list(breaking),
        )


class Revoked(Response):
    """The ids of the grants that the call revoked, and how many are left that break a rule."""

    revoked: list[str]
    left: int
