"""Response bodies of tenants and of the right of their users."""

from guestkey.edge.responses.response import Response


class About(Response):
    """The customer and the version it runs. `customer_name` is the name that its users type at sign-in."""

    tenant_id: str
    name: str
    customer_name: str
    version: str
    time_zone: str
    country: str


class Tenant(About):
    """A tenant as the vendor registered it."""

    language: str
    approver_emails: list[str]


class SupportTenant(Response):
    """The part of a tenant that agents may read. While it is `locked`, no agent enters; requests wait.

    `policy_version` is the version of the customer's policy, 0 without one.
    """

    tenant_id: str
    name: str
    country: str
    language: str
    approver_emails: list[str]
    locked: bool
    policy_version: int


class Right(Response):
    """Whether a user holds the right to grant access to support."""

    tenant_id: str
    user_id: str
    may_grant: bool
