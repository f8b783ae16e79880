"""Answers kept for an Idempotency-Key: stored in the transaction that does the work, so there is no "in progress".

Kept 24 hours by their own time; the table's TTL only sweeps. Requests without the header keep nothing and never merge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from guestkey.errors import IdempotencyKeyReused
from guestkey.store.keys import Key
from guestkey.store.table import Change, InstantAttribute, Item, Unmet

KEPT_FOR = timedelta(hours=24)


class AnsweredBefore(Exception):
    """The same request was answered before; `answer` is the body of that answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        super().__init__("answered before")


class OnceItem(Item, discriminator="kept_answer"):
    """An answer, and a fingerprint of the body that was sent for it."""

    fingerprint = UnicodeAttribute()
    answer = UnicodeAttribute()
    expires_at = InstantAttribute()


@dataclass(frozen=True, kw_only=True)
class Once:
    """One request that its caller wants done once. `answer` is filled in before it is kept."""

    key: Key
    fingerprint: str
    answer: str = ""

    def answering(self, answer: str) -> "Once":
        """Return the same request with the body of its answer."""
        return replace(self, answer=answer)


def kept_at(once: Once | None) -> list[Key]:
    """Return where an answer may be kept, to be read together with what the request stands on."""
    return [once.key] if once else []


def replay(once: Once | None, found: Mapping[Key, Item], now: datetime) -> None:
    """Raise AnsweredBefore, or IdempotencyKeyReused for another body, if what was read keeps an answer still valid."""
    item = found.get(once.key) if once else None
    if once and isinstance(item, OnceItem) and item.expires_at > now:
        _replay(once, item)


def keep(change: Change, once: Once | None, now: datetime) -> None:
    """Add the kept answer to the change that does the work."""
    if once:
        expires_at = now + KEPT_FOR
        item = OnceItem(
            *once.key,
            fingerprint=once.fingerprint,
            answer=once.answer,
            expires_at=expires_at,
            ttl=int(expires_at.timestamp()),
        )
        change.put("once", item, OnceItem.pk.does_not_exist() | (OnceItem.expires_at <= now))


def amend(change: Change, once: Once | None) -> None:
    """Add to a change what makes the kept answer another: what was done for it went on after it was kept."""
    if once:
        change.update("once", OnceItem(*once.key), [OnceItem.answer.set(once.answer)], OnceItem.pk.exists())


def replay_winner(once: Once | None, unmet: Unmet) -> None:
    """Raise what the request that won the race was answered, if that is why the change failed."""
    if once and "once" in unmet.found:
        raw: dict[str, Any] = unmet.found["once"]
        _replay(once, OnceItem.from_raw_data(raw))


def _replay(once: Once, item: OnceItem) -> None:
    if item.fingerprint != once.fingerprint:
        raise IdempotencyKeyReused
    raise AnsweredBefore(item.answer)
