"""Notices to the user of a call-back, with the invitation, and the reminder an hour before it."""

from dataclasses import replace
from datetime import datetime

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose, invitations
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.stream import reminders
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.callback_entries import SlotChange, slot_change
from guestkey.rules.ledger import Entry, What
from guestkey.rules.reminders import reminded_of
from guestkey.store import clock
from guestkey.store.callbacks import callbacks
from guestkey.store.dynamodb.retry import TryAgain, growing_pauses, retry
from guestkey.store.ledger import notices
from guestkey.store.ledger.stream import EntryWritten, StreamEvent

OF_CALLBACK = {
    What.CALLBACK_BOOKED: Kind.CALLBACK_BOOKED,
    What.CALLBACK_MOVED: Kind.CALLBACK_MOVED,
    What.CALLBACK_CANCELLED: Kind.CALLBACK_CANCELLED,
    What.CALLBACK_STRANDED: Kind.CALLBACK_STRANDED,
}
ABOUT_CALLBACKS = OF_CALLBACK.keys() | {
    What.CALLBACK_TAKEN,
    What.CALLBACK_RELEASED,
    What.CALLBACK_HANDED,
    What.CALLBACK_CLOSED,
}
MAX_SCHEDULINGS = 4
"""Number of times that a reminder is scheduled while the call-back is moved at the same time."""


def of_callback(entry: Entry) -> LogFields:
    """Send the notice of an entry about a call-back, with an invitation for the same time, however late it is."""
    change = slot_change(entry)
    kind, is_stranding = _kind(entry, change), entry.what is What.CALLBACK_STRANDED
    if is_stranding and entry.data["cause"] is None:  # the desk can keep the call-back again
        return {"notice": kind, "mailed": 0}
    which = f"stranded-{entry.seq}" if is_stranding else f"version-{change.version}"
    found = notices.of_callback(entry.tenant_id, entry.about, which, clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, callback, topic, _ = found
    facts = CallbackFacts(tenant=notice.tenant, callback=callback, change=change, topic=topic, head=entry.head)
    mail = compose.write(kind, notice.language, facts)
    if not is_stranding:
        mail = replace(mail, invitation=invitations.write(notice.language, facts, entry.at))
    return send_notice(kind, notice, mail)


def keep_reminder(event: StreamEvent) -> LogFields:
    """Schedule the reminder of a call-back by its present time, not the entry's: events may be late or repeated.

    Two functions may process two events about one call-back side by side. So the call-back is read again after the
    scheduling, until its time is the one that was scheduled. Raises Busy, which leads to another try of the event.
    """
    if not isinstance(event, EntryWritten) or event.entry.what not in ABOUT_CALLBACKS:
        return {}
    tenant_id, callback_id = event.tenant_id, event.entry.about

    def schedule(_: int) -> LogFields:
        starts_at = _reminded_of(tenant_id, callback_id)
        if starts_at:
            reminders.put(tenant_id, callback_id, starts_at)
        else:
            reminders.delete(callback_id)
        if _reminded_of(tenant_id, callback_id) != starts_at:
            raise TryAgain
        return {"reminder": "kept" if starts_at else "none"}

    return retry(schedule, growing_pauses(MAX_SCHEDULINGS), on=())


def _reminded_of(tenant_id: str, callback_id: str) -> datetime | None:
    found = callbacks.find_many([(tenant_id, callback_id)])
    return reminded_of(found[0], clock.now()) if found else None


def _kind(entry: Entry, change: SlotChange) -> Kind:
    """Return the kind of the mail. A call-back in the queue has no time to name."""
    if entry.what is What.CALLBACK_MOVED and not change.is_move:
        return Kind.CALLBACK_CHANGED
    if change.slot is None and entry.what is not What.CALLBACK_CANCELLED:
        return Kind.CALLBACK_WAITING
    return OF_CALLBACK[entry.what]
