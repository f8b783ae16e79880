"""The facts of activation e-mails, and of notices about grants, logins and call-backs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from guestkey.rules.callback_entries import SlotChange
from guestkey.rules.callbacks import Callback
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import ByType, Head
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import Login
from guestkey.rules.people import Accountable, Tenant
from guestkey.rules.periods import Period


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """Facts of an activation e-mail. `departments` are names."""

    tenant: Tenant
    request_id: str
    agent_id: str
    agent_name: str
    departments: Sequence[str]
    reason: str
    ticket: str | None
    accountable: Accountable | None = None
    period: Period
    access: AccessLevel = AccessLevel.CHANGE
    may_export: bool
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class GrantFacts:
    """Facts of a notice that a grant was given, revoked, ended or is due for review."""

    tenant: Tenant
    grant: Grant
    head: Head


@dataclass(frozen=True, kw_only=True)
class LoginFacts:
    """Facts of a notice about a person's first login of a day under a grant. `departments` are names."""

    tenant: Tenant
    login: Login
    departments: Sequence[str]
    head: Head


@dataclass(frozen=True, kw_only=True)
class CallbackFacts:
    """Facts of an e-mail about a call-back. `topic` is a name; the times are those of `change`, not of the record."""

    tenant: Tenant
    callback: Callback
    change: SlotChange
    topic: str
    head: Head

    @property
    def is_by_support(self) -> bool:
        """Whether support or the vendor changed the call-back, which the e-mail says."""
        return self.change.by in {ByType.AGENT, ByType.VENDOR}

    @property
    def reason(self) -> str | None:
        """The reason of the change. A later change has replaced it in the record."""
        is_of_this = self.is_by_support and self.callback.version == self.change.version
        return self.callback.reason if is_of_this else None
