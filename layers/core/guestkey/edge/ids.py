"""Ids: ULIDs, which sort by the time of their making."""

from ulid import ULID

from guestkey.edge import callers
from guestkey.errors import NotFound


def new_id() -> str:
    """Return a fresh id."""
    return str(ULID())


def known_form(id: str) -> str:
    """Return an id from a path. What cannot be an id names nothing: NotFound, as for any unknown one."""
    if not callers.ULID.fullmatch(id):
        raise NotFound
    return id
