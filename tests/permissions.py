"""Records what each function asks of AWS, and compares it with the policies that the template gives the function.

A request that the policies do not allow fails at once, in the test that sent it. A permission that no test used fails
the run at its end, in the process that collects from all workers, if every test of `tests/functions` ran.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

from botocore.client import BaseClient

from guestkey import settings
from local import condition_keys
from tests import calls, policies, stack

SERVICES = {"events", "scheduler", "sesv2", "sqs"}
BUS, QUEUE, ROLE = (stack.with_arns(f"{name}.Arn") for name in ("Bus", "DeadLetterQueue", "ReminderRole"))
SCHEDULES = f"arn:aws:scheduler:{stack.REGION}:{stack.ACCOUNT}:schedule/Reminders/"
MAILS = f"arn:aws:ses:{stack.REGION}:{stack.ACCOUNT}:"
Keys = tuple[tuple[str, tuple[str, ...]], ...]


class Use(NamedTuple):
    """A permission that a function used. Of a partition key only the beginning is kept: `TENANT#…`."""

    folder: str
    action: str
    resource: str
    keys: Keys

    def values(self, key: str) -> tuple[str, ...]:
        """Return the values of a condition key."""
        return dict(self.keys).get(key, ())


used: set[Use] = set()
"""The permissions used in this process, or in all workers once their sets were added."""


@contextmanager
def enforced() -> Iterator[None]:
    """Record the requests of running functions, and fail where one is not allowed."""
    with patch.object(BaseClient, "_make_api_call", _checked):
        yield


_make_api_call = BaseClient._make_api_call  # type: ignore[attr-defined] # its stub leaves out private methods


def _checked(self: Any, operation: str, request: dict[str, Any]) -> Any:
    folder = calls.running[-1] if calls.running else None
    if folder is not None:
        for use in uses_of(folder, self.meta.service_model.service_name, operation, request):
            if use not in used:
                assert is_allowed(use), f"the role of {folder} does not allow {use}"
                used.add(use)
    return _make_api_call(self, operation, request)


def is_allowed(use: Use) -> bool:
    """Say whether the policies of a use's function allow it."""
    return policies.allows(policies.statements(use.folder), use.action, use.resource, _context(use))


def _context(use: Use) -> dict[str, Any]:
    """Return the condition keys of a use; one with a single value is not a list."""
    return {name: values[0] if len(values) == 1 else list(values) for name, values in use.keys}


def unused(uses: Iterable[Use]) -> list[str]:
    """Return the permissions that no use needs, with their functions."""
    by_folder: dict[str, list[tuple[str, str, dict[str, Any]]]] = {folder: [] for folder in stack.folders()}
    for use in uses:
        by_folder[use.folder].append((use.action, use.resource, _context(use)))
    lambdas = by_folder | {folder: found + list(_of_lambda(folder)) for folder, found in by_folder.items()}
    return [
        f"{folder}: {one}"
        for folder, found in lambdas.items()
        for one in policies.unused(policies.statements(folder), found)
    ]


def _of_lambda(folder: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what Lambda does with the role of a function: it reads the stream and sends what failed to the queue."""
    name = policies.function_in(folder)
    for mapping in stack.of_type("AWS::Lambda::EventSourceMapping").values():
        if mapping["FunctionName"] == {"Ref": name}:
            for action in ("DescribeStream", "GetRecords", "GetShardIterator"):
                yield f"dynamodb:{action}", f"{policies.TABLE}/stream/2026-11-23T12:00:00.000", {}
            yield "dynamodb:ListStreams", "*", {}
            yield "sqs:SendMessage", QUEUE, {}
    for retries in stack.of_type("AWS::Lambda::EventInvokeConfig").values():
        if retries["FunctionName"] == {"Ref": name} and "OnFailure" in retries["DestinationConfig"]:
            yield "sqs:SendMessage", QUEUE, {}


def to_lists() -> list[list[Any]]:
    """Return the permissions used in this process in a form that a worker can send to the controller."""
    return [[use.folder, use.action, use.resource, [[name, list(values)] for name, values in use.keys]] for use in used]


def add(sent: list[list[Any]]) -> None:
    """Add the permissions used in another process."""
    for folder, action, resource, keys in sent:
        used.add(Use(folder, action, resource, tuple((name, tuple(values)) for name, values in keys)))


def uses_of(folder: str, service: str, operation: str, request: dict[str, Any]) -> Iterator[Use]:
    """Yield the permissions that a request needs."""
    if service == "dynamodb":
        for action, index, keys in condition_keys.of_dynamodb(operation, request):
            resource = f"{policies.TABLE}/index/{index}" if index else policies.TABLE
            yield Use(folder, action, resource, _shortened(keys))
        return
    assert service in SERVICES, service
    for action, resource, single in _OF[service](operation, request):
        yield Use(folder, action, resource, tuple((name, (value,)) for name, value in single.items()))


def _shortened(keys: dict[str, list[str]]) -> Keys:
    return tuple(
        (
            name,
            tuple(sorted({_family(value) for value in values}))
            if name == condition_keys.LEADING_KEYS
            else tuple(values),
        )
        for name, values in keys.items()
    )


def _family(key: str) -> str:
    kind, separator, _ = key.partition("#")
    return f"{kind}#…" if separator else kind


Needs = Iterator[tuple[str, str, dict[str, str]]]


def _of_events(operation: str, request: dict[str, Any]) -> Needs:
    assert {entry["EventBusName"] for entry in request["Entries"]} == {settings.EVENT_BUS}
    yield f"events:{operation}", BUS, {}


def _of_queue(operation: str, request: dict[str, Any]) -> Needs:
    assert request["QueueUrl"] == settings.DEAD_LETTER_QUEUE_URL
    yield f"sqs:{operation}", QUEUE, {}


def _of_scheduler(operation: str, request: dict[str, Any]) -> Needs:
    assert request["GroupName"] == settings.REMINDER_GROUP
    yield f"scheduler:{operation}", f"{SCHEDULES}…", {}
    if "Target" in request:
        assert request["Target"]["RoleArn"] == settings.REMINDER_ROLE
        yield "iam:PassRole", ROLE, {"iam:PassedToService": "scheduler.amazonaws.com"}


def _of_ses(operation: str, request: dict[str, Any]) -> Needs:
    """Yield both actions, because SES requires the second for raw MIME messages, on the identity and the set."""
    sender = condition_keys.sender_of(request)
    for action in (f"ses:{operation}", "ses:SendRawEmail"):
        yield action, f"{MAILS}identity/{sender}", {condition_keys.FROM_ADDRESS: sender}
        yield action, f"{MAILS}configuration-set/MailSet", {condition_keys.FROM_ADDRESS: sender}


_OF = {"events": _of_events, "scheduler": _of_scheduler, "sesv2": _of_ses, "sqs": _of_queue}
