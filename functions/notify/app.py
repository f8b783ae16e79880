"""The table's stream: each new ledger entry goes to the stack's bus, and by mail to whom it concerns.

At least once, and never before it is stored. A notice that comes again is known by its mark and mailed no more.
"""

from dataclasses import replace

from guestkey.edge import clock, events, invitations, letters, records, reminders, telling
from guestkey.edge.letters import Kind, OfCallback, OfGrant, OfLogin
from guestkey.edge.log import Said
from guestkey.rules.callbacks import reminded_of
from guestkey.rules.ledger import Entry, Head, What
from guestkey.store import callbacks, notices, people
from guestkey.store.changes import News, ReviewDue

OF_CALLBACK = {
    What.CALLBACK_BOOKED: Kind.CALLBACK_BOOKED,
    What.CALLBACK_MOVED: Kind.CALLBACK_MOVED,
    What.CALLBACK_CANCELLED: Kind.CALLBACK_CANCELLED,
}
ABOUT_CALLBACKS = OF_CALLBACK.keys() | {What.CALLBACK_TAKEN, What.CALLBACK_CLOSED}
OF_GRANT = {What.GRANT_GIVEN: Kind.GRANTED, What.GRANT_REVOKED: Kind.REVOKED, What.GRANT_ENDED: Kind.ENDED}


def publish(news: News) -> Said:
    """Put a new entry on the bus."""
    if isinstance(news, ReviewDue):
        return {}
    events.publish(news.entry)
    return {"what": news.entry.what}


def notify(news: News) -> Said:
    """Mail to the approvers what becomes of a grant, its review, and that support is in; to users their call-backs."""
    if isinstance(news, ReviewDue):
        return of_grant(Kind.REVIEW, news.tenant_id, news.grant_id)
    entry = news.entry
    if entry.what is What.LOGIN_RECORDED:
        return of_login(entry)
    if entry.what in OF_CALLBACK:
        return of_callback(entry)
    kind = OF_GRANT.get(entry.what)
    return of_grant(kind, entry.tenant_id, entry.about, entry.head) if kind else {}


def of_grant(kind: Kind, tenant_id: str, grant_id: str, head: Head | None = None) -> Said:
    """Mail a notice about a grant that there is; a review only while there is something to review."""
    found = notices.of_grant(tenant_id, grant_id, kind, clock.now())
    if found is None or (kind is Kind.REVIEW and found[1].revoked_at):
        return {"notice": kind, "mailed": 0}
    notice, grant, tip = found
    facts = OfGrant(tenant=notice.tenant, grant=grant, head=head or tip)
    return telling.tell(kind, notice, letters.write(kind, notice.language, facts))


def of_login(entry: Entry) -> Said:
    """Mail that support is in, if no other login of the grant was told of."""
    found = notices.of_first_login(entry.tenant_id, str(entry.data["grant_id"]), entry.about, Kind.SUPPORT_IN)
    if found is None:
        return {"notice": Kind.SUPPORT_IN, "mailed": 0}
    notice, login = found
    departments = people.department_names(login.departments)
    facts = OfLogin(tenant=notice.tenant, login=login, departments=departments, head=entry.head)
    return telling.tell(Kind.SUPPORT_IN, notice, letters.write(Kind.SUPPORT_IN, notice.language, facts))


def of_callback(entry: Entry) -> Said:
    """Mail what an entry tells of a call-back, with an invitation that tells the same, however late it is."""
    told = callbacks.told(entry)
    kind = OF_CALLBACK[entry.what] if told.slot or entry.what is What.CALLBACK_CANCELLED else Kind.CALLBACK_WAITING
    found = notices.of_callback(entry.tenant_id, entry.about, f"version-{told.version}", clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, callback, topic, _ = found
    facts = OfCallback(tenant=notice.tenant, callback=callback, told=told, topic=topic, head=entry.head)
    letter = letters.write(kind, notice.language, facts)
    return telling.tell(kind, notice, replace(letter, invitation=invitations.write(notice.language, facts, entry.at)))


def keep_reminder(news: News) -> Said:
    """Keep the reminder of a call-back where that stands now, whatever the entry tells: it may come late, and again."""
    if isinstance(news, ReviewDue) or news.entry.what not in ABOUT_CALLBACKS:
        return {}
    tenant_id, callback_id = news.tenant_id, news.entry.about
    found = callbacks.find_many([(tenant_id, callback_id)])
    starts_at = reminded_of(found[0], clock.now()) if found else None
    if starts_at:
        reminders.put(tenant_id, callback_id, starts_at)
    else:
        reminders.drop(callback_id)
    return {"reminder": "kept" if starts_at else "none"}


lambda_handler = records.serve(publish, notify, keep_reminder)
