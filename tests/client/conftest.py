"""What is true of one client is true of the other."""

import pytest

from tests.client.asking import Asking, awaiting, waiting


@pytest.fixture(params=[waiting, awaiting])
def asking(request: pytest.FixtureRequest) -> Asking:
    made: Asking = request.param
    return made
