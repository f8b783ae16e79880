"""When schedules fire."""

from local.patches.internals import eventbridge, scheduler

TICK_SECONDS = 1


def tick_each_second() -> None:
    """Look for due schedules each second.

    AWS fires within the minute; 1.5.33 looks every ten seconds, which tests would have to wait for. Drop it when the
    pace can be set.
    """
    scheduler._SCHEDULE_TICK_INTERVAL = eventbridge._SCHEDULER_TICK_INTERVAL = TICK_SECONDS
