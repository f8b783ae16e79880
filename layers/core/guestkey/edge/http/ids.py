"""Ids: ULIDs, which sort by the time of their creation. And the salts of hashed texts."""

from secrets import token_hex

from ulid import ULID

from guestkey.rules.limits import EXTERNAL_ID
from guestkey.rules.limits import ULID as ULID_FORM

NIL_ULID = "0" * 26
"""An id without any item: the ULID of the first moment of 1970."""
SALT_BYTES = 16


def new_salt() -> str:
    """Return the random salt with which the ledger hashes one typed text: 32 hexadecimal digits."""
    return token_hex(SALT_BYTES)


def new_id() -> str:
    """Return a new id."""
    return str(ULID())


def valid_id(id: str) -> str:
    """Return the id from a path; replace a malformed one by the nil ULID.

    A malformed id then ends in the same 404 as an unknown one, after the permission check.
    """
    return id if ULID_FORM.fullmatch(id) else NIL_ULID


def valid_external_id(id: str) -> str:
    """Return a tenant's id from a path; replace a malformed one by the empty text, for the same reason."""
    return id if EXTERNAL_ID.fullmatch(id) else ""
