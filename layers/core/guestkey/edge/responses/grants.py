"""Response bodies of grants."""

from datetime import datetime
from typing import Self

from guestkey.edge.responses.people import Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import grants
from guestkey.rules.grants import GrantEnd, State
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import Period


class Grantee(Response):
    """The agent or department that a grant covers, as the customer consented to it.

    `present_name` is the name that the id has now, null if it is still the same.
    """

    type: GranteeType
    id: str
    name: str
    present_name: str | None


class Grant(Response):
    """One permission for one grantee to enter one tenant."""

    grant_id: str
    grantee: Grantee
    period: Period
    may_export: bool
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
        return cls.read(grant, state=grant.state(at), end=grant.end(at), review_due=grant.is_review_due(at))
