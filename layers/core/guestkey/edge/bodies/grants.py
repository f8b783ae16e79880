"""Request bodies of grants and approvals."""

from typing import Self

from pydantic import Field, StrictBool, model_validator

from guestkey.edge.http.inputs import ExternalId, Input, Note
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import DEFAULT_PERIOD, Period


class GranteeInput(Input):
    """An active agent, or a department."""

    type: GranteeType = Field(strict=False)
    id: ExternalId


class GrantInput(Input):
    """Grantee, period, level, whether data may be exported, and whether a department's software is let in as well.

    A missing level is the stack's default. A grant to software itself covers it without `may_automate`.
    """

    grantee: GranteeInput
    period: Period = Field(default=DEFAULT_PERIOD, strict=False)
    access: AccessLevel | None = Field(default=None, strict=False)
    may_export: StrictBool = False
    may_automate: StrictBool = False

    @model_validator(mode="after")
    def _automates_a_department(self) -> Self:
        if self.may_automate and self.grantee.type is not GranteeType.DEPARTMENT:
            raise ValueError("may_automate is for departments only: a grant to software itself covers it")
        return self


class ApprovalInput(Input):
    """Period, level and export. A missing period or level is the requested one; the level may be lower, never higher.

    Only `true` allows export, even requested export.
    """

    period: Period | None = Field(default=None, strict=False)
    access: AccessLevel | None = Field(default=None, strict=False)
    may_export: StrictBool | None = None


class DeclineInput(Input):
    """A note that the agent may read."""

    note: Note | None = None
