"""What every item carries, and how several are written or read at once.

A `Change` is one transaction whose writes have names: when conditions fail, it is said which. pynamodb groups the
writes of a transaction (checks, deletes, puts, updates), so the reasons that DynamoDB gives come in that order, not in
ours.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, overload

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.attributes import Attribute, DiscriminatorAttribute, ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from guestkey import settings
from guestkey.rules.instants import instant, text_of
from guestkey.store.keys import Key

CONNECT_SECONDS = 1
READ_SECONDS = 2
RESENDS = 2
"""How often botocore resends a lost request by itself; a transaction keeps its token and stays one."""

UNAVAILABLE = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""What DynamoDB answers when the fault is neither ours nor the caller's."""

HELD_UP = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})
"""For what reasons it cancels a transaction that would pass a moment later. They are other words than the answers'."""
LOST_RACE = frozenset({"ConditionalCheckFailedException", "TransactionConflictException"})
"""What DynamoDB answers to a single write when somebody else was first, or is just about to be."""


class InstantAttribute(Attribute[datetime]):
    """A moment, kept as text that sorts and compares as time does."""

    attr_type = STRING

    def serialize(self, value: datetime) -> str:
        return text_of(value)

    def deserialize(self, value: str) -> datetime:
        return instant(value)


class Texts(ListAttribute[str]):
    """Several texts, in order."""

    def __init__(self) -> None:
        super().__init__(of=UnicodeAttribute)  # type: ignore[arg-type] # its stub asks for the value's type


class ByGrantee(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # pynamodb leaves a hook untyped
    """Where a grantee may enter. Hardly more than keys: every find is confirmed on its live key."""

    class Meta:
        index_name = "by_grantee"
        projection = IncludeProjection(["kind"])

    by_grantee = UnicodeAttribute(hash_key=True)
    by_grantee_sort = UnicodeAttribute(range_key=True)


class Directory(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # as above
    """Who can be let in: active agents and departments."""

    class Meta:
        index_name = "directory"
        projection = AllProjection()

    directory = UnicodeAttribute(hash_key=True)
    directory_sort = UnicodeAttribute(range_key=True)


class Due(GlobalSecondaryIndex["Item"]):  # type: ignore[no-untyped-call] # as above
    """What must happen by when. Keys only: whoever acts reads the item first."""

    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    due = UnicodeAttribute(hash_key=True)
    due_at = InstantAttribute(range_key=True)


class Item(Model):
    """What every item carries: its key, its kind, and when the table may sweep it (never when it stops to count).

    The keys of the indexes stand here too, since pynamodb knows only the indexes of the class that opened the table.
    """

    class Meta:
        table_name = settings.TABLE_NAME
        connect_timeout_seconds = CONNECT_SECONDS
        read_timeout_seconds = READ_SECONDS
        max_retry_attempts = RESENDS

    pk = UnicodeAttribute(hash_key=True, attr_name="PK")
    sk = UnicodeAttribute(range_key=True, attr_name="SK")
    kind = DiscriminatorAttribute()
    ttl = NumberAttribute(null=True)
    """Seconds since the epoch."""
    by_grantee = UnicodeAttribute(null=True)
    by_grantee_sort = UnicodeAttribute(null=True)
    directory = UnicodeAttribute(null=True)
    directory_sort = UnicodeAttribute(null=True)
    due = UnicodeAttribute(null=True)
    due_at = InstantAttribute(null=True)
    """When the clean-up should look at it. Nothing is decided by it."""
    found_by_grantee = ByGrantee()
    in_directory = Directory()
    is_due = Due()


class Unmet(Exception):
    """Conditions failed. `found` names each such write and gives the raw item that was in its way, where asked for."""

    def __init__(self, found: dict[str, dict[str, Any]]) -> None:
        self.found = found
        super().__init__(", ".join(found))


class Contended(Exception):
    """Another transaction was under way on one of the items. Nothing was written."""


class Uncertain(Exception):
    """DynamoDB gave no clear answer. Whether anything was written is unknown: read before writing again."""


class Change:
    """One transaction."""

    def __init__(self) -> None:
        self._transaction = TransactWrite(connection=_connection())
        self._names: dict[str, list[str]] = {"check": [], "delete": [], "put": [], "update": []}

    def check(self, name: str, kind: type[Item], key: Key, condition: Condition) -> None:
        self._transaction.condition_check(kind, *key, condition=condition)
        self._names["check"].append(name)

    def delete(self, name: str, item: Item, condition: Condition | None = None) -> None:
        self._transaction.delete(item, condition=condition)
        self._names["delete"].append(name)

    def put(self, name: str, item: Item, condition: Condition | None = None) -> None:
        self._transaction.save(item, condition=condition, return_values="ALL_OLD")
        self._names["put"].append(name)

    def add(self, name: str, item: Item) -> None:
        """Put an item that must not be there yet."""
        self.put(name, item, Item.pk.does_not_exist())

    def update(self, name: str, item: Item, actions: list[Action], condition: Condition | None = None) -> None:
        self._transaction.update(item, actions=actions, condition=condition, return_values="ALL_OLD")
        self._names["update"].append(name)

    def commit(self) -> None:
        """Write all or nothing. Raises Unmet, Contended or Uncertain."""
        try:
            self._transaction._commit()
        except TransactWriteError as error:
            raise self._outcome(error) from error

    def _outcome(self, error: TransactWriteError) -> Exception:
        names = [name for group in ("check", "delete", "put", "update") for name in self._names[group]]
        reasons = dict(zip(names, error.cancellation_reasons, strict=False))
        unmet = {n: r.raw_item or {} for n, r in reasons.items() if r and r.code == "ConditionalCheckFailed"}
        if unmet:
            return Unmet(unmet)
        codes = {reason.code for reason in reasons.values() if reason}
        if codes and codes <= HELD_UP:
            return Contended(", ".join(sorted(codes)))
        return Uncertain(str(error)) if is_unavailable(error) else error


def due_no_more() -> list[Action]:
    """Return what takes an item out of the clean-up's sight."""
    return [Item.due.remove(), Item.due_at.remove()]


def code_of(error: PynamoDBException) -> str | None:
    """Return the code that DynamoDB refused with, if it answered at all: pynamodb's own property stumbles if not."""
    return error.cause_response_code if isinstance(error.cause, ClientError) else None


def is_unavailable(error: PynamoDBException) -> bool:
    """Say whether DynamoDB could not be reached or could not serve, as opposed to having turned us down."""
    cause = error.cause
    if isinstance(cause, ClientError):
        answer = getattr(cause.__cause__, "response", cause.response)  # pynamodb's own copy leaves the status out
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in UNAVAILABLE or status >= 500
    return isinstance(cause, BotoCoreError)


def pauses(tries: int, *, first: float = 0.01, most: float = 0.3) -> Iterator[float]:
    """Yield how many seconds to wait before each try: none before the first, then full jitter that doubles."""
    yield 0.0
    for exponent in range(tries - 1):
        yield random.uniform(0, min(most, first * 2**exponent))


def find_all(keys: Iterable[Key]) -> dict[Key, Item]:
    """Read items strongly consistent, a hundred in one request; what is not there is not in the answer."""
    return {Key(item.pk, item.sk): item for item in Item.batch_get(keys, consistent_read=True)}


def newest_first[I: Item](kind: type[I], pk: str, prefix: str, first_id: str, below_id: str, batch: int) -> Iterator[I]:
    """Yield what lies under a prefix from `first_id` on and before `below_id`, newest first, strongly consistent.

    A sort key may not be asked for as "at least this and less than that": `below_id` itself is passed over.
    """
    if first_id >= below_id:
        return
    within = kind.sk.between(prefix + first_id, prefix + below_id)
    items = kind.query(pk, within, consistent_read=True, scan_index_forward=False, page_size=batch)
    yield from (item for item in items if item.sk != prefix + below_id)


@overload
def side_by_side[A, B](first: Callable[[], A], last: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def side_by_side[A, B, C](
    first: Callable[[], A], second: Callable[[], B], last: Callable[[], C], /
) -> tuple[A, B, C]: ...
def side_by_side(*reads: Callable[[], Any]) -> tuple[Any, ...]:
    """Run up to three requests at the same time, the last in the calling thread, and return what each gave."""
    *ahead, here = reads
    futures = [_pool.submit(read) for read in ahead]
    result = here()
    return *(future.result() for future in futures), result


def _connection() -> Any:
    return Item._get_connection().connection


_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="read")
# botocore composes what it calls itself anew for every request, a twentieth of its CPU, unless it is told a name.
_connection().session.set_default_client_config(Config(user_agent="guestkey"))
# pynamodb would open its client inside the first request, and the pool its threads.
_connection().client  # noqa: B018
_pool.submit(lambda: None)
