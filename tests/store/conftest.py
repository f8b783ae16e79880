"""Store tests run in the sample world, on Monday at noon."""

import pytest
import time_machine


@pytest.fixture(autouse=True)
def _in_the_sample_world(world: time_machine.Traveller) -> None:
    """Run each test in the `world` fixture of `tests/conftest.py`."""
