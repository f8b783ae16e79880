"""The base model of every item, its attribute types and the three indexes.

pynamodb opens the table with the indexes of one class, so the keys of all indexes belong to the base model.
"""

from datetime import datetime
from functools import cache
from typing import Any, Self, cast

from pynamodb.attributes import Attribute, DiscriminatorAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.exceptions import AttributeDeserializationError
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

from guestkey import settings
from guestkey.rules.instants import instant, text_of

CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 2
DESERIALIZATION_ERRORS = (AttributeDeserializationError, ArithmeticError, LookupError, TypeError, ValueError)
"""Raised by pynamodb and by the attributes below for a value of another form."""
MAX_RESENDS = 2
"""Number of times botocore resends a lost request by itself. A transaction keeps its token and is executed once."""


class InstantAttribute(Attribute[datetime]):
    """A moment, stored as text that sorts and compares as time does."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return text_of(value)

    def deserialize(self, value: str) -> datetime:
        return instant(value)


class Texts(ListAttribute[str]):
    """A list of texts."""

    def __init__(self, *, null: bool = False) -> None:
        super().__init__(of=UnicodeAttribute, null=null)  # type: ignore[arg-type] # its stub asks for the value's type


class Numbers(ListAttribute[int]):
    """A list of whole numbers."""

    def __init__(self) -> None:
        super().__init__(of=NumberAttribute, null=True)  # type: ignore[arg-type] # as above


class ByGrantee(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # pynamodb leaves a hook untyped
    """Live keys by grantee, open logins by agent. It projects hardly more than keys: each match is confirmed."""

    class Meta:
        index_name = "by_grantee"
        projection = IncludeProjection(["kind"])

    by_grantee = UnicodeAttribute(hash_key=True)
    by_grantee_sort = UnicodeAttribute(range_key=True)


class Directory(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # as above
    """Active agents and departments: all possible grantees."""

    class Meta:
        index_name = "directory"
        projection = AllProjection()

    directory = UnicodeAttribute(hash_key=True)
    directory_sort = UnicodeAttribute(range_key=True)


class Due(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # as above
    """Items by the time at which the clean-up must process them. It projects keys only: the item is read first."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due = UnicodeAttribute(hash_key=True)
    due_at = InstantAttribute(range_key=True)


class Item(Model):
    """Attributes that every item has: key, kind, time to live, and the keys of the indexes."""

    class Meta:
        table_name = settings.TABLE_NAME
        connect_timeout_seconds = CONNECT_TIMEOUT_SECONDS
        read_timeout_seconds = READ_TIMEOUT_SECONDS
        max_retry_attempts = MAX_RESENDS

    pk = UnicodeAttribute(hash_key=True, attr_name="PK")
    sk = UnicodeAttribute(range_key=True, attr_name="SK")
    kind = DiscriminatorAttribute()
    ttl = NumberAttribute(null=True)
    """Seconds since the epoch after which DynamoDB may delete the item. No decision depends on it."""
    by_grantee = UnicodeAttribute(null=True)
    by_grantee_sort = UnicodeAttribute(null=True)
    directory = UnicodeAttribute(null=True)
    directory_sort = UnicodeAttribute(null=True)
    due = UnicodeAttribute(null=True)
    due_at = InstantAttribute(null=True)
    """Time at which the clean-up should process the item. No decision depends on it."""
    found_by_grantee = ByGrantee()
    in_directory = Directory()
    is_due = Due()

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> Self:
        """Return the item of an answer, an UnknownItem if this code cannot read it: readers decide on what follows."""
        try:
            return super().from_raw_data(data)
        except DESERIALIZATION_ERRORS:
            return cast("Self", UnknownItem(data["PK"]["S"], data["SK"]["S"]))


class UnknownItem(Item):
    """An item of a kind or a form that this code does not know: it is damaged, or a newer version wrote it."""


@cache
def required_attributes(kind: type[Item]) -> frozenset[str]:
    """Return the names of the attributes without which an item of the kind cannot be read."""
    attributes = kind.get_attributes().items()
    return frozenset(name for name, one in attributes if not one.null and one.default is None and name != "kind")


def remove_due() -> list[Action]:
    """Return the update actions that take an item out of the *due* index."""
    return [Item.due.remove(), Item.due_at.remove()]


def epoch(at: datetime) -> int:
    """Return a moment in whole seconds since the epoch, as `ttl` holds it."""
    return int(at.timestamp())
