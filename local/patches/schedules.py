"""Patch of EventBridge Scheduler: the interval between two checks for due schedules."""

from local.patches.internals import eventbridge, scheduler

TICK_SECONDS = 1


def tick_each_second() -> None:
    """Check for due schedules every second.

    AWS runs a schedule within the minute; 1.5.33 checks every ten seconds, which makes tests slow. Drop the patch when
    ministack has a setting for the interval.
    """
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = TICK_SECONDS
