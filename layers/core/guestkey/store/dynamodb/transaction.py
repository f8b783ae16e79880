"""One DynamoDB transaction whose writes have names, and the three ways in which a write can fail to happen.

A name says which condition failed. pynamodb sends the writes of a transaction in groups (checks, deletes, puts,
updates) and DynamoDB gives its reasons in that order.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PutError, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from guestkey.store.dynamodb.client import connection
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item

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
"""Error codes of DynamoDB for which neither this code nor the caller is responsible."""

RETRYABLE = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"})
"""Cancellation reasons of a transaction that would pass a moment later. They differ from the error codes above."""
GROUPS = ("check", "delete", "put", "update")


class ConditionFailed(Exception):
    """Raised when conditions of a write fail. Nothing was written.

    `failed` maps the name of each failed write to the raw item that was there, if one was requested.
    """

    def __init__(self, failed: dict[str, dict[str, Any]]) -> None:
        self.failed = failed
        super().__init__(", ".join(failed))


class TransactionConflict(Exception):
    """Raised when another transaction was in progress on one of the items. Nothing was written."""


class OutcomeUnknown(Exception):
    """Raised when DynamoDB gave no clear answer. The write may have happened: read before writing again."""


class Transaction:
    """Collects named writes; `commit` sends all of them or none."""

    def __init__(self) -> None:
        self._transaction = TransactWrite(connection=connection())
        self._names: dict[str, list[str]] = {group: [] for group in GROUPS}

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
        """Put an item that must not exist yet."""
        self.put(name, item, Item.pk.does_not_exist())

    def update(self, name: str, item: Item, actions: Sequence[Action], condition: Condition | None = None) -> None:
        self._transaction.update(item, actions=list(actions), condition=condition, return_values="ALL_OLD")
        self._names["update"].append(name)

    def commit(self) -> None:
        """Write everything or nothing. Raises ConditionFailed, TransactionConflict or OutcomeUnknown."""
        try:
            self._transaction._commit()
        except TransactWriteError as error:
            raise self._outcome(error) from error

    def _outcome(self, error: TransactWriteError) -> Exception:
        names = [name for group in GROUPS for name in self._names[group]]
        reasons = dict(zip(names, error.cancellation_reasons, strict=False))
        failed = {n: r.raw_item or {} for n, r in reasons.items() if r and r.code == "ConditionalCheckFailed"}
        if failed:
            return ConditionFailed(failed)
        codes = {reason.code for reason in reasons.values() if reason}
        if codes and codes <= RETRYABLE:
            return TransactionConflict(", ".join(sorted(codes)))
        return OutcomeUnknown(str(error)) if is_unavailable(error) else error


@contextmanager
def single_write() -> Iterator[None]:
    """Translate the errors of a single put or update into those of a transaction."""
    try:
        yield
    except (PutError, UpdateError) as error:
        match code_of(error):
            case "ConditionalCheckFailedException":
                raise ConditionFailed({}) from error
            case "TransactionConflictException":
                raise TransactionConflict from error
        if is_unavailable(error):
            raise OutcomeUnknown(str(error)) from error
        raise


def code_of(error: PynamoDBException) -> str | None:
    """Return DynamoDB's error code, or None if DynamoDB did not answer: pynamodb's own property fails in that case."""
    return error.cause_response_code if isinstance(error.cause, ClientError) else None


def is_unavailable(error: PynamoDBException) -> bool:
    """Say whether DynamoDB could not be reached or could not serve, as opposed to a rejected request."""
    cause = error.cause
    if isinstance(cause, ClientError):
        answer = getattr(cause.__cause__, "response", cause.response)  # pynamodb's own copy omits the status
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return code_of(error) in UNAVAILABLE or status >= 500
    return isinstance(cause, BotoCoreError)
