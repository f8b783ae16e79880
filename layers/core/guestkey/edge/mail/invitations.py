"""The calendar invitation of a call-back (RFC 5545 and 5546): the same event in all of its mails, changed or cancelled.

Times are in UTC, so the event needs no time zone of its own. Typed text is in its description only. The library takes a
tenth of a second to load, so only the sender of invitations imports this module.
"""

from datetime import datetime
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress

from guestkey import settings
from guestkey.edge.addresses import mailable
from guestkey.edge.mail import callbacks
from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.mail.i18n import catalogue
from guestkey.edge.mail.send import SENDER, Invitation

PRODUCT = "-//Guestkey//Call-backs//EN"
REQUEST, CANCEL = "REQUEST", "CANCEL"
_OF_AN_ADDRESS = "@!$'*+"
"""Characters that a `mailto:` (RFC 6068) holds unescaped, beside letters, digits, `-`, `.`, `_` and `~`."""


def write(language: str, facts: CallbackFacts, at: datetime) -> Invitation | None:
    """Return the invitation to the slot that a change gives a call-back, or the cancellation of its earlier slot.

    None if it has no slot before and after. The version of the call-back is the event's SEQUENCE, so a calendar ignores
    an invitation that arrives late. `at` is the time of the change.
    """
    slot = facts.change.slot or facts.change.earlier
    if slot is None:
        return None
    method = REQUEST if facts.change.slot else CANCEL
    event = Event()
    event.add("uid", f"{facts.callback.callback_id}@{settings.STACK_NAME}")
    event.add("sequence", facts.change.version)
    event.add("status", "CONFIRMED" if facts.change.slot else "CANCELLED")
    event.add("dtstamp", at)
    event.add("dtstart", slot.starts_at)
    event.add("dtend", slot.ends_at)
    event.add("summary", catalogue(language).text("callbacks", "summary"))
    event.add("description", callbacks.matter(language, facts))
    name, sender = SENDER
    event.add("organizer", _address(sender, CN=name or sender))
    # The user who booked it has accepted; replies are not read.
    user = mailable(facts.callback.email or "") or ""
    event.add("attendee", _address(user, ROLE="REQ-PARTICIPANT", PARTSTAT="ACCEPTED", RSVP="FALSE"))
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return Invitation(method=method, calendar=calendar.to_ical().decode())


def _address(address: str, **parameters: str) -> vCalAddress:
    made = vCalAddress(f"mailto:{quote(address, safe=_OF_AN_ADDRESS)}")
    made.params.update(parameters)
    return made
