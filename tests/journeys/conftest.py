"""Fixtures: a local stack for each worker, on free ports and in its own folder, apart from the developer's stack."""

from collections.abc import Iterator

import pytest

from local.stack import Stack
from tests.journeys import stacks
from tests.journeys.calls import connection
from tests.journeys.world import Tenant, World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[World]:
    """The stack of this worker: the one that the gate has started for it, or a new one."""
    if started := stacks.started():
        number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw"))
        with connection(started[number].url) as client:
            yield World(started[number], client)
        return
    own = Stack(tmp_path_factory.mktemp("stack"), *stacks.free_ports(2))
    with stacks.running(own) as stack, connection(stack.url) as client:
        yield World(stack, client)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the test of the logs last, when all other tests have written their log lines."""
    items.sort(key=lambda item: item.path.name == "test_what_was_logged.py")
