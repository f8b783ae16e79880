"""Cursors of lists: opaque to callers, and valid only for the list that returned them.

A cursor is neither secret nor a permission: with any cursor a list reads only data that the caller's token allows. It
contains a digest of caller, route and filter, so that a cursor of another list is refused and not misinterpreted. The
digest has no key: a caller can make a cursor with any position. So each list names the form of its positions, and
`position` returns no other text.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Annotated
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.errors import CursorInvalid
from guestkey.rules.instants import instant
from guestkey.rules.limits import MAX_CURSOR_LENGTH, MAX_PAGE_SIZE

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_SIZE)]
Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH)]
DIGEST_BYTES = 12
MAX_EXAMINED = 1_000
"""Values that one page reads at most to find those that its filter admits."""


def scope(*parts: str) -> str:
    """Return the scope of a cursor: caller, route and filter."""
    return "\n".join(parts)


def cursor(position: str, scope: str) -> str:
    """Return a cursor for a position in the list."""
    return urlsafe_b64encode(_digest(position, scope) + position.encode()).decode().rstrip("=")


def position(cursor: str | None, scope: str, form: re.Pattern[str]) -> str | None:
    """Return the position in a cursor, which has this form, or None without a cursor. Raises CursorInvalid.

    A group `at` in the form is a moment that exists.
    """
    if cursor is None:
        return None
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = raw[DIGEST_BYTES:].decode()
        parts = form.fullmatch(found)
        if parts and "at" in form.groupindex:
            instant(parts["at"])
    except ValueError:
        raise CursorInvalid from None
    if parts is None or raw[:DIGEST_BYTES] != _digest(found, scope):
        raise CursorInvalid
    return found


def _digest(position: str, scope: str) -> bytes:
    return sha256(f"{scope}\n{position}".encode()).digest()[:DIGEST_BYTES]


def cut[T](
    found: Iterable[tuple[str, T]], limit: int, admits: Callable[[T], bool] = lambda thing: True
) -> tuple[list[T], str | None]:
    """Return the first `limit` values that the filter admits, and the position behind which the list goes on, if any.

    A page reads MAX_EXAMINED values at most, so it may have fewer values than its limit although there are more.
    """
    shown: list[T] = []
    last = None
    for number, (position, thing) in enumerate(found):
        if len(shown) == limit or number == MAX_EXAMINED:
            return shown, last
        if admits(thing):
            shown.append(thing)
        last = position
    return shown, None


def link(rest: str | None, scope: str, query: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return the `Link` header (RFC 8288) to the next page of a list in CSV or JSON Lines, if there is one.

    It repeats the query of this page.
    """
    if rest is None:
        return {}
    next_query = urlencode({"cursor": cursor(rest, scope)} | dict(query or {}))
    return {"Link": f'<?{next_query}>; rel="next"'}
