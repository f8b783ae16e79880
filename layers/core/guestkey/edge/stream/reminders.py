"""EventBridge schedules that remind users of call-backs: one for each call-back, deleted after it has fired.

A schedule holds the id of the call-back and its time at that moment, and no personal data. When it fires, the call-back
is read again, so an outdated schedule does no harm.
"""

import json
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any

import boto3

from guestkey import settings
from guestkey.edge import aws
from guestkey.rules.instants import text_of
from guestkey.rules.reminders import REMINDED_AHEAD


@cache
def client() -> Any:
    """Return the client of EventBridge Scheduler."""
    return boto3.client("scheduler", config=aws.CLIENT_CONFIG)


def put(tenant_id: str, callback_id: str, starts_at: datetime) -> None:
    """Schedule the reminder of a call-back at that time, in place of any earlier schedule."""
    payload = {"tenant_id": tenant_id, "callback_id": callback_id, "starts_at": text_of(starts_at)}
    schedule: dict[str, Any] = {
        "Name": callback_id,
        "GroupName": settings.REMINDER_GROUP,
        "ScheduleExpression": f"at({starts_at - REMINDED_AHEAD:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": settings.REMINDER_FUNCTION,
            "RoleArn": settings.REMINDER_ROLE,
            "Input": json.dumps(payload),
            "DeadLetterConfig": {"Arn": settings.REMINDER_DEAD_LETTERS},
            # Until the call itself: after that a reminder is useless.
            "RetryPolicy": {"MaximumEventAgeInSeconds": int(REMINDED_AHEAD.total_seconds())},
        },
    }
    scheduler = client()
    try:
        scheduler.create_schedule(**schedule)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**schedule)


def delete(callback_id: str) -> None:
    """Delete the reminder of a call-back, if there is one."""
    scheduler = client()
    with suppress(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule(Name=callback_id, GroupName=settings.REMINDER_GROUP)
