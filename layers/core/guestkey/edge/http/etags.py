"""ETags of answers that are polled: a mark of the facts, and until when they give the same answer."""

import re
from datetime import datetime


class Unchanged(Exception):
    """Raised where the caller has the answer with this ETag already; the response is a 304 without a body."""

    def __init__(self, etag: str) -> None:
        self.etag = etag
        super().__init__(etag)


_ETAG = re.compile(r'"([\w.]+)(?:-(\d{1,12}))?"')


def etag(mark: str, until: datetime | None = None) -> str:
    """Return the ETag of an answer. `mark` changes with the facts; at `until` the same facts give another answer."""
    return f'"{mark}-{int(until.timestamp())}"' if until else f'"{mark}"'


def require_change(if_none_match: str | None, mark: str, now: datetime) -> None:
    """Raise Unchanged where the caller has this answer already.

    A weak ETag counts: a proxy that compresses answers makes strong ones weak.
    """
    for found in _ETAG.finditer(if_none_match or ""):
        if found[1] == mark and (found[2] is None or now.timestamp() < int(found[2])):
            raise Unchanged(found[0])
