"""Notices to agents: how their request ended, approved, declined or expired."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.answers import AnswerFacts
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import FALLBACK
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.ledger import Entry, What
from guestkey.store import clock
from guestkey.store.ledger import notices

OF_ANSWER = {
    What.REQUEST_APPROVED: Kind.REQUEST_APPROVED,
    What.REQUEST_DECLINED: Kind.REQUEST_DECLINED,
    What.REQUEST_EXPIRED: Kind.REQUEST_EXPIRED,
}
LANGUAGE = FALLBACK
"""An agent's record has no language, and a tenant's language says nothing about the agents of its vendor."""


def of_answer(entry: Entry) -> LogFields:
    """Send the notice of an entry that closed a request to its agent, at the address that is registered now."""
    kind, grant_id = OF_ANSWER[entry.what], entry.data.get("grant_id")
    found = notices.of_answer(entry.tenant_id, entry.about, str(grant_id) if grant_id else None, LANGUAGE, clock.now())
    if found is None:
        return {"notice": kind, "mailed": 0}
    notice, request, grant = found
    facts = AnswerFacts(tenant=notice.tenant, request=request, grant=grant)
    return send_notice(kind, notice, compose.write(kind, notice.language, facts))
