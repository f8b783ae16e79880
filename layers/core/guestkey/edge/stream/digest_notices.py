"""The digest of a day: one mail to all approvers about everything that was not mailed at once."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import compose
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.digests import DigestFacts, DigestLine
from guestkey.edge.stream.send_notice import send_notice
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Entry, What
from guestkey.rules.logins import Login
from guestkey.store import clock
from guestkey.store.ledger import digests
from guestkey.store.ledger.stream import DigestDue
from guestkey.store.registry import people


def of_digest(event: DigestDue) -> LogFields:
    """Send the digest of a day. One without any line is not sent.

    The address of a user is left out only if all of it is this user's own acts.
    """
    found = digests.load(event.tenant_id, event.day, clock.now())
    if found is None or not found.events:
        return {"notice": Kind.DIGEST, "mailed": 0}
    facts = DigestFacts(
        tenant=found.notice.tenant,
        day=event.day,
        first_seq=found.first_seq,
        last_seq=found.last_seq,
        lines=_lines(found.events),
        further=found.further,
        head=found.head,
    )
    actors = {_actor(entry, about) for entry, about in found.events}
    actor = actors.pop() if len(actors) == 1 and not found.further else None
    return send_notice(Kind.DIGEST, found.notice, compose.write(Kind.DIGEST, found.notice.language, facts), actor)


def _lines(events: tuple[tuple[Entry, Grant | Login], ...]) -> list[DigestLine]:
    belonging = {about.departments for _, about in events if isinstance(about, Login)}
    names = {departments: people.department_names(departments) for departments in belonging}
    return [
        DigestLine(entry=entry, about=about, departments=names[about.departments] if isinstance(about, Login) else ())
        for entry, about in events
    ]


def _actor(entry: Entry, about: Grant | Login) -> str | None:
    if isinstance(about, Login):
        return None
    return {What.GRANT_GIVEN: about.granted_by_address, What.GRANT_REVOKED: about.revoked_by_address}.get(entry.what)
