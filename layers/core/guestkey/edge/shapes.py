"""The shapes of the contract: what the product answers with, and what its OpenAPI document shows.

Times are RFC 3339 in UTC with `Z`, whole seconds. What depends on the clock is computed here, at the moment of
answering.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, PlainSerializer, WithJsonSchema

from guestkey.edge import http, pages
from guestkey.rules import grants, logins, people, requests
from guestkey.rules.grants import State
from guestkey.rules.instants import text_of
from guestkey.rules.logins import End
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import Period
from guestkey.rules.requests import Fate
from guestkey.store.whereabouts import Place

Instant = Annotated[
    datetime,
    PlainSerializer(text_of, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T14:00:00Z"]}),
]


class Shape(BaseModel):
    """Anything that is answered."""

    def as_members(self) -> dict[str, Any]:
        """Return the shape as a member of a refusal carries it."""
        return self.model_dump(mode="json")

    def as_text(self) -> str:
        """Return the shape exactly as an answer carries it."""
        return http.text_of(self.as_members())


class Page[T](Shape):
    """Some of a list, and where the rest begins; `next_cursor` is null at the end."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def of[V](cls, found: Iterable[tuple[str, V]], limit: int, scope: str, show: Callable[[V], T]) -> Self:
        """Return the first `limit` of what was found with its positions, and a cursor to the rest if there is one."""
        ahead, rest = pages.cut(found, limit)
        return cls(items=[show(one) for one in ahead], next_cursor=rest and pages.cursor(rest, scope))


class Grantee(Shape):
    """Whom a grant lets in."""

    type: GranteeType
    id: str
    name: str


class Person(Shape):
    """A user of the tenant."""

    user_id: str
    name: str

    @classmethod
    def of(cls, person: people.Person) -> Self:
        """Return that person."""
        return cls(user_id=person.user_id, name=person.name)


class Grant(Shape):
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
    revoked_at: Instant | None
    revoked_by: Person | None
    request_id: str | None

    @classmethod
    def of(cls, grant: grants.Grant, at: datetime) -> Self:
        """Return the grant as it stands at that moment."""
        return cls(
            grant_id=grant.grant_id,
            grantee=Grantee(type=grant.grantee.type, id=grant.grantee.id, name=grant.grantee.name),
            period=grant.period,
            may_export=grant.may_export,
            state=grant.state(at),
            granted_at=grant.granted_at,
            granted_by=Person.of(grant.granted_by),
            ends_at=grant.ends_at,
            review_at=grant.review_at,
            revoked_at=grant.revoked_at,
            revoked_by=Person.of(grant.revoked_by) if grant.revoked_by else None,
            request_id=grant.request_id,
        )


class LoginAgent(Shape):
    """The agent who entered, with the departments they belonged to at that moment."""

    id: str
    name: str
    departments: list[str]


class Login(Shape):
    """One recorded entry of an agent into a tenant."""

    login_id: str
    tenant_id: str
    agent: LoginAgent
    reason: str
    ticket: str | None
    may_export: bool
    logged_in_at: Instant
    ended_at: Instant | None
    end: End | None
    grant_id: str
    access_ends_at: Instant | None

    @classmethod
    def of(cls, login: logins.Login) -> Self:
        """Return the login as its values say."""
        return cls(
            login_id=login.login_id,
            tenant_id=login.tenant_id,
            agent=LoginAgent(id=login.agent_id, name=login.agent_name, departments=list(login.departments)),
            reason=login.reason,
            ticket=login.ticket,
            may_export=login.may_export,
            logged_in_at=login.logged_in_at,
            ended_at=login.ended_at,
            end=login.end,
            grant_id=login.grant_id,
            access_ends_at=login.access_ends_at,
        )


class RequestAgent(Shape):
    """The agent who asks."""

    id: str
    name: str


class Request(Shape):
    """An agent asks for a grant by mail."""

    request_id: str
    tenant_id: str
    agent: RequestAgent
    reason: str
    period: Period
    may_export: bool
    state: requests.State
    requested_at: Instant
    expires_at: Instant
    mail: Fate
    answered_at: Instant | None
    answered_by: Person | None
    note: str | None
    grant_id: str | None

    @classmethod
    def of(cls, request: requests.Request, at: datetime) -> Self:
        """Return the request as it stands at that moment."""
        return cls(
            request_id=request.request_id,
            tenant_id=request.tenant_id,
            agent=RequestAgent(id=request.agent_id, name=request.agent_name),
            reason=request.reason,
            period=request.period,
            may_export=request.may_export,
            state=request.state(at),
            requested_at=request.requested_at,
            expires_at=request.expires_at,
            mail=request.mail,
            answered_at=request.answered_at,
            answered_by=Person.of(request.answered_by) if request.answered_by else None,
            note=request.note,
            grant_id=request.grant_id,
        )


class Me(Shape):
    """Who you are here, and what you may do."""

    user_id: str
    name: str
    tenant_id: str
    locale: str | None
    may_grant: bool
    may_book_slot: bool


class About(Shape):
    """Which customer this is, and which version it runs."""

    tenant_id: str
    name: str
    version: str
    time_zone: str
    country: str


class Tenant(About):
    """A tenant as the vendor registered it."""

    language: str
    approver_emails: list[str]

    @classmethod
    def of(cls, tenant: people.Tenant) -> Self:
        """Return the tenant as registered."""
        return cls(**asdict(tenant))


class SupportTenant(Shape):
    """A tenant as agents may know it."""

    tenant_id: str
    name: str
    country: str
    language: str
    approver_emails: list[str]

    @classmethod
    def of(cls, tenant: people.Tenant) -> Self:
        """Return what agents may see of a tenant."""
        return cls(
            tenant_id=tenant.tenant_id,
            name=tenant.name,
            country=tenant.country,
            language=tenant.language,
            approver_emails=list(tenant.approver_emails),
        )


class Department(Shape):
    """A group of agents."""

    id: str
    name: str

    @classmethod
    def of(cls, department: people.Department) -> Self:
        """Return the department as registered."""
        return cls(id=department.department_id, name=department.name)


class DirectoryAgent(Shape):
    """An agent who can be let in; no mail address."""

    id: str
    name: str
    departments: list[str]

    @classmethod
    def of(cls, agent: people.Agent) -> "DirectoryAgent":
        """Return what users may see of an agent."""
        return DirectoryAgent(id=agent.agent_id, name=agent.name, departments=list(agent.departments))


class Directory(Shape):
    """Who can be let in."""

    departments: list[Department]
    agents: list[DirectoryAgent]


class Agent(Shape):
    """An agent as the vendor registered it."""

    id: str
    name: str
    email: str
    departments: list[str]
    active: bool

    @classmethod
    def of(cls, agent: people.Agent) -> Self:
        """Return the agent as registered."""
        return cls(
            id=agent.agent_id,
            name=agent.name,
            email=agent.email,
            departments=list(agent.departments),
            active=agent.is_active,
        )


class Right(Shape):
    """Whether a user may let support in."""

    tenant_id: str
    user_id: str
    may_grant: bool


class Access(Shape):
    """A tenant that lets you in now: the union of the grants named."""

    tenant_id: str
    name: str
    ends_at: Instant | None
    may_export: bool
    grant_ids: list[str]

    @classmethod
    def of(cls, place: Place) -> Self:
        """Return the place as found."""
        return cls(**asdict(place))
