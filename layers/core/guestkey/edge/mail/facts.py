"""The facts of notices about grants, logins and call-backs."""

from collections.abc import Sequence
from dataclasses import dataclass

from guestkey.rules.callbacks import Callback, SlotChange
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Head
from guestkey.rules.logins import Login
from guestkey.rules.people import Tenant


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
