"""Request bodies of the registry: tenants, departments, agents, rights."""

from typing import Self

from pydantic import Field, StrictBool, model_validator

from guestkey.edge.http.inputs import Country, Email, ExternalId, Input, Language, Name, Version, Zone
from guestkey.rules.limits import MAX_APPROVERS, MAX_DEPARTMENTS
from guestkey.rules.people import AgentKind


class TenantInput(Input):
    """The record of a tenant, with the addresses of its approvers. Without `customer_name` it is the tenant's id."""

    name: Name
    customer_name: Name | None = None
    version: Version
    time_zone: Zone
    language: Language
    country: Country
    approver_emails: list[Email] = Field(max_length=MAX_APPROVERS)


class DepartmentInput(Input):
    """A group of agents."""

    name: Name


class AgentInput(Input):
    """A person who works for the vendor's support, or software that does: then a person is accountable for it."""

    name: Name
    email: Email
    departments: list[ExternalId] = Field(max_length=MAX_DEPARTMENTS)
    active: StrictBool
    kind: AgentKind = Field(default=AgentKind.PERSON, strict=False)
    accountable: ExternalId | None = None

    @model_validator(mode="after")
    def _software_names_a_person(self) -> Self:
        if (self.kind is AgentKind.SOFTWARE) != (self.accountable is not None):
            raise ValueError("software names an accountable agent, and a person names none")
        return self


class RightInput(Input):
    """Whether a user holds the right to grant access to support."""

    may_grant: StrictBool
    changed_by: ExternalId | None = None
