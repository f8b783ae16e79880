"""Request bodies of grants and approvals."""

from pydantic import Field, StrictBool

from guestkey.edge.http.inputs import ExternalId, Input, Note
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import DEFAULT_PERIOD, Period


class GranteeInput(Input):
    """An active agent, or a department."""

    type: GranteeType = Field(strict=False)
    id: ExternalId


class GrantInput(Input):
    """Grantee, period, and whether data may be exported."""

    grantee: GranteeInput
    period: Period = Field(default=DEFAULT_PERIOD, strict=False)
    may_export: StrictBool = False


class ApprovalInput(Input):
    """Period and export. A missing period is the requested one; only `true` allows export, even requested export."""

    period: Period | None = Field(default=None, strict=False)
    may_export: StrictBool | None = None


class DeclineInput(Input):
    """A note that the agent may read."""

    note: Note | None = None
