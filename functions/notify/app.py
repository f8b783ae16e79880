"""The table's stream: each new ledger entry goes to the stack's bus, and to the tenant's approvers if it concerns them.

At least once, and never before it is stored. A notice that comes again is known by its mark and mailed no more.
"""

from guestkey.edge import clock, events, letters, mail, records
from guestkey.edge.letters import Facts, Kind, OfGrant, OfLogin
from guestkey.edge.records import Said
from guestkey.rules.ledger import Entry, Head, What
from guestkey.store import notices, people
from guestkey.store.changes import News, ReviewDue
from guestkey.store.notices import Notice

OF_GRANT = {What.GRANT_GIVEN: Kind.GRANTED, What.GRANT_REVOKED: Kind.REVOKED, What.GRANT_ENDED: Kind.ENDED}


def publish(news: News) -> Said:
    """Put a new entry on the bus."""
    if isinstance(news, ReviewDue):
        return {}
    events.publish(news.entry)
    return {"what": news.entry.what}


def notify(news: News) -> Said:
    """Mail the approvers what concerns them: what became of a grant, its review, and that support is in."""
    if isinstance(news, ReviewDue):
        return of_grant(Kind.REVIEW, news.tenant_id, news.grant_id)
    entry = news.entry
    if entry.what is What.LOGIN_RECORDED:
        return of_login(entry)
    kind = OF_GRANT.get(entry.what)
    return of_grant(kind, entry.tenant_id, entry.about, entry.head) if kind else {}


def of_grant(kind: Kind, tenant_id: str, grant_id: str, head: Head | None = None) -> Said:
    """Mail a notice about a grant that there is; a review only while there is something to review."""
    found = notices.of_grant(tenant_id, grant_id, kind, clock.now())
    if found is None or (kind is Kind.REVIEW and found[1].revoked_at):
        return {"notice": kind, "mailed": 0}
    notice, grant, tip = found
    return send(notice, OfGrant(tenant=notice.tenant, grant=grant, head=head or tip))


def of_login(entry: Entry) -> Said:
    """Mail that support is in, if no other login of the grant was told of."""
    found = notices.of_first_login(entry.tenant_id, str(entry.data["grant_id"]), entry.about, Kind.SUPPORT_IN)
    if found is None:
        return {"notice": Kind.SUPPORT_IN, "mailed": 0}
    notice, login = found
    departments = people.department_names(login.departments)
    return send(notice, OfLogin(tenant=notice.tenant, login=login, departments=departments, head=entry.head))


def send(notice: Notice, facts: Facts) -> Said:
    """Mail a notice to those who have not got it yet. Raises MailFailed if some still have not."""
    untold = notice.untold
    if untold:
        letter = letters.write(Kind(notice.kind), notice.tenant.language, facts)
        try:
            mail.send(letter, untold)
        except mail.MailFailed as failed:
            notices.remember(notice, set(untold) - set(failed.unsent))
            raise
        notices.remember(notice, untold)
    return {"notice": notice.kind, "mailed": len(untold)}


lambda_handler = records.serve(publish, notify)
