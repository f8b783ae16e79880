"""Response bodies of the rights of a tenant's users."""

import re
from collections.abc import Iterable
from typing import Self

from guestkey import settings
from guestkey.edge.http import cursors
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import people
from guestkey.rules.limits import EXTERNAL_ID

USER = "user:"
POSITION = re.compile(USER + EXTERNAL_ID.pattern)


def last_user(cursor: str | None, scope: str) -> str | None:
    """Return the id of the user behind whom the list goes on, or None without a cursor. Raises CursorInvalid."""
    position = cursors.position(cursor, scope, POSITION)
    return position and position.removeprefix(USER)


class NamedRight(Response):
    """A user whom the record names, with or without the right."""

    user_id: str
    may_grant: bool
    changed_at: Instant


class RightByDefault(Response):
    """The right of all other users. With a `claim` only those hold it whose token has one of the `values` in it."""

    may_grant: bool
    claim: str | None
    values: list[str]


class Rights(Response):
    """Users who hold the right by the record, or lack it, in the order of their ids; and the default of all others."""

    default: RightByDefault
    items: list[NamedRight]
    next_cursor: str | None

    @classmethod
    def of(cls, found: Iterable[people.NamedRight], limit: int, scope: str) -> Self:
        """Return the first `limit` of the rights found, and a cursor if there are more."""
        part, rest = cursors.cut(((USER + right.user_id, right) for right in found), limit)
        claim = settings.RIGHT_CLAIM
        return cls(
            default=RightByDefault(may_grant=not claim, claim=claim or None, values=sorted(settings.RIGHT_VALUES)),
            items=[NamedRight.read(right) for right in part],
            next_cursor=rest and cursors.cursor(rest, scope),
        )
