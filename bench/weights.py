"""What DynamoDB charges for a request, computed from what was read and written.

Emulators report capacity loosely: moto counts items, ministack takes any read for 4 KB. So this follows what AWS
publishes ("DynamoDB read and write operations", "DynamoDB item sizes and formats" in its developer guide) and, where
that is silent, what was measured on AWS (github.com/paritysuite/dynamodb-conformance, pull request 67): a condition
check costs 2 write units, an index is written at the single price also by a transaction. `disagreements` holds it
against what the guide states in figures.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

Item = dict[str, dict[str, Any]]
READ_UNIT, WRITE_UNIT = 4096, 1024
DOCUMENT_OVERHEAD, ELEMENT_OVERHEAD = 3, 1
TRANSACTION = 2


class Place(NamedTuple):
    """Where an item lies."""

    pk: str
    sk: str


@dataclass(frozen=True, kw_only=True)
class Index:
    """A global secondary index: its own key, and what it copies besides; None for everything."""

    key: frozenset[str]
    copies: frozenset[str] | None

    @classmethod
    def of(cls, described: dict[str, Any]) -> "Index":
        """Return an index as DescribeTable tells of it."""
        projection = described["Projection"]
        copies = None if projection["ProjectionType"] == "ALL" else frozenset(projection.get("NonKeyAttributes", ()))
        return cls(key=frozenset(part["AttributeName"] for part in described["KeySchema"]), copies=copies)

    def entry(self, item: Item) -> Item:
        """Return what the index holds of an item: nothing of one that lacks a part of its key."""
        if not self.key <= item.keys():
            return {}
        wanted = item.keys() if self.copies is None else {"PK", "SK"} | self.key | self.copies
        return {name: value for name, value in item.items() if name in wanted}

    def write_units(self, before: Item, after: Item) -> int:
        """Return what a write costs here: nothing if the entry stays as it was, twice if it moves to another key."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and all(old[name] == new[name] for name in self.key):
            return _write(max(size(old), size(new)))
        return sum(_write(size(entry)) for entry in (old, new) if entry)


def size(item: Item) -> int:
    """Return an item's size in bytes as DynamoDB counts it: names and values, in UTF-8."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def read_units(operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> float:
    """Return the read units of a GetItem, BatchGetItem or Query; what is not there is charged like the smallest item.

    A query is charged for what it read all in all, single reads each for itself.
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
    operation: str, places: Sequence[Place], before: dict[Place, Item], after: dict[Place, Item], indexes: list[Index]
) -> int:
    """Return the write units of a request that touched these places: of each the larger of what was and what is."""
    each = TRANSACTION if operation == "TransactWriteItems" else 1
    units = 0
    for place in places:
        old, new = before.get(place, {}), after.get(place, {})
        units += each * _write(max(size(old), size(new))) + sum(index.write_units(old, new) for index in indexes)
    return units


def touched(operation: str, asked: dict[str, Any]) -> list[Place]:
    """Return the places that a request writes, or puts a condition on in a transaction."""
    match operation:
        case "PutItem" | "UpdateItem" | "DeleteItem":
            return [_place(asked)]
        case "TransactWriteItems":
            return [_place(part) for action in asked["TransactItems"] for part in action.values()]
        case _:
            return []


def disagreements() -> list[str]:
    """Return what the developer guide states and comes out otherwise here: nothing, if this is right."""
    return [told for told, units, expected in _stated() if units != expected]


def statements() -> int:
    """Return how many of the guide's statements are looked at."""
    return len(list(_stated()))


def _stated() -> Iterator[tuple[str, float, float]]:
    kilobyte = 1024
    yield "reading an item of 3,500 bytes is reading 4 KB", _read([3500], consistent=True), 1
    yield "an item of 8 KB takes 2 units", _read([8 * kilobyte], consistent=True), 2
    yield "an item of 8 KB takes 1 unit if eventually consistent", _read([8 * kilobyte], consistent=False), 1
    yield "an item of 10 KB counts as 12 KB", _read([10 * kilobyte], consistent=True), 3
    yield "items of 1.5 and 6.5 KB in one batch count as 12 KB", _read([1536, 6656], consistent=True), 3
    yield "ten items of 40.8 KB together count as 44 KB", _read([int(40.8 * kilobyte)], consistent=True), 11
    yield "an item that is not there is read like a small one", _read([0], consistent=True), 1
    yield "writing 500 bytes is writing 1 KB", _write(500), 1
    yield "an item of 2 KB takes 2 units", _write(2 * kilobyte), 2
    two = {"PK": {"S": "p" * 2040}, "SK": {"S": "kkkk"}}
    yield "and 4 in a transaction", write_units("TransactWriteItems", [Place("", "")], {}, {Place("", ""): two}, []), 4
    yield "a number takes a byte for two digits and one more", size({"n": {"N": "27"}}), 3
    yield "a list takes 3 bytes, and one for each element", size({"l": {"L": [{"S": "ab"}, {"BOOL": True}]}}), 9


def _place(part: dict[str, Any]) -> Place:
    key = part.get("Key") or part["Item"]
    return Place(key["PK"]["S"], key["SK"]["S"])


def _read(sizes: Sequence[int], *, consistent: bool) -> float:
    units = sum(max(1, ceil(bytes_read / READ_UNIT)) for bytes_read in sizes)
    return units if consistent else units / 2


def _write(bytes_written: int) -> int:
    return max(1, ceil(bytes_written / WRITE_UNIT))


def _value_size(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S" | "SS":  # a text, or a set of them
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
    message = f"nothing of ours is kept as {kind}"
    raise ValueError(message)


def _number_size(digits: str) -> int:
    """About: AWS says no more than "approximately" about numbers, and leaves zeros at both ends out."""
    significant = digits.lstrip("-").replace(".", "").strip("0")
    return ceil(len(significant) / 2) + 1 + digits.startswith("-")
