"""Response bodies of logins and of an agent's access."""

from typing import Self

from guestkey.edge.responses.people import Accountable, Person
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import logins
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import End, EndCause
from guestkey.rules.people import AgentKind, other_name
from guestkey.store.access.grant_lists import BesideLogins


class LoginAgent(Response):
    """The agent who logged in, with the departments and, for software, the accountable person of that moment."""

    id: str
    name: str
    kind: AgentKind
    accountable: Accountable | None
    departments: list[str]

    @classmethod
    def of(cls, login: logins.Login, **more: str | None) -> Self:
        """Return the agent of a login."""
        kind, accountable = AgentKind.of(is_software=login.is_software), Accountable.of(login.accountable)
        who = {"id": login.agent_id, "name": login.agent_name, "departments": list(login.departments)}
        return cls.model_validate(who | {"kind": kind, "accountable": accountable} | more)


class Login(Response):
    """One recorded entry of an agent into a tenant. `reason_salt` is the salt of the reason's hash in the ledger."""

    login_id: str
    tenant_id: str
    agent: LoginAgent
    reason: str
    reason_salt: str | None
    ticket: str | None
    access: AccessLevel
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
        return cls.read(login, agent=LoginAgent.of(login))


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
        present_name = other_name(login.agent_name, beside.agents.get(login.agent_id))
        agent = OverviewAgent.of(login, present_name=present_name)
        return cls.read(login, agent=agent, granted_by=beside.givers.get(login.grant_id))


class Access(Response):
    """A tenant that you may enter now: the union of the grants with these ids."""

    tenant_id: str
    name: str
    ends_at: Instant | None
    access: AccessLevel
    may_export: bool
    grant_ids: list[str]
