"""The real handlers, on moto with a stopped clock, beside the model: 1,500 steps or 30 seconds, nightly 50,000."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
import time_machine

from tests import factories, table
from tests.edge import post
from tests.model.on_handlers import Handlers
from tests.model.stories import Stories
from tests.rows_and_columns import IS_NIGHTLY


class HandlerStories(Stories):
    """Stories told to the handlers, each in a sample world of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._clock: time_machine.Traveller

    def open_product(self, at: datetime) -> Any:
        self._clock = self._open.enter_context(time_machine.travel(at, tick=False))
        self._open.enter_context(table.on_moto())
        factories.sample_world()
        self._open.enter_context(post.fake_ses())
        return Handlers()

    def set_clock(self, to: datetime) -> None:
        self._clock.move_to(to)
        table.forget_stream()

    def close_product(self) -> None:
        self._open.close()


@pytest.mark.slow
def test_the_handlers_do_as_the_model_says(measured: Callable[[str], None]) -> None:
    if IS_NIGHTLY:
        told, at_least = HandlerStories.tell(steps=50_000, steps_a_story=40), 30_000
    else:
        told, at_least = HandlerStories.tell(steps=1_500, steps_a_story=25, limit_seconds=30), 1
    measured(told.summary)

    assert told.steps >= at_least
