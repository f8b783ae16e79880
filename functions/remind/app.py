"""An hour before a call-back whoever asked for it is reminded, once, if it still stands at that very time.

EventBridge Scheduler calls, by the schedule that `notify` keeps for each call-back. What fails is tried again by Lambda
and then parked by it.
"""

from typing import Any

from guestkey.edge import clock, letters, log, ready, telling
from guestkey.edge.letters import Kind, OfCallback
from guestkey.edge.log import Said
from guestkey.rules.callbacks import Told, is_ahead
from guestkey.rules.instants import instant
from guestkey.store import notices


def lambda_handler(event: dict[str, str], context: Any) -> None:
    """Remind of a call-back, which the event names with the time that it had when this was scheduled."""
    log.outcome(tenant_id=event["tenant_id"], callback_id=event["callback_id"], **remind(**event))


def remind(tenant_id: str, callback_id: str, starts_at: str) -> Said:
    """Mail the reminder if there is still something to remind of. Raises MailFailed."""
    now = clock.now()
    found = notices.of_callback(tenant_id, callback_id, f"reminder-{starts_at}", now)
    if found is None or not is_ahead(found[1], instant(starts_at), now):
        return {"notice": Kind.CALLBACK_REMINDER, "mailed": 0}
    notice, callback, topic, head = found
    told = Told(slot=callback.slot, earlier=None, version=callback.version)
    facts = OfCallback(tenant=notice.tenant, callback=callback, told=told, topic=topic, head=head)
    return telling.tell(Kind.CALLBACK_REMINDER, notice, letters.write(Kind.CALLBACK_REMINDER, notice.language, facts))


ready()
