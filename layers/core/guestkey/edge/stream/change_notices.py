"""Notices about a change of recipients or deliveries: to the approver addresses before and after it."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.changes import ApproverFacts, NoticeFacts, RightFacts
from guestkey.edge.mail.compose import Kind
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.ledger import Entry, What
from guestkey.rules.notices import Delivery, NoticeKind
from guestkey.store import clock
from guestkey.store.ledger import notices

OF_CHANGE = {
    What.TENANT_CHANGED: Kind.APPROVERS_CHANGED,
    What.RIGHT_CHANGED: Kind.RIGHT_CHANGED,
    What.NOTICES_CHANGED: Kind.NOTICES_CHANGED,
}


def of_change(entry: Entry) -> LogFields:
    """Send the notice of an entry that changed approver addresses, a right or deliveries.

    Other changes of a tenant have none.
    """
    kind = OF_CHANGE[entry.what]
    found = notices.of_change(entry.tenant_id, entry.seq, kind, clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, addresses = found
    facts: ApproverFacts | RightFacts | NoticeFacts
    if kind is Kind.APPROVERS_CHANGED:
        facts = ApproverFacts(
            tenant=notice.tenant,
            added=addresses.added,
            removed=addresses.removed,
            registered=addresses.after,
            changed_at=entry.at,
            head=entry.head,
        )
    elif kind is Kind.NOTICES_CHANGED:
        facts = NoticeFacts(
            tenant=notice.tenant,
            kinds={NoticeKind(changed): Delivery(str(delivery)) for changed, delivery in entry.data.items()},
            changed_by=entry.by.id or "",
            changed_at=entry.at,
            head=entry.head,
        )
    else:
        changed_by = entry.data["changed_by"]
        facts = RightFacts(
            tenant=notice.tenant,
            user_id=entry.about,
            may_grant=bool(entry.data["may_grant"]),
            changed_by=str(changed_by) if changed_by else None,
            changed_at=entry.at,
            head=entry.head,
        )
    return send_notice(kind, notice, compose.write(kind, notice.language, facts))
