"""E-mail addresses: the one form in which an address is stored, compared and sent.

A domain may be internationalised; its ASCII form (IDNA 2008) is kept. SES sends to no local part outside of ASCII.
An address becomes a header, where mail programs would decode what follows `=?`.
"""

import re

from guestkey.rules.limits import MAX_EMAIL_LENGTH

_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_DOTS = r"(?!\.|[^@]*\.[.@])"
"""A local part neither begins nor ends with a dot, and has no two dots in a row: SES refuses it."""
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_DOTS}{_LOCAL}@{_LABEL}(\.{_LABEL})+")
"""The form that HTML's e-mail field accepts, with a dot in the domain and RFC 5322's dots in the local part."""
TYPED = rf"^{_LOCAL}@[^\s@.]+(\.[^\s@.]+)+$"
"""The form of an address as typed: every mailable address has it, and some that `mailable` refuses."""


def mailable(typed: str) -> str | None:
    """Return the address in its ASCII form, or None if it cannot be mailed. It need not exist."""
    address = typed if typed.isascii() else _with_ascii_domain(typed)
    return address if len(address) <= MAX_EMAIL_LENGTH and _ADDRESS.fullmatch(address) and "=?" not in address else None


def _with_ascii_domain(typed: str) -> str:
    # Imported here because checks load this module, and hardly any address needs it.
    import idna  # noqa: PLC0415

    local, _, domain = typed.rpartition("@")
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return ""
