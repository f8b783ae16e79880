"""A request: an agent asks for a grant for themselves, and a user of the tenant who holds the right answers.

The state `expired` follows from the clock on every read. A closed request never changes its state.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from guestkey.errors import ChangeNotAsked, ExportNotAsked, NoApprovers, RecipientUnknown, RequestClosed, RequestExpired
from guestkey.rules.door import Door
from guestkey.rules.grants import Grant, give
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import READ_BESIDE, Accountable, Agent, Grantee, Person, Tenant, User, grantee
from guestkey.rules.periods import Period
from guestkey.rules.policy import Rules, require_allowed, require_ticket

MAX_PENDING = 5
"""Limit of pending requests of one agent at one tenant."""
MAX_SENDINGS_OF_AGENT, MAX_SENDINGS_TO_TENANT = 20, 40
"""Limits of sendings in a UTC hour, by one agent and to one tenant: of new requests, and of requests sent again.

A sending counts as one, to however many recipients. So no address gets more than the tenant's limit.
"""
MAX_UNKNOWN = 10
"""Limit of unknown tenants and recipients that one agent names in a UTC hour."""
MAX_LIFE = timedelta(hours=72)


class State(StrEnum):
    """State of a request at some moment."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class MailState(StrEnum):
    """Result of the last e-mails of a request: `sent` if SES accepted all of them."""

    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, with its closing if there was one. Times are aware, UTC, whole seconds."""

    tenant_id: str
    request_id: str
    agent_id: str
    agent_name: str
    recipients: tuple[str, ...]
    reason: str
    reason_salt: str | None = None
    """The salt of the reason's hash in the ledger; None in a request from before there were salts."""
    ticket: str | None = None
    period: Period
    access: AccessLevel = AccessLevel.CHANGE
    """The level asked. Requests from before there were levels have none stored: they ask for changes."""
    may_export: bool
    requested_at: datetime
    expires_at: datetime
    incarnation: int = 1
    """The person behind the agent's id who asks."""
    is_software: bool = False
    accountable: Accountable | None = None
    """The person who is accountable for the software that asks."""
    present_name: str | None = field(default=None, compare=False, metadata=READ_BESIDE)
    """The name that the agent has now; None if it is the one with which the agent asked."""
    mail: MailState = MailState.FAILED
    """`failed` until SES has accepted the e-mails. The agent may then send them again, which does no harm."""
    closed_as: State | None = None
    """The stored final state; None for a pending request, and for an expired one until the clean-up stores that."""
    answered_at: datetime | None = None
    answered_by: Person | None = None
    note: str | None = None
    note_salt: str | None = None
    grant_id: str | None = None

    def state(self, at: datetime) -> State:
        """Return the state at that moment. `expires_at` is exclusive."""
        return self.closed_as or (State.EXPIRED if self.expires_at <= at else State.PENDING)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """An approved request and the grant it led to."""

    request: Request
    grant: Grant


def ask(
    *,
    request_id: str,
    agent: Agent,
    tenant: Tenant,
    recipients: Sequence[str] | None,
    reason: str,
    reason_salt: str,
    ticket: str | None,
    period: Period,
    access: AccessLevel,
    may_export: bool,
    life: timedelta,
    rules: Rules,
    now: datetime,
) -> Request:
    """Return the request of an agent, to the given recipients or to all of the tenant's approver addresses.

    Raises NoApprovers for a tenant that has registered no address, RecipientUnknown for an unregistered one, and
    PolicyForbids for a grant that a rule of the tenant forbids.
    """
    require_allowed(rules, grantee=grantee(agent), period=period, access=access, may_export=may_export)
    require_ticket(rules, ticket)
    return Request(
        tenant_id=tenant.tenant_id,
        request_id=request_id,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        incarnation=agent.incarnation,
        is_software=agent.is_software,
        accountable=agent.accountable,
        recipients=_registered(tenant, recipients),
        reason=reason,
        reason_salt=reason_salt,
        ticket=ticket,
        period=period,
        access=access,
        may_export=may_export,
        requested_at=now,
        expires_at=now + life,
    )


def still_registered(request: Request, tenant: Tenant) -> tuple[str, ...]:
    """Return the recipients that are still registered. Raises NoApprovers, or RecipientUnknown if there are none."""
    _require_approvers(tenant)
    left = {address.casefold() for address in tenant.approver_emails}
    recipients = tuple(address for address in request.recipients if address.casefold() in left)
    if not recipients:
        raise RecipientUnknown
    return recipients


def require_pending(request: Request, at: datetime) -> None:
    """Raise RequestClosed or RequestExpired unless the request is pending."""
    match request.state(at):
        case State.PENDING:
            return
        case State.EXPIRED:
            raise RequestExpired
        case closed:
            raise RequestClosed(state=closed.value, grant_id=request.grant_id)


def approve(
    request: Request,
    *,
    by: User,
    grantee: Grantee,
    tenant: Tenant,
    grant_id: str,
    period: Period | None,
    access: AccessLevel | None,
    may_export: bool,
    door: Door,
    rules: Rules,
    now: datetime,
) -> Approval:
    """Return the approved request and a grant that starts now.

    A missing period or level is the requested one; the approver may lower the level and never raise it. The grant
    allows export only if the approver says so, and the approver may say so only if the agent asked for it. Raises
    RequestClosed, RequestExpired, ChangeNotAsked, ExportNotAsked, LockedDown, TenantClosed or PolicyForbids.
    """
    require_pending(request, now)
    if access and not request.access.includes(access):
        raise ChangeNotAsked
    if may_export and not request.may_export:
        raise ExportNotAsked
    door.require_open()
    require_ticket(rules, request.ticket)
    grant = give(
        door=door,
        rules=rules,
        grant_id=grant_id,
        by=by,
        grantee=grantee,
        period=period or request.period,
        tenant=tenant,
        access=access or request.access,
        may_export=may_export,
        now=now,
        request_id=request.request_id,
        ticket=request.ticket,
    )
    approved = replace(_answered(request, State.APPROVED, by, now), grant_id=grant.grant_id)
    return Approval(request=approved, grant=grant)


def decline(request: Request, *, by: User, note: str | None, note_salt: str, now: datetime) -> Request:
    """Return the declined request. Raises RequestClosed, RequestExpired."""
    require_pending(request, now)
    declined = _answered(request, State.DECLINED, by, now)
    return replace(declined, note=note, note_salt=note_salt) if note else declined


def withdraw(request: Request, now: datetime) -> Request:
    """Return the request as withdrawn by its agent. Withdrawing twice returns the same request."""
    if request.closed_as is State.WITHDRAWN:
        return request
    require_pending(request, now)
    return replace(request, closed_as=State.WITHDRAWN)


def close_for_leaver(request: Request, left_at: datetime) -> Request:
    """Return the request as closed because its agent left at that moment. One that was not pending stays the same."""
    return replace(request, closed_as=State.WITHDRAWN) if request.state(left_at) is State.PENDING else request


def expire(request: Request) -> Request:
    """Return the request as expired."""
    return replace(request, closed_as=State.EXPIRED)


def _answered(request: Request, closed_as: State, by: User, now: datetime) -> Request:
    return replace(request, closed_as=closed_as, answered_at=now, answered_by=by.person)


def _registered(tenant: Tenant, recipients: Sequence[str] | None) -> tuple[str, ...]:
    """Return the recipients in the spelling of the tenant's registered addresses, each once."""
    _require_approvers(tenant)
    by_name = {address.casefold(): address for address in tenant.approver_emails}
    wanted = [address.casefold() for address in (tenant.approver_emails if recipients is None else recipients)]
    if not wanted or not by_name.keys() >= set(wanted):
        raise RecipientUnknown
    return tuple(by_name[address] for address in dict.fromkeys(wanted))


def _require_approvers(tenant: Tenant) -> None:
    if not tenant.approver_emails:
        raise NoApprovers
