"""Response bodies of grants."""

from datetime import datetime
from typing import Self

from guestkey.edge.responses.people import Accountable, Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import grants, people
from guestkey.rules.grants import GrantEnd, State
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import AgentKind, GranteeType
from guestkey.rules.periods import Period


class Grantee(Response):
    """The agent or department that a grant covers, as the customer consented to it.

    `present_name` is the name that the id has now, null if it is still the same. `kind` is null for a department;
    `accountable` is the person accountable for software at this moment.
    """

    type: GranteeType
    id: str
    name: str
    present_name: str | None
    kind: AgentKind | None
    accountable: Accountable | None

    @classmethod
    def of(cls, grantee: people.Grantee) -> Self:
        """Return the grantee."""
        kind = AgentKind.of(is_software=grantee.is_software) if grantee.agent_id else None
        return cls.read(grantee, kind=kind, accountable=Accountable.of(grantee.accountable))


class Grant(Response):
    """One permission for one grantee to enter one tenant."""

    grant_id: str
    grantee: Grantee
    period: Period
    access: AccessLevel
    may_export: bool
    may_automate: bool
    state: State
    granted_at: Instant
    granted_by: Person
    ends_at: Instant | None
    review_at: Instant | None
    review_due: bool
    revoked_at: Instant | None
    revoked_by: Person | None
    end: GrantEnd | None
    request_id: str | None

    @classmethod
    def of(cls, grant: grants.Grant, at: datetime) -> Self:
        """Return the grant with its state at that moment."""
        grantee, review_due = Grantee.of(grant.grantee), grant.is_review_due(at)
        return cls.read(grant, grantee=grantee, state=grant.state(at), end=grant.end(at), review_due=review_due)
