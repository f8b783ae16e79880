"""Hours of a week in request bodies: of the support desk, and of a customer's policy."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from guestkey.edge.http.inputs import Input
from guestkey.rules.desk import QUARTER, Window, minutes_of

GRID_MINUTES = QUARTER.seconds // 60


def on_grid(clock: str) -> str:
    if minutes_of(clock) % GRID_MINUTES:
        raise ValueError(f"must be on a grid of {GRID_MINUTES} minutes")
    return clock


def _apart(hours: list["HoursInput"]) -> list["HoursInput"]:
    in_order = sorted(order.window for order in hours)
    if any(after.opens < before.closes for before, after in pairwise(in_order)):
        raise ValueError("must not overlap each other")
    return hours


Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
ClockOrMidnight = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class HoursInput(Input):
    """Opening hours, by the desk's local time; the end is exclusive, and `24:00` is the end of the day."""

    begin: Annotated[Clock, AfterValidator(on_grid)] = Field(alias="from")
    until: Annotated[ClockOrMidnight, AfterValidator(on_grid)]

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.window.opens >= self.window.closes:
            raise ValueError("`from` must be before `until`; hours that cross midnight belong to two days")
        return self

    @property
    def window(self) -> Window:
        """The hours as a value of the rules."""
        return Window(opens=minutes_of(self.begin), closes=minutes_of(self.until))


Week = dict[Day, Annotated[list[HoursInput], Field(max_length=8), AfterValidator(_apart)]]
"""Windows by day of the week. A missing day has none."""
