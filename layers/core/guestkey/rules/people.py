"""Tenants and their users, agents and their departments, and the grantees of grants."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from itertools import zip_longest
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from guestkey.rules.logins import Login

READ_BESIDE = {"is_stored": False}
"""Metadata of a field that another record has, and that is read beside the value where it is shown."""


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One customer's installation, as the vendor registered it."""

    tenant_id: str
    name: str
    customer_name: str
    """The name that the tenant's users type at sign-in; the tenant's id unless the vendor registers another."""
    version: str
    time_zone: str
    language: str
    country: str
    approver_emails: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this tenant's days, weeks and months end."""
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the tenant, from the claims of a verified token."""

    tenant_id: str
    user_id: str
    name: str
    email: str | None = None
    locale: str | None = None
    has_right_by_default: bool = True
    """Whether the user holds the right if the tenant's record does not name the user."""
    is_email_verified: bool = True
    """Whether the token does not deny that the address is the user's own."""

    @property
    def person(self) -> "Person":
        """The user as records name them."""
        return Person(user_id=self.user_id, name=self.name)

    def holds_right(self, by_name: bool | None) -> bool:
        """Say whether the user holds the right, by the tenant's record: given, taken away, or not named (None)."""
        return self.has_right_by_default if by_name is None else by_name

    @property
    def address_hash(self) -> str | None:
        """The hash of the user's own address, by which the notice of their act recognises it; None if unproven."""
        return address_hash(self.email) if self.email and self.is_email_verified else None


@dataclass(frozen=True, kw_only=True)
class NamedRight:
    """Whether a user of the tenant holds the right, by the tenant's record, and since when."""

    user_id: str
    may_grant: bool
    changed_at: datetime


@dataclass(frozen=True, kw_only=True)
class Department:
    """A group of agents."""

    department_id: str
    name: str


class AgentKind(StrEnum):
    """Kind of an agent, by its name in the API."""

    PERSON = "person"
    SOFTWARE = "software"

    @classmethod
    def of(cls, *, is_software: bool) -> "AgentKind":
        """Return the kind of an agent."""
        return cls.SOFTWARE if is_software else cls.PERSON


@dataclass(frozen=True, kw_only=True)
class Accountable:
    """The person who is accountable for an agent that is software."""

    agent_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A person who works for the vendor's support, or software that does, for which a person is accountable."""

    agent_id: str
    name: str
    email: str
    departments: tuple[str, ...]
    is_active: bool
    changed_at: datetime
    """Time of the last change of departments, activity or kind: access through a former department ends then."""
    is_software: bool = False
    accountable: Accountable | None = None
    """An active person while the software is active: it turns inactive together with the person."""
    accountable_for: tuple[str, ...] = ()
    """Ids of the active software for which this person is accountable."""
    incarnation: int = 1
    """Number of the person or the software behind this id. It rises when the agent turns inactive, or from a person
    into software or back, which ends what named the agent."""
    memberships: tuple[int, ...] = ()
    """For each department the number at which the present membership began; 0 in records from before numbers."""
    joined: int = 0
    """The last such number. It only rises, so that a membership that began anew has another number."""
    version: int = 0
    """Number of the writes of this record; 0 in records from before numbers."""

    def membership(self, department_id: str) -> int | None:
        """Return the number at which the membership began, or None outside the department."""
        return dict(zip_longest(self.departments, self.memberships, fillvalue=0)).get(department_id)

    def succeeds(self, before: "Agent | None") -> "Agent":
        """Return this record, as the vendor gave it, with the numbers that follow from the record before.

        The incarnation rises when an active agent turns inactive or becomes of the other kind, and by nothing else. A
        membership keeps its number until the agent leaves the department. `changed_at` stays unless departments,
        activity or kind change.
        """
        if before is None:
            return replace(self, memberships=(1,) * len(self.departments), joined=1, version=1)
        joined = before.joined if set(self.departments) <= set(before.departments) else before.joined + 1
        began = (before.membership(id) for id in self.departments)
        is_same_kind = before.is_software == self.is_software
        is_same = is_same_kind and before.is_active == self.is_active
        is_same = is_same and set(before.departments) == set(self.departments)
        return replace(
            self,
            changed_at=before.changed_at if is_same else self.changed_at,
            accountable_for=before.accountable_for if self.may_be_accountable else (),
            incarnation=before.incarnation + (before.is_active and not (self.is_active and is_same_kind)),
            memberships=tuple(joined if number is None else number for number in began),
            joined=joined,
            version=before.version + 1,
        )

    @property
    def may_be_accountable(self) -> bool:
        """Whether the agent can be accountable for software: an active person."""
        return self.is_active and not self.is_software

    @property
    def depends_on(self) -> str | None:
        """The id of the person with whom this software turns inactive; None for a person and for inactive software."""
        return self.accountable.agent_id if self.is_software and self.is_active and self.accountable else None

    def followed_by(self, person: "Agent", at: datetime) -> "Agent":
        """Return this software's record after a change of the accountable person: renamed, or inactive with them."""
        assert self.accountable
        named = replace(self, accountable=replace(self.accountable, name=person.name))
        is_active = self.is_active and person.may_be_accountable
        return replace(named, is_active=is_active, changed_at=at).succeeds(self)

    def differs(self, before: "Agent | None") -> bool:
        """Say whether this record says something else than the one before it, or that one has no numbers yet."""
        return before is None or not before.version or replace(self, version=before.version) != before


class GranteeType(StrEnum):
    """Type of a grantee."""

    AGENT = "agent"
    DEPARTMENT = "department"


@dataclass(frozen=True, kw_only=True)
class Grantee:
    """The agent or department that a grant covers."""

    type: GranteeType
    id: str
    name: str
    incarnation: int = 1
    """The person whom the customer let in, by the agent's number at that moment; 1 for a department."""
    may_automate: bool = False
    """Whether a department's grant covers its software as well."""
    is_software: bool = False
    accountable: Accountable | None = field(default=None, compare=False, metadata=READ_BESIDE)
    """The person who is accountable now for the software that the grantee is."""
    present_name: str | None = field(default=None, compare=False, metadata=READ_BESIDE)
    """The name that the record of the id has now; None if it is the one that the customer consented to."""

    @property
    def agent_id(self) -> str | None:
        """The id of the agent, or None for a department."""
        return self.id if self.type is GranteeType.AGENT else None

    def covers(self, agent: "Agent | Login") -> bool:
        """Say whether this grantee is the agent, or a department of the agent: now, or as a login recorded it.

        A department covers software only where the customer said so.
        """
        if self.type is GranteeType.AGENT:
            return self.id == agent.agent_id and self.incarnation == agent.incarnation
        return self.id in agent.departments and (self.may_automate or not agent.is_software)


def grantee(agent: Agent) -> Grantee:
    """Return the agent as a grantee: the person, or the software, behind the id at this moment."""
    return Grantee(
        type=GranteeType.AGENT,
        id=agent.agent_id,
        name=agent.name,
        incarnation=agent.incarnation,
        is_software=agent.is_software,
        accountable=agent.accountable,
    )


def other_name(consented: str, now: "Agent | Department | None") -> str | None:
    """Return the present name of an id beside the one that a customer consented to, None where they do not differ.

    It is the name of the id's record, even if another person follows under the id: the customer sees that.
    """
    return now.name if now and now.name != consented else None


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user as stored in a record: the giver of a grant, for example."""

    user_id: str
    name: str


def address_hash(address: str) -> str:
    """Return the hash by which an address is recognised, in any spelling of case, where it must not be stored."""
    return sha256(address.casefold().encode()).hexdigest()


def distinct(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses in their order, each once. Two spellings that differ in case only are one address."""
    spelled: dict[str, str] = {}
    for address in addresses:
        spelled.setdefault(address.casefold(), address)
    return tuple(spelled.values())


def are_same(addresses: Iterable[str], others: Iterable[str]) -> bool:
    """Say whether two lists name the same addresses, in any order and in any spelling of case."""
    return {address.casefold() for address in addresses} == {address.casefold() for address in others}
