"""Response bodies of logins and of an agent's access."""

from typing import Self

from guestkey.edge.responses.people import Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import logins
from guestkey.rules.logins import End, EndCause
from guestkey.rules.people import other_name
from guestkey.store.access.grant_lists import BesideLogins


class LoginAgent(Response):
    """The agent who logged in, with the departments of that moment."""

    id: str
    name: str
    departments: list[str]


class Login(Response):
    """One recorded entry of an agent into a tenant. `reason_salt` is the salt of the reason's hash in the ledger."""

    login_id: str
    tenant_id: str
    agent: LoginAgent
    reason: str
    reason_salt: str | None
    ticket: str | None
    may_export: bool
    logged_in_at: Instant
    ended_at: Instant | None
    end: End | None
    end_cause: EndCause | None
    grant_id: str
    access_ends_at: Instant | None

    @classmethod
    def of(cls, login: logins.Login) -> Self:
        """Return the login."""
        agent = LoginAgent(id=login.agent_id, name=login.agent_name, departments=list(login.departments))
        return cls.read(login, agent=agent)


class OverviewAgent(LoginAgent):
    """The agent who logged in; `present_name` is the name that the id has now, null if it is still the same."""

    present_name: str | None


class LoginInOverview(Login):
    """A login, and the user who gave the grant by which the agent came in; null if the grant is no longer kept."""

    agent: OverviewAgent
    granted_by: Person | None

    @classmethod
    def under(cls, login: logins.Login, beside: BesideLogins) -> Self:
        """Return the login with the facts that the overview shows beside it."""
        agent = OverviewAgent(
            id=login.agent_id,
            name=login.agent_name,
            departments=list(login.departments),
            present_name=other_name(login.agent_name, beside.agents.get(login.agent_id)),
        )
        return cls.read(login, agent=agent, granted_by=beside.givers.get(login.grant_id))


class Access(Response):
    """A tenant that you may enter now: the union of the grants with these ids."""

    tenant_id: str
    name: str
    ends_at: Instant | None
    may_export: bool
    grant_ids: list[str]
