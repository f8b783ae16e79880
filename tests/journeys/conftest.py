"""Fixtures: a local stack for the journeys, on free ports and in its own folder, apart from the developer's stack."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.processes import LOOPBACK
from local.stack import Stack
from tests.journeys.calls import connection
from tests.journeys.world import Tenant, World

MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    stack = Stack(tmp_path_factory.mktemp("stack"), *free_ports(2))
    try:
        stack.up()
        with connection(stack.url) as client:
            yield World(stack, client)
    finally:
        stack.down()


@pytest.fixture
def sample_world(world: World) -> World:
    """The stack with the sample data only."""
    world.stack.reset()
    return world


@pytest.fixture
def acme(world: World) -> Tenant:
    """A new tenant, where Anna may grant access to support."""
    return world.new_tenant()


@pytest.fixture
def globex(world: World) -> Tenant:
    """Another new tenant, unrelated to acme."""
    return world.new_tenant(time_zone="America/New_York", language="en", country="US")


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the measurements that the run prints at its end."""
    return request.config.stash.setdefault(MEASURED, []).append


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the test of the logs last, when all other tests have written their log lines."""
    items.sort(key=lambda item: item.path.name == "test_what_was_logged.py")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if numbers := config.stash.get(MEASURED, []):
        terminalreporter.section("measured on the local stack")
        for number in numbers:
            terminalreporter.write_line(number)


def free_ports(count: int) -> list[int]:
    """Return free ports; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
