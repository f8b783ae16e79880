"""The table's stream on moto: its records in the form that Lambda delivers, with the filters of the template."""

import json
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from guestkey import settings
from tests import stack

Record = dict[str, Any]


def position() -> int:
    """Return the present end of the stream, as a number of records."""
    return len(_items())


def since(position: int) -> list[Record]:
    """Return the records from a position on that Lambda delivers to `notify`."""
    return [record for record in everything_since(position) if is_let_through(record)]


def everything_since(position: int) -> list[Record]:
    """Return every record from a position on."""
    return [_as_lambda_has_it(item.to_json()) for item in _items()[position:]]


def is_let_through(record: Record) -> bool:
    """Return whether one of the mapping's filters accepts a record."""
    filters = stack.resource("NotifyStream")["FilterCriteria"]["Filters"]
    return any(_matches(json.loads(one["Pattern"]), record) for one in filters)


def _matches(pattern: Any, said: Any) -> bool:
    """Match like EventBridge: every field of the pattern must match by at least one of its rules."""
    if isinstance(pattern, dict):
        return isinstance(said, dict) and all(_matches(rules, said.get(name)) for name, rules in pattern.items())
    return any(_obeys(rule, said) for rule in pattern)


def _obeys(rule: Any, said: Any) -> bool:
    match rule:
        case {"prefix": str(prefix)}:
            return isinstance(said, str) and said.startswith(prefix)
        case {"exists": bool(exists)}:
            return (said is not None) is exists
        case str():
            return bool(said == rule)
    raise KeyError(rule)


def _items() -> list[Any]:
    shard = dynamodb_backends[stack.ACCOUNT][stack.REGION].tables[settings.TABLE_NAME].stream_shard
    assert shard
    return shard.items


def _as_lambda_has_it(record: Record) -> Record:
    change = record["dynamodb"]
    return record | {
        "awsRegion": stack.REGION,
        "eventSourceARN": f"arn:aws:dynamodb:{stack.REGION}:{stack.ACCOUNT}:table/guestkey/stream/2026-11-01",
        "dynamodb": change | {"ApproximateCreationDateTime": change["ApproximateCreationDateTime"].timestamp()},
    }
