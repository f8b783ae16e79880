"""Counters of one UTC hour, which limit how often something may happen."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item, epoch

KEPT_FOR = timedelta(hours=48)
"""How long a counter may stay readable."""
SECONDS_AN_HOUR = 3600


class CounterItem(Item, discriminator="counter"):
    """Number of times in one hour: by an agent at a tenant, by an agent anywhere, or to a tenant."""

    number = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)
    """How many of them the ledger reports."""
    noted_as = UnicodeAttribute(null=True)
    """The mark of the try that wrote the hour's first entry into the ledger; None while the ledger has none."""


def item(key: keys.Key) -> CounterItem:
    """Return a counter to be raised."""
    return CounterItem(*key)


def up(now: datetime, by: int = 1) -> list[Action]:
    """Return the update actions that raise a counter, and create it where there is none yet."""
    return [
        CounterItem.kind.set(CounterItem),
        CounterItem.number.add(by),
        CounterItem.ttl.set(epoch(now + KEPT_FOR)),
    ]


def at_most(limit: int, by: int = 1) -> Condition:
    """Return the condition that a counter does not exceed the limit once it is raised."""
    below: Condition = CounterItem.number.does_not_exist() | (CounterItem.number <= limit - by)
    return below


def seconds_left(now: datetime) -> int:
    """Return the seconds until the hour ends, when every limit reached in it ends too."""
    return SECONDS_AN_HOUR - int(now.timestamp()) % SECONDS_AN_HOUR
