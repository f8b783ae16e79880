"""The stack's group of schedules in EventBridge Scheduler, on moto."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ConnectTimeoutError
from moto.core.models import patch_client

from guestkey import settings
from guestkey.edge.stream import reminders
from tests import calls


def make_group() -> None:
    """Create the group; moto must be active already."""
    patch_client(reminders.client())  # the client may have been created before moto was imported
    reminders.client().create_schedule_group(Name=settings.REMINDER_GROUP)


@contextmanager
def failing() -> Iterator[None]:
    """Let every call to EventBridge Scheduler fail before it is sent."""

    def fail(request: Any, **_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url=request.url)

    reminders.client().meta.events.register_first("before-send.scheduler", fail)
    try:
        yield
    finally:
        reminders.client().meta.events.unregister("before-send.scheduler", fail)


@contextmanager
def before_next_put(act: Callable[[], None]) -> Iterator[None]:
    """Run `act` once between the read of a call-back's time and its scheduling, outside of the running function."""
    put, has_acted = reminders.put, False

    def act_and_put(*call: Any) -> None:
        nonlocal has_acted
        if not has_acted:
            has_acted = True
            with patch.object(calls, "running", []):
                act()
        put(*call)

    with patch.object(reminders, "put", act_and_put):
        yield
    assert has_acted


def all_there() -> list[dict[str, Any]]:
    """Return every schedule with all its fields."""
    names = [one["Name"] for one in reminders.client().list_schedules(GroupName=settings.REMINDER_GROUP)["Schedules"]]
    return [
        dict(reminders.client().get_schedule(Name=name, GroupName=settings.REMINDER_GROUP)) for name in sorted(names)
    ]


def told() -> list[tuple[str, dict[str, str]]]:
    """Return the time and the input of each schedule."""
    return [(one["ScheduleExpression"], json.loads(one["Target"]["Input"])) for one in all_there()]
