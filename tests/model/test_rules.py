"""The rules alone, over dictionaries, beside the naive model: eight seconds of stories, nightly 1,000,000 steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import pytest

from tests.model.on_rules import Rules
from tests.model.stories import STARTS, Stories
from tests.rows_and_columns import IS_NIGHTLY


class RuleStories(Stories):
    """Stories told to the rules. They know no idempotency keys, which are the store's."""

    keys: ClassVar[list[str | None]] = [None]
    looks_at_all: ClassVar[bool] = True

    def open_product(self, at: datetime) -> Any:
        return Rules(at)

    def set_clock(self, to: datetime) -> None:
        self.product.now = to


def test_a_lock_ends_the_login_of_an_agent_whose_leaving_of_the_department_is_forgotten() -> None:
    """The record knows the last change of departments or activity only, which comes after the lock here."""
    story = RuleStories()
    story.begin("lockdown", STARTS[0])
    carla = {"user": "carla", "period": "1h", "may_export": False, "key": None}
    story._step("carla lets support in", "let_in", grantee=("department", "support"), **carla)
    story._step("sven logs in", "enter", agent="sven", tenant="globex", ticket=None, key=None)
    sven: dict[str, Any] = {"agent": "sven", "departments": (), "name": "Sven Brandt"}
    story._step("sven leaves the department", "set_agent", **sven, is_active=True)
    story._step("carla locks the account", "move_door", tenant="globex", move="lock")
    story._step("sven leaves", "set_agent", **sven, is_active=False)
    story.end()

    assert story.model.login_views("globex")[0]["ended_at"] == "2026-11-23T12:00:06Z"


@pytest.mark.no_cover
@pytest.mark.slow
def test_the_rules_do_as_the_model_says(measured: Callable[[str], None]) -> None:
    if IS_NIGHTLY:
        told, at_least = RuleStories.tell(steps=1_000_000, steps_a_story=40), 600_000
    else:
        told, at_least = RuleStories.tell(steps=15_000, steps_a_story=40, limit_seconds=8), 1
    measured(told.summary)

    assert told.steps >= at_least
