"""Counters of one UTC hour, which limit how often something may happen.

A counter is raised in the transaction of the change that it counts, so neither a retry nor a stored response counts.
"""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.errors import TooManyRequests
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item, epoch
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction

GIVEN, BOOKED, CHOSEN, LIFTED, RULED = "given", "booked", "chosen", "lifted", "ruled"
"""The counted actions of a user: grants given, by an approval too; call-backs booked or moved; choices of notices;
locks lifted; changes of the policy."""
CHANGED = "changed"
"""The counted action of an agent at a tenant, besides logins: call-backs taken, handed on or moved."""
KEPT_FOR = timedelta(hours=48)
"""How long a counter may stay readable."""
SECONDS_AN_HOUR = 3600


class CounterItem(Item, discriminator="counter"):
    """Number of times in one hour: by an agent at a tenant, by an agent anywhere, to a tenant, or by a user."""

    number = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)
    """How many of them the ledger reports."""
    noted_as = UnicodeAttribute(null=True)
    """The mark of the try that wrote the hour's first entry into the ledger; None while the ledger has none."""
    incarnation = NumberAttribute(default=1)
    """The person of the agent's id whose actions are counted, where each person has counters."""


def item(key: keys.Key) -> CounterItem:
    """Return a counter to be raised."""
    return CounterItem(*key)


def up(now: datetime) -> list[Action]:
    """Return the update actions that raise a counter by one, and create it where there is none yet."""
    return [
        CounterItem.kind.set(CounterItem),
        CounterItem.number.add(1),
        CounterItem.ttl.set(epoch(now + KEPT_FOR)),
    ]


def at_most(limit: int) -> Condition:
    """Return the condition that a counter does not exceed the limit once it is raised."""
    below: Condition = CounterItem.number.does_not_exist() | (CounterItem.number < limit)
    return below


def count(transaction: Transaction, key: keys.Key, limit: int, now: datetime, *, name: str = "limit") -> None:
    """Add the counting of a change, on condition that the limit of the hour is not reached, as the write `name`."""
    transaction.update(name, item(key), up(now), at_most(limit))


def refuse_at_limit(error: ConditionFailed, now: datetime) -> None:
    """Raise TooManyRequests if the limit is the reason why a change failed.

    If another condition failed with it, a retry finds out about that first. The ledger's head is no reason.
    """
    if error.failed.keys() - {"head"} == {"limit"}:
        raise TooManyRequests(retry_after=seconds_left(now)) from error


def seconds_left(now: datetime) -> int:
    """Return the seconds until the hour ends, when every limit reached in it ends too."""
    return SECONDS_AN_HOUR - int(now.timestamp()) % SECONDS_AN_HOUR
