"""Every function is asked in the sample world, on Monday at noon."""

import pytest
import time_machine


@pytest.fixture(autouse=True)
def _in_the_sample_world(world: time_machine.Traveller) -> None:
    """The fixture of the same name in `tests/conftest.py` does it."""
