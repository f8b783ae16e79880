"""Sends the reminder of a call-back to its user an hour before, once, if the call-back is still at that time.

EventBridge Scheduler invokes this function by the schedule that `notify` creates for each call-back. Lambda repeats a
failed invocation, then sends it to the dead-letter queue.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from typing import Any

from guestkey.edge import log
from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.callback_entries import SlotChange
from guestkey.rules.instants import instant
from guestkey.rules.reminders import is_ahead
from guestkey.store import clock
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import notices


def lambda_handler(event: dict[str, str], context: Any) -> None:
    """Send the reminder for an event, which holds the call-back's id and its time when the schedule was created."""
    log.outcome(tenant_id=event["tenant_id"], callback_id=event["callback_id"], **remind(**event))


def remind(tenant_id: str, callback_id: str, starts_at: str) -> LogFields:
    """Send the reminder if the call-back is still at that time. Raises MailFailed."""
    now = clock.now()
    found = notices.of_callback(tenant_id, callback_id, f"reminder-{starts_at}", now)
    if found is None or not is_ahead(found[1], instant(starts_at), now):
        return {"notice": Kind.CALLBACK_REMINDER, "mailed": 0}
    notice, callback, topic, head = found
    change = SlotChange(slot=callback.slot, earlier=None, version=callback.version)
    facts = CallbackFacts(tenant=notice.tenant, callback=callback, change=change, topic=topic, head=head)
    mail = compose.write(Kind.CALLBACK_REMINDER, notice.language, facts)
    return send_notice(Kind.CALLBACK_REMINDER, notice, mail)


cold_start.end_cold_start(open_client, send.client)
