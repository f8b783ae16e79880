"""Counters: how often something was done in one UTC hour. They bound what agents can cause."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.store import keys
from guestkey.store.table import Item

COUNTED_FOR = timedelta(hours=48)
"""How long a counter may stay readable."""


class CountItem(Item, discriminator="counter"):
    """How often something was done in one hour: by an agent at a tenant, by an agent anywhere, or to a tenant."""

    number = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)
    """How many of them the ledger knows of."""
    noted_as = UnicodeAttribute(null=True)
    """The mark of the try that wrote the hour's first into the ledger; None while the ledger does not have it."""


def item(key: keys.Key) -> CountItem:
    """Return a counter to be raised."""
    return CountItem(*key)


def up(now: datetime, by: int = 1) -> list[Action]:
    """Return what raises a counter, and makes it where there is none yet."""
    return [
        CountItem.kind.set(CountItem),
        CountItem.number.add(by),
        CountItem.ttl.set(int((now + COUNTED_FOR).timestamp())),
    ]


def at_most(limit: int, by: int = 1) -> Condition:
    """Return the condition that a counter does not exceed the limit once it is raised."""
    below: Condition = CountItem.number.does_not_exist() | (CountItem.number <= limit - by)
    return below


def seconds_left(now: datetime) -> int:
    """Return when the hour is over, and with it every limit that was reached in it."""
    return 3600 - int(now.timestamp()) % 3600
