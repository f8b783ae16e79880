"""The table's stream: publishes each new ledger entry on the stack's bus and sends notices about it by e-mail.

Each entry is processed at least once, after it is stored. A repeated notice is recognised by its record and not sent.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections.abc import Callable
from dataclasses import replace

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose, invitations, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.stream import dead_letters, event_bus, handler, reminders
from guestkey.edge.stream.answer_notices import OF_ANSWER, of_answer
from guestkey.edge.stream.change_notices import OF_CHANGE, of_change
from guestkey.edge.stream.digest_notices import of_digest
from guestkey.edge.stream.grant_notices import of_grant, of_login, of_review
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.callbacks import reminded_of, slot_change
from guestkey.rules.ledger import Entry, What
from guestkey.rules.notices import OF_GRANT
from guestkey.store import clock
from guestkey.store.callbacks import callbacks
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import notices
from guestkey.store.ledger.stream import DigestDue, EntryWritten, ReviewDue, StreamEvent

OF_CALLBACK = {
    What.CALLBACK_BOOKED: Kind.CALLBACK_BOOKED,
    What.CALLBACK_MOVED: Kind.CALLBACK_MOVED,
    What.CALLBACK_CANCELLED: Kind.CALLBACK_CANCELLED,
}
ABOUT_CALLBACKS = OF_CALLBACK.keys() | {What.CALLBACK_TAKEN, What.CALLBACK_CLOSED}


def publish(event: StreamEvent) -> LogFields:
    """Publish a new entry on the bus."""
    if not isinstance(event, EntryWritten):
        return {}
    event_bus.publish(event.entry)
    return {"what": event.entry.what}


def notify(event: StreamEvent) -> LogFields:
    """Send the notice of an event: to the approvers; about a call-back to its user, about an answer to its agent."""
    match event:
        case ReviewDue():
            return of_review(event)
        case DigestDue():
            return of_digest(event)
    entry = event.entry
    send_for = OF_ENTRY.get(entry.what)
    return send_for(entry) if send_for else {}


def of_callback(entry: Entry) -> LogFields:
    """Send the notice of an entry about a call-back, with an invitation for the same time, however late it is."""
    change = slot_change(entry)
    kind = OF_CALLBACK[entry.what] if change.slot or entry.what is What.CALLBACK_CANCELLED else Kind.CALLBACK_WAITING
    found = notices.of_callback(entry.tenant_id, entry.about, f"version-{change.version}", clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, callback, topic, _ = found
    facts = CallbackFacts(tenant=notice.tenant, callback=callback, change=change, topic=topic, head=entry.head)
    mail = compose.write(kind, notice.language, facts)
    return send_notice(kind, notice, replace(mail, invitation=invitations.write(notice.language, facts, entry.at)))


OF_ENTRY: dict[What, Callable[[Entry], LogFields]] = {
    What.LOGIN_RECORDED: of_login,
    **dict.fromkeys(OF_GRANT, of_grant),
    **dict.fromkeys(OF_CALLBACK, of_callback),
    **dict.fromkeys(OF_CHANGE, of_change),
    **dict.fromkeys(OF_ANSWER, of_answer),
}
"""The function that sends the notice of an entry, by its type."""


def keep_reminder(event: StreamEvent) -> LogFields:
    """Schedule the reminder of a call-back by its present time, not the entry's: events may be late or repeated."""
    if not isinstance(event, EntryWritten) or event.entry.what not in ABOUT_CALLBACKS:
        return {}
    tenant_id, callback_id = event.tenant_id, event.entry.about
    found = callbacks.find_many([(tenant_id, callback_id)])
    starts_at = reminded_of(found[0], clock.now()) if found else None
    if starts_at:
        reminders.put(tenant_id, callback_id, starts_at)
    else:
        reminders.delete(callback_id)
    return {"reminder": "kept" if starts_at else "none"}


lambda_handler = handler.serve(publish, notify, keep_reminder)
cold_start.end_cold_start(open_client, send.client, event_bus.client, reminders.client, dead_letters.client)
