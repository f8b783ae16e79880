"""Ids: ULIDs, which sort by the time of their making."""

import re

from ulid import ULID

from guestkey.errors import NotFound

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def new_id() -> str:
    """Return a fresh id."""
    return str(ULID())


def known_form(id: str) -> str:
    """Return an id from a path. What cannot be an id names nothing: NotFound, as for any unknown one."""
    if not _ULID.fullmatch(id):
        raise NotFound
    return id
