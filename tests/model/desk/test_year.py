"""The calls of a support desk beside a naive model: short stories in the gate, and two whole years each night."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

import pytest

from tests.model.desk.stories import STARTS, THEMES, DeskStories
from tests.rows_and_columns import rounds

STEPS_A_YEAR = 4_000
"""A year of everything has about so many steps; the story ends when the year does."""


class DeskYears(DeskStories):
    """Whole years, with all kinds of steps. Each has both clock changes."""

    themes: ClassVar[dict[str, list[str]]] = {"everything": THEMES["everything"]}
    starts: ClassVar[list[datetime]] = STARTS[:1]


@pytest.mark.no_cover
@pytest.mark.slow
def test_the_calls_of_a_desk_are_as_the_model_says(measured: Callable[[str], None]) -> None:
    told = DeskStories.tell(steps=rounds(4_000, gate=60), steps_a_story=60, limit_seconds=rounds(600, gate=30))
    measured(f"{told.summary}; {DeskStories.bookings} bookings, {DeskStories.mails} mails")

    assert told.steps >= 1


@pytest.mark.nightly("it takes minutes")
def test_a_year_of_a_desk_is_as_the_model_says(measured: Callable[[str], None]) -> None:
    told = DeskYears.tell(steps=2 * STEPS_A_YEAR, steps_a_story=10 * STEPS_A_YEAR)
    measured(f"{told.summary}; {DeskYears.bookings} bookings, {DeskYears.mails} mails")

    assert told.stories >= 1
