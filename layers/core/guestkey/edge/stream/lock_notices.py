"""Notices that an account was locked, or its lock lifted: to all approvers at once, also to the one who acted."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.locks import LockFacts
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.ledger import Entry, What
from guestkey.rules.people import Person
from guestkey.store import clock
from guestkey.store.ledger import notices

OF_LOCK = {What.ACCESS_LOCKED: Kind.LOCKED, What.ACCESS_UNLOCKED: Kind.UNLOCKED}


def of_lock(entry: Entry) -> LogFields:
    """Send the notice of a lock or a lift. If its record is lost, the notice has the user's id and no reason."""
    kind = OF_LOCK[entry.what]
    locked_seq = entry.data.get("locked_seq", entry.seq)
    found = notices.of_lock(entry.tenant_id, entry.seq, int(locked_seq or 0), kind, clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, lock = found
    by = lock and (lock.locked_by if kind is Kind.LOCKED else lock.lifted_by)
    user_id = entry.by.id or ""
    facts = LockFacts(
        tenant=notice.tenant,
        by=by or Person(user_id=user_id, name=user_id),
        at=entry.at,
        reason=lock.reason if lock else None,
        kept_grants=bool(entry.data["keep_grants"]) if kind is Kind.UNLOCKED else None,
        head=entry.head,
    )
    return send_notice(kind, notice, compose.write(kind, notice.language, facts))
