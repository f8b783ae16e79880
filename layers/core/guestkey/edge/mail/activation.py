"""The activation e-mail of a request: composed before the request is stored, sent afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guestkey.edge.mail import compose, send
from guestkey.edge.mail.facts import RequestFacts
from guestkey.edge.mail.send import Mail
from guestkey.edge.responses.requests import Request as RequestResponse
from guestkey.rules.people import Agent, Tenant
from guestkey.rules.requests import Request
from guestkey.store import clock
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.registry import people
from guestkey.store.requests import asking


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A request and its activation e-mail, which is not sent yet; None while the stack has no address for links."""

    request: Request
    mail: Mail | None


def draft(request: Request, agent: Agent, tenant: Tenant) -> Draft:
    """Return a request with its activation e-mail in the tenant's language."""
    facts = RequestFacts(
        tenant=tenant,
        request_id=request.request_id,
        agent_id=agent.agent_id,
        agent_name=agent.name,
        departments=people.department_names(agent.departments),
        reason=request.reason,
        ticket=request.ticket,
        accountable=request.accountable,
        period=request.period,
        access=request.access,
        may_export=request.may_export,
        expires_at=request.expires_at,
    )
    mail = compose.write(compose.Kind.ACTIVATION, tenant.language, facts) if send.is_set_up() else None
    return Draft(request=request, mail=mail)


def send_draft(drafted: Draft, recipients: Sequence[str], record: IdempotencyRecord | None) -> RequestResponse:
    """Send the e-mail of a stored request, store whether that succeeded, and return the response."""
    state = send.send_and_report(drafted.mail, recipients)
    response = RequestResponse.of(replace(drafted.request, mail=state), clock.now())
    asking.save_mail_state(drafted.request, state, record and record.with_response(response.as_text()))
    return response
