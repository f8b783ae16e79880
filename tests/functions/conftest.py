"""Every function is called in the sample world, on Monday at noon."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine

from tests import bus, dead_letters, permissions, schedules
from tests.calls import LambdaContext, handler
from tests.edge import post
from tests.notify import Notify


@pytest.fixture(autouse=True)
def _in_the_sample_world(world: time_machine.Traveller) -> Iterator[None]:
    """Use the fixture of the same name in `tests/conftest.py`, with the roles of the template."""
    with permissions.enforced():
        yield


@pytest.fixture
def mails() -> Iterator[list[post.Sent]]:
    """Requests to a fake SES that accepts every mail."""
    with post.fake_ses() as requests:
        yield requests


@pytest.fixture
def clean_up(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run it as the schedule does and return its counters."""

    def run(context: Any = None) -> dict[str, Any]:
        capsys.readouterr()
        assert handler("cleanup")({"source": "aws.events"}, context or LambdaContext()) is None
        *_, last = capsys.readouterr().out.splitlines()
        said = json.loads(last)
        assert said.pop("CleanupRuns") == [1.0]
        return {name: count for name, count in said.items() if name not in {"_aws", "stack"}}

    return run


@pytest.fixture
def notify(world: time_machine.Traveller) -> Iterator[Notify]:
    dead_letters.make_queue()
    schedules.make_group()
    notify = Notify()
    with post.fake_ses(notify.refusal) as notify.mails, bus.taking(notify.refused_events) as notify.events:
        yield notify
