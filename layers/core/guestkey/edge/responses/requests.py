"""Response bodies of requests."""

from datetime import datetime
from typing import Self

from guestkey.edge.responses.people import Accountable, Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import requests
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import AgentKind
from guestkey.rules.periods import Period
from guestkey.rules.requests import MailState


class RequestAgent(Response):
    """The agent who asks; `present_name` is the name that the id has now, null if it is still the same."""

    id: str
    name: str
    kind: AgentKind
    accountable: Accountable | None
    present_name: str | None


class Request(Response):
    """A request of an agent for a grant, sent by e-mail. A salt is that of the text's hash in the ledger."""

    request_id: str
    tenant_id: str
    agent: RequestAgent
    reason: str
    reason_salt: str | None
    ticket: str | None
    period: Period
    access: AccessLevel
    may_export: bool
    state: requests.State
    requested_at: Instant
    expires_at: Instant
    mail: MailState
    answered_at: Instant | None
    answered_by: Person | None
    note: str | None
    note_salt: str | None
    grant_id: str | None

    @classmethod
    def of(cls, request: requests.Request, at: datetime) -> Self:
        """Return the request with its state at that moment."""
        agent = RequestAgent(
            id=request.agent_id,
            name=request.agent_name,
            kind=AgentKind.of(is_software=request.is_software),
            accountable=Accountable.of(request.accountable),
            present_name=request.present_name,
        )
        return cls.read(request, agent=agent, state=request.state(at))
