"""Idempotency records: the first response to a request with an `Idempotency-Key`, stored for 24 hours.

A record is stored in the transaction that does the work, so a request is never "in progress". `expires_at` decides how
long it counts; the table's TTL only deletes it. Requests without the header store nothing and are never merged.

The key names the caller by id. An agent's id may pass to another person, so the record of an agent has the incarnation
too: one of an earlier person counts as none, and is replaced.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from guestkey.errors import IdempotencyKeyReused
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch
from guestkey.store.dynamodb.transaction import Transaction

KEPT_FOR = timedelta(hours=24)


class ReplayResponse(Exception):
    """Raised when the same request was answered before; `response` is the body of that answer."""

    def __init__(self, response: str) -> None:
        self.response = response
        super().__init__("answered before")


class IdempotencyItem(Item, discriminator="kept_answer"):
    """A stored response, and a fingerprint of the request body that led to it."""

    fingerprint = UnicodeAttribute()
    response = UnicodeAttribute(attr_name="answer")
    expires_at = InstantAttribute()
    incarnation = NumberAttribute(null=True)
    """Of the agent whose request it is. A record of a user has none, and is never compared."""


@dataclass(frozen=True, kw_only=True)
class IdempotencyRecord:
    """Key of the record, fingerprint of the request body, and the response once it is known."""

    key: Key
    fingerprint: str
    response: str = ""

    def with_response(self, response: str) -> "IdempotencyRecord":
        """Return the same record with the body of its response."""
        return replace(self, response=response)


def record_keys(record: IdempotencyRecord | None) -> list[Key]:
    """Return the key of the record, to be read together with the context of the change."""
    return [record.key] if record else []


def replay(
    record: IdempotencyRecord | None, found: Mapping[Key, Item], now: datetime, incarnation: int | None = None
) -> None:
    """Raise ReplayResponse if a valid record was read, or IdempotencyKeyReused if it is of another body.

    `incarnation` is that of the agent who asks; None for a user.
    """
    item = found.get(record.key) if record else None
    if record is None or not isinstance(item, IdempotencyItem) or item.expires_at <= now:
        return
    if incarnation is not None and (item.incarnation or 1) != incarnation:
        return
    if item.fingerprint != record.fingerprint:
        raise IdempotencyKeyReused
    raise ReplayResponse(item.response)


def store_response(
    transaction: Transaction, record: IdempotencyRecord | None, now: datetime, incarnation: int | None = None
) -> None:
    """Add the record to the transaction that does the work. Its write is named `idempotency`."""
    if record is None:
        return
    expires_at = now + KEPT_FOR
    item = IdempotencyItem(
        *record.key,
        fingerprint=record.fingerprint,
        response=record.response,
        expires_at=expires_at,
        ttl=epoch(expires_at),
    )
    free: Condition = IdempotencyItem.pk.does_not_exist() | (IdempotencyItem.expires_at <= now)
    if incarnation is not None:
        item.incarnation = incarnation
        free |= ~_is_of(incarnation)
    transaction.put("idempotency", item, free)


def update_response(transaction: Transaction, record: IdempotencyRecord | None, incarnation: int) -> None:
    """Add the replacement of the stored response to an agent: the work went on after the response was stored."""
    if record:
        actions = [IdempotencyItem.response.set(record.response)]
        is_own = IdempotencyItem.pk.exists() & _is_of(incarnation)
        transaction.update("idempotency", IdempotencyItem(*record.key), actions, is_own)


def _is_of(incarnation: int) -> Condition:
    """Return the condition that a record is of this person. One from before incarnations is of the first."""
    is_same: Condition = IdempotencyItem.incarnation == incarnation
    return is_same | IdempotencyItem.incarnation.does_not_exist() if incarnation == 1 else is_same
