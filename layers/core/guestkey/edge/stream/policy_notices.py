"""Notices that the rules of an account changed: to all approvers at once, also to the one who acted."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.changes import PolicyFacts
from guestkey.edge.mail.compose import Kind
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.instants import instant
from guestkey.rules.ledger import Entry, What
from guestkey.store import clock
from guestkey.store.ledger import notices

OF_POLICY = {
    What.POLICY_CHANGED: Kind.POLICY_CHANGED,
    What.POLICY_WAITING: Kind.POLICY_WAITING,
    What.POLICY_WITHDRAWN: Kind.POLICY_WITHDRAWN,
}


def of_policy(entry: Entry) -> LogFields:
    """Send the notice of rules that count, that wait, or that a user withdrew."""
    kind, counts_from = OF_POLICY[entry.what], entry.data.get("counts_from")
    notice = notices.of_policy(entry.tenant_id, entry.seq, kind, clock.now())
    if notice is None:
        return {"notice": kind, "mailed": 0}
    facts = PolicyFacts(
        tenant=notice.tenant,
        changed_by=entry.by.id or "",
        changed_at=entry.at,
        counts_from=instant(str(counts_from)) if counts_from else None,
        head=entry.head,
    )
    return send_notice(kind, notice, compose.write(kind, notice.language, facts))
