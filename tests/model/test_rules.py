"""The rules alone, over dictionaries, beside the naive model: eight seconds of stories, nightly 1,000,000 steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import pytest

from tests.model.on_rules import Rules
from tests.model.stories import Stories
from tests.rows_and_columns import IS_NIGHTLY


class RuleStories(Stories):
    """Stories told to the rules. They know no idempotency keys, which are the store's."""

    keys: ClassVar[list[str | None]] = [None]
    looks_at_all: ClassVar[bool] = True

    def open_product(self, at: datetime) -> Any:
        return Rules(at)

    def set_clock(self, to: datetime) -> None:
        self.product.now = to


@pytest.mark.slow
def test_the_rules_do_as_the_model_says(measured: Callable[[str], None]) -> None:
    if IS_NIGHTLY:
        told, at_least = RuleStories.tell(steps=1_000_000, steps_a_story=40), 600_000
    else:
        told, at_least = RuleStories.tell(steps=15_000, steps_a_story=40, limit_seconds=8), 1
    measured(told.summary)

    assert told.steps >= at_least
