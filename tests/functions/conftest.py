"""Every function is called in the sample world, on Monday at noon."""

from collections.abc import Iterator

import pytest
import time_machine

from tests.edge import post


@pytest.fixture(autouse=True)
def _in_the_sample_world(world: time_machine.Traveller) -> None:
    """Use the fixture of the same name in `tests/conftest.py`."""


@pytest.fixture
def mails() -> Iterator[list[post.Sent]]:
    """Requests to a fake SES that accepts every mail."""
    with post.fake_ses() as requests:
        yield requests
