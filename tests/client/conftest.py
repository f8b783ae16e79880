"""Each test runs with the synchronous and the asynchronous client."""

import pytest

from tests.client.fake_server import Call, call_async, call_sync


@pytest.fixture(params=[call_sync, call_async])
def call(request: pytest.FixtureRequest) -> Call:
    chosen: Call = request.param
    return chosen
