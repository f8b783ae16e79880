"""The schedules by which users are reminded of call-backs: one for each, once, which is gone when it has fired.

A schedule names the call-back and the time it had, and nobody. Whether there is still something to remind of is looked
up when it fires: that one may be there too long harms nobody.
"""

import json
from contextlib import suppress
from datetime import datetime
from typing import Any

import boto3

from guestkey import settings
from guestkey.edge import aws
from guestkey.rules.callbacks import REMINDED_AHEAD
from guestkey.rules.instants import text_of

scheduler = boto3.client("scheduler", config=aws.PROMPT)


def put(tenant_id: str, callback_id: str, starts_at: datetime) -> None:
    """Have whoever waits for that call be reminded of its time, and of no other that was scheduled before."""
    told = {"tenant_id": tenant_id, "callback_id": callback_id, "starts_at": text_of(starts_at)}
    order: dict[str, Any] = {
        "Name": callback_id,
        "GroupName": settings.REMINDER_GROUP,
        "ScheduleExpression": f"at({starts_at - REMINDED_AHEAD:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": settings.REMINDER_FUNCTION,
            "RoleArn": settings.REMINDER_ROLE,
            "Input": json.dumps(told),
            "DeadLetterConfig": {"Arn": settings.REMINDER_DEAD_LETTERS},
            # Until the call itself. Then there is nothing to remind of.
            "RetryPolicy": {"MaximumEventAgeInSeconds": int(REMINDED_AHEAD.total_seconds())},
        },
    }
    try:
        scheduler.create_schedule(**order)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**order)


def drop(callback_id: str) -> None:
    """Have nobody reminded of that call; that there was nothing scheduled is fine."""
    with suppress(scheduler.exceptions.ResourceNotFoundException):
        scheduler.delete_schedule(Name=callback_id, GroupName=settings.REMINDER_GROUP)
