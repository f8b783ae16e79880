"""Notices to the approvers about grants and support's logins: at once, or in the digest of the day."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.facts import GrantFacts, LoginFacts
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.ledger import Entry
from guestkey.rules.notices import Delivery, NoticeKind, kind_of
from guestkey.rules.people import Tenant
from guestkey.store import clock
from guestkey.store.ledger import digests, notices
from guestkey.store.ledger.stream import ReviewDue
from guestkey.store.registry import people


def of_grant(entry: Entry) -> LogFields:
    """Send the notice of an entry about a grant, or put the entry into the digest, as the tenant chose.

    A notice that reached an address before the choice was changed is sent to the others, too.
    """
    kind = Kind(kind_of(entry))
    found = notices.of_grant(entry.tenant_id, entry.about, kind, clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, grant, _ = found
    if not notice.notified and notice.choice.delivery(NoticeKind(kind), grant) is Delivery.DIGEST:
        return _to_digest(kind, notice.tenant, entry)
    facts = GrantFacts(tenant=notice.tenant, grant=grant, head=entry.head)
    actor = {Kind.GRANTED: grant.granted_by_address, Kind.REVOKED: grant.revoked_by_address}.get(kind)
    return send_notice(kind, notice, compose.write(kind, notice.language, facts), actor)


def of_review(event: ReviewDue) -> LogFields:
    """Send the notice that a permanent grant is due for review, only while it is live and was not kept meanwhile."""
    which = f"{Kind.REVIEW}#{event.review_at.date()}"
    found = notices.of_grant(event.tenant_id, event.grant_id, which, clock.now())
    if found is None or found[1].over_at or found[1].review_at != event.review_at:
        return {"notice": Kind.REVIEW, "mailed": 0}
    notice, grant, head = found
    facts = GrantFacts(tenant=notice.tenant, grant=grant, head=head)
    return send_notice(Kind.REVIEW, notice, compose.write(Kind.REVIEW, notice.language, facts))


def of_login(entry: Entry) -> LogFields:
    """Send the notice of support's login, if it is the first of this person under this grant on its day.

    Every other one is put into the digest.
    """
    grant_id = str(entry.data["grant_id"])
    found = notices.of_login(entry.tenant_id, grant_id, entry.about, Kind.SUPPORT_IN, clock.now())
    if found is None:
        return {"notice": Kind.SUPPORT_IN, "mailed": 0}
    notice, login, is_first = found
    if not is_first:
        return _to_digest(Kind.SUPPORT_IN, notice.tenant, entry)
    departments = people.department_names(login.departments)
    facts = LoginFacts(tenant=notice.tenant, login=login, departments=departments, head=entry.head)
    return send_notice(Kind.SUPPORT_IN, notice, compose.write(Kind.SUPPORT_IN, notice.language, facts))


def _to_digest(kind: Kind, tenant: Tenant, entry: Entry) -> LogFields:
    return {"notice": kind, "digest": digests.add(tenant, entry, clock.now()).isoformat()}
