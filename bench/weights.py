"""Computes the capacity units that DynamoDB charges for a request, from the sizes of the items read and written.

Emulators report capacity inaccurately: moto counts items, and ministack counts every read as 4 KB. This module follows
the developer guide of AWS ("DynamoDB read and write operations", "DynamoDB item sizes and formats"). For two cases that
the guide does not cover, it follows measurements on AWS (github.com/paritysuite/dynamodb-conformance, pull request 67):
a condition check costs 2 write units, and a transaction writes an index at the single price. `disagreements` compares
the results with the examples of the guide.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

Item = dict[str, dict[str, Any]]
READ_UNIT, WRITE_UNIT = 4096, 1024
DOCUMENT_OVERHEAD, ELEMENT_OVERHEAD = 3, 1
TRANSACTION = 2


class ItemKey(NamedTuple):
    """The partition key and the sort key of an item."""

    pk: str
    sk: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index: its key attributes and the further attributes that it copies, or None for all."""

    key: frozenset[str]
    copies: frozenset[str] | None

    @classmethod
    def of(cls, described: dict[str, Any]) -> "Index":
        """Return the index that a DescribeTable response describes."""
        projection = described["Projection"]
        copies = None if projection["ProjectionType"] == "ALL" else frozenset(projection.get("NonKeyAttributes", ()))
        return cls(key=frozenset(part["AttributeName"] for part in described["KeySchema"]), copies=copies)

    def entry(self, item: Item) -> Item:
        """Return the item's entry in the index, which is empty if the item lacks a key attribute of the index."""
        if not self.key <= item.keys():
            return {}
        wanted = item.keys() if self.copies is None else {"PK", "SK"} | self.key | self.copies
        return {name: value for name, value in item.items() if name in wanted}

    def write_units(self, before: Item, after: Item) -> int:
        """Return the write units of a change in this index: none if its entry is unchanged, two for a new key."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and all(old[name] == new[name] for name in self.key):
            return _write(max(size(old), size(new)))
        return sum(_write(size(entry)) for entry in (old, new) if entry)


def size(item: Item) -> int:
    """Return an item's size in bytes by DynamoDB's rules: names and values, in UTF-8."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Return the read units of a GetItem, BatchGetItem or Query.

    A query is charged for the total size of its items, other reads for each item. A missing item is charged as the
    smallest item.
    """
    match operation:
        case "GetItem":
            return _read([size(answer.get("Item", {}))], consistent=asked.get("ConsistentRead", False))
        case "Query":
            return _read([sum(map(size, answer["Items"]))], consistent=asked.get("ConsistentRead", False))
        case "BatchGetItem":
            ((table, wanted),) = asked["RequestItems"].items()
            sizes = [size(item) for item in answer["Responses"].get(table, [])]
            missing = len(wanted["Keys"]) - len(sizes)
            return _read([*sizes, *[0] * missing], consistent=wanted.get("ConsistentRead", False))
        case _:
            return 0.0


def write_units(
    operation: str,
    item_keys: Sequence[ItemKey],
    before: dict[ItemKey, Item],
    after: dict[ItemKey, Item],
    indexes: list[Index],
) -> int:
    """Return the write units of a request on these keys. Each item is charged by the larger of its old and new size."""
    each = TRANSACTION if operation == "TransactWriteItems" else 1
    units = 0
    for item_key in item_keys:
        old, new = before.get(item_key, {}), after.get(item_key, {})
        units += each * _write(max(size(old), size(new))) + sum(index.write_units(old, new) for index in indexes)
    return units


def touched(operation: str, asked: dict[str, Any]) -> list[ItemKey]:
    """Return the keys of the items that a request writes or, in a transaction, checks a condition on."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return [_item_key(asked)]
        case "TransactWriteItems":
            return [_item_key(part) for action in asked["TransactItems"] for part in action.values()]
        case _:
            return []


def disagreements() -> list[str]:
    """Return the examples of the developer guide for which this module computes another result. None are expected."""
    return [example for example, units, expected in _examples() if units != expected]


def examples() -> int:
    """Return the number of the guide's examples that are compared."""
    return len(list(_examples()))


def _examples() -> Iterator[tuple[str, float, float]]:
    kilobyte = 1024
    yield "a read of 3,500 bytes counts as 4 KB", _read([3500], consistent=True), 1
    yield "an item of 8 KB takes 2 units", _read([8 * kilobyte], consistent=True), 2
    yield "an item of 8 KB takes 1 unit if eventually consistent", _read([8 * kilobyte], consistent=False), 1
    yield "an item of 10 KB counts as 12 KB", _read([10 * kilobyte], consistent=True), 3
    yield "items of 1.5 and 6.5 KB in one batch count as 12 KB", _read([1536, 6656], consistent=True), 3
    yield "ten items of 40.8 KB together count as 44 KB", _read([int(40.8 * kilobyte)], consistent=True), 11
    yield "a missing item takes 1 unit", _read([0], consistent=True), 1
    yield "a write of 500 bytes counts as 1 KB", _write(500), 1
    yield "a write of 2 KB takes 2 units", _write(2 * kilobyte), 2
    two = {"PK": {"S": "p" * 2040}, "SK": {"S": "kkkk"}}
    yield (
        "a write of 2 KB in a transaction takes 4 units",
        write_units("TransactWriteItems", [ItemKey("", "")], {}, {ItemKey("", ""): two}, []),
        4,
    )
    yield "a number takes a byte for two digits and one further byte", size({"n": {"N": "27"}}), 3
    yield "a list takes 3 bytes and one byte for each element", size({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}}), 9


def _item_key(part: dict[str, Any]) -> ItemKey:
    key = part.get("Key") or part["Item"]
    return ItemKey(key["PK"]["S"], key["SK"]["S"])


def _read(sizes: Sequence[int], *, consistent: bool) -> float:
    units = sum(max(1, ceil(bytes_read / READ_UNIT)) for bytes_read in sizes)
    return units if consistent else units / 2


def _write(bytes_written: int) -> int:
    return max(1, ceil(bytes_written / WRITE_UNIT))


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "SS":  # a string, or a set of strings
            return len("".join(content).encode())
        case "N":
            return _number_size(content)
        case "B":
            return len(content)
        case "L":
            return DOCUMENT_OVERHEAD + sum(ELEMENT_OVERHEAD + _value_size(element) for element in content)
        case "M":
            return DOCUMENT_OVERHEAD + sum(
                ELEMENT_OVERHEAD + len(name.encode()) + _value_size(element) for name, element in content.items()
            )
        case "BOOL" | "NULL":
            return 1
    message = f"unsupported attribute type {kind}"
    raise ValueError(message)


def _number_size(digits: str) -> int:
    """Return the approximate size of a number. AWS publishes no exact rule; leading and trailing zeros do not count."""
    significant = digits.lstrip("-").replace(".", "").strip("0")
    return ceil(len(significant) / 2) + 1 + digits.startswith("-")
