"""Counters: how often an agent did something at a tenant in one UTC hour. They bound what agents can cause."""

from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey.store import keys
from guestkey.store.table import Item

COUNTED_FOR = timedelta(hours=48)
"""How long a counter may stay readable."""


class CountItem(Item, discriminator="counter"):
    """How often an agent did something at a tenant in one hour."""

    number = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)
    """How many of them the ledger knows of."""
    noted_as = UnicodeAttribute(null=True)
    """The mark of the try that wrote the hour's first into the ledger; None while the ledger does not have it."""


def item(key: keys.Key) -> CountItem:
    """Return a counter to be raised."""
    return CountItem(*key)


def one_more(now: datetime) -> list[Action]:
    """Return what raises a counter by one, and makes it where there is none yet."""
    return [
        CountItem.kind.set(CountItem),
        CountItem.number.add(1),
        CountItem.ttl.set(int((now + COUNTED_FOR).timestamp())),
    ]
