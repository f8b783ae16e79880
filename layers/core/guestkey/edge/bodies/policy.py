"""Request bodies of the customer's policy."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from guestkey.edge.bodies.grants import GranteeInput
from guestkey.edge.bodies.week import Week
from guestkey.edge.http.inputs import ExternalId, Input
from guestkey.rules.levels import AccessLevel
from guestkey.rules.periods import Period
from guestkey.rules.policy import MAX_APPROVERS, MAX_GRANTEES, Export, GranteeRef, Rules
from guestkey.rules.weekly_hours import WeeklyHours

MaxPeriod = Literal["1h", "2h", "4h", "today", "1w", "2w", "1mo"]


class RulesInput(Input):
    """All rules that a customer wants. An absent one is off.

    `hours` are a week in the tenant's time zone, which is copied when they are set: outside of them no agent enters,
    also with a grant. An empty list of `approvers` is all users who hold the right.
    """

    max_period: MaxPeriod | None = None
    no_permanent: StrictBool = False
    named_only: StrictBool = False
    grantees: Annotated[list[GranteeInput], Field(min_length=1, max_length=MAX_GRANTEES)] | None = None
    export: Export = Field(default=Export.ASKED, strict=False)
    max_access: Literal["view"] | None = None
    hours: Week | None = None
    ticket_required: StrictBool = False
    approvers: list[ExternalId] = Field(default_factory=list, max_length=MAX_APPROVERS)

    def rules(self, now_set: WeeklyHours | None, zone: str) -> Rules:
        """Return the rules. Hours that are the same week as before keep the zone in which they were set."""
        return Rules(
            max_period=Period(self.max_period) if self.max_period else None,
            no_permanent=self.no_permanent,
            named_only=self.named_only,
            export=self.export,
            max_access=AccessLevel(self.max_access) if self.max_access else None,
            grantees=None if self.grantees is None else frozenset(GranteeRef(g.type, g.id) for g in self.grantees),
            hours=self._hours(now_set, zone),
            ticket_required=self.ticket_required,
            approvers=frozenset(self.approvers) or None,
        )

    def _hours(self, now_set: WeeklyHours | None, zone: str) -> WeeklyHours | None:
        if self.hours is None:
            return None
        wanted = WeeklyHours.of(
            zone, {day: [one.model_dump(by_alias=True) for one in windows] for day, windows in self.hours.items()}
        )
        return now_set if now_set and now_set.days == wanted.days else wanted


class PolicyInput(Input):
    """All rules, and the version of the policy that the user has seen."""

    version: Annotated[int, Field(ge=0)]
    rules: RulesInput
