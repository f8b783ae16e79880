"""The table's stream: publishes each new ledger entry on the stack's bus and sends notices about it by e-mail.

Each entry is processed at least once, after it is stored. A repeated notice is recognised by its record and not sent.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from dataclasses import replace

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose, invitations, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import CallbackFacts, GrantFacts, LoginFacts
from guestkey.edge.stream import dead_letters, event_bus, handler, reminders
from guestkey.edge.stream.answer_notices import OF_ANSWER, of_answer
from guestkey.edge.stream.change_notices import OF_CHANGE, of_change
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.callbacks import reminded_of, slot_change
from guestkey.rules.grants import GrantEnd
from guestkey.rules.ledger import Entry, Head, What
from guestkey.store import clock
from guestkey.store.callbacks import callbacks
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger import notices
from guestkey.store.ledger.stream import ReviewDue, StreamEvent
from guestkey.store.registry import people

OF_CALLBACK = {
    What.CALLBACK_BOOKED: Kind.CALLBACK_BOOKED,
    What.CALLBACK_MOVED: Kind.CALLBACK_MOVED,
    What.CALLBACK_CANCELLED: Kind.CALLBACK_CANCELLED,
}
ABOUT_CALLBACKS = OF_CALLBACK.keys() | {What.CALLBACK_TAKEN, What.CALLBACK_CLOSED}
OF_GRANT = {What.GRANT_GIVEN: Kind.GRANTED, What.GRANT_REVOKED: Kind.REVOKED, What.GRANT_ENDED: Kind.ENDED}


def publish(event: StreamEvent) -> LogFields:
    """Publish a new entry on the bus."""
    if isinstance(event, ReviewDue):
        return {}
    event_bus.publish(event.entry)
    return {"what": event.entry.what}


def notify(event: StreamEvent) -> LogFields:
    """Send the notice of an event: to the approvers; about a call-back to its user, about an answer to its agent."""
    if isinstance(event, ReviewDue):
        return of_grant(Kind.REVIEW, event.tenant_id, event.grant_id)
    entry = event.entry
    if entry.what is What.LOGIN_RECORDED:
        return of_login(entry)
    if entry.what in OF_CALLBACK:
        return of_callback(entry)
    if entry.what in OF_CHANGE:
        return of_change(entry)
    if entry.what in OF_ANSWER:
        return of_answer(entry)
    kind = Kind.AGENT_LEFT if entry.data.get("end") == GrantEnd.AGENT_LEFT else OF_GRANT.get(entry.what)
    return of_grant(kind, entry.tenant_id, entry.about, entry.head) if kind else {}


def of_grant(kind: Kind, tenant_id: str, grant_id: str, head: Head | None = None) -> LogFields:
    """Send a notice about an existing grant; a review only while the grant is live."""
    found = notices.of_grant(tenant_id, grant_id, kind, clock.now())
    if found is None or (kind is Kind.REVIEW and found[1].over_at):
        return {"notice": kind, "mailed": 0}
    notice, grant, current_head = found
    facts = GrantFacts(tenant=notice.tenant, grant=grant, head=head or current_head)
    actor = {Kind.GRANTED: grant.granted_by_address, Kind.REVOKED: grant.revoked_by_address}.get(kind)
    return send_notice(kind, notice, compose.write(kind, notice.language, facts), actor)


def of_login(entry: Entry) -> LogFields:
    """Send the notice of support's login, if it is the first of this person under this grant on its day."""
    grant_id = str(entry.data["grant_id"])
    found = notices.of_first_login(entry.tenant_id, grant_id, entry.about, Kind.SUPPORT_IN, clock.now())
    if found is None:
        return {"notice": Kind.SUPPORT_IN, "mailed": 0}
    notice, login = found
    departments = people.department_names(login.departments)
    facts = LoginFacts(tenant=notice.tenant, login=login, departments=departments, head=entry.head)
    return send_notice(Kind.SUPPORT_IN, notice, compose.write(Kind.SUPPORT_IN, notice.language, facts))


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


def keep_reminder(event: StreamEvent) -> LogFields:
    """Schedule the reminder of a call-back by its present time, not the entry's: events may be late or repeated."""
    if isinstance(event, ReviewDue) or event.entry.what not in ABOUT_CALLBACKS:
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
