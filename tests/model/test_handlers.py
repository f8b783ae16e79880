"""The real handlers, on moto with a stopped clock, beside the model: 1,500 steps or 30 seconds, nightly 50,000."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
import time_machine

from guestkey import settings
from tests import factories, table
from tests.edge import post
from tests.model.on_handlers import CLAIM, OWNER, Handlers
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
        with time_machine.travel(factories.LONG_AGO, tick=False):
            factories.agent("robo", "support", accountable="sven")
        self._open.enter_context(post.fake_ses())
        return Handlers()

    def set_clock(self, to: datetime) -> None:
        self._clock.move_to(to)
        table.forget_stream()

    def close_product(self) -> None:
        self._open.close()


class TiedStories(HandlerStories):
    """Stories in which a claim of the token decides the default of the right."""

    is_tied: ClassVar[bool] = True

    def open_product(self, at: datetime) -> Any:
        self._open.enter_context(patch.multiple(settings, RIGHT_CLAIM=CLAIM, RIGHT_VALUES=frozenset({OWNER})))
        return super().open_product(at)


@pytest.mark.no_cover
@pytest.mark.slow
def test_the_handlers_do_as_the_model_says(measured: Callable[[str], None]) -> None:
    if IS_NIGHTLY:
        told, at_least = HandlerStories.tell(steps=50_000, steps_a_story=40), 30_000
    else:
        told, at_least = HandlerStories.tell(steps=1_500, steps_a_story=25, limit_seconds=30), 1
    measured(told.summary)

    assert told.steps >= at_least


@pytest.mark.no_cover
@pytest.mark.slow
def test_the_handlers_do_as_the_model_says_where_a_claim_decides_the_right(measured: Callable[[str], None]) -> None:
    told = TiedStories.tell(
        steps=10_000 if IS_NIGHTLY else 300, steps_a_story=25, limit_seconds=60 if IS_NIGHTLY else 8
    )
    measured(told.summary)

    assert told.steps >= 1
