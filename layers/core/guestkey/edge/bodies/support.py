"""Request bodies of agents: logins and requests."""

from pydantic import Field, StrictBool

from guestkey.edge.http.inputs import Email, ExternalId, Input, Reason, Ticket
from guestkey.rules.levels import AccessLevel
from guestkey.rules.limits import MAX_RECIPIENTS
from guestkey.rules.periods import DEFAULT_PERIOD, Period


class LoginInput(Input):
    """Tenant to enter, reason and ticket. Without a ticket the request's counts that led to the grant, if any."""

    tenant_id: ExternalId
    reason: Reason
    ticket: Ticket | None = None


class RequestInput(Input):
    """Customer, reason, ticket, period, level and recipients.

    A missing level is the stack's default. Without `recipients` all registered approver addresses are used.
    """

    tenant_id: ExternalId
    reason: Reason
    ticket: Ticket | None = None
    period: Period = Field(default=DEFAULT_PERIOD, strict=False)
    access: AccessLevel | None = Field(default=None, strict=False)
    may_export: StrictBool = False
    recipients: list[Email] | None = Field(default=None, min_length=1, max_length=MAX_RECIPIENTS)
