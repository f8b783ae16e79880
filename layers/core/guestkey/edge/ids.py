"""Ids: ULIDs, which sort by the time of their making."""

from ulid import ULID

from guestkey.rules import limits

NOBODYS = "0" * 26
"""An id that nothing ever has: a ULID of the first moment of 1970."""


def new_id() -> str:
    """Return a fresh id."""
    return str(ULID())


def known_form(id: str) -> str:
    """Return an id from a path, or one that nothing has: what cannot be an id is refused where an unknown one is.

    Not here and now: the right is asked for before existence.
    """
    return id if limits.ULID.fullmatch(id) else NOBODYS


def known_slug(id: str) -> str:
    """Return the id of a tenant from a path, likewise."""
    return id if limits.SLUG.fullmatch(id) else ""
