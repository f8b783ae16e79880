"""The calendar invitation of a call-back (RFC 5545 and 5546): the same event in all of its mails, changed or cancelled.

Times are in UTC, so it needs no time zone of its own. What a person typed is in its description only. Loading the
library takes a tenth of a second: only who invites imports this.
"""

from datetime import datetime
from email.utils import parseaddr
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress

from guestkey import settings
from guestkey.edge import letters
from guestkey.edge.letters import OfCallback
from guestkey.edge.mail import Invitation
from guestkey.edge.words import catalogue

PRODUCT = "-//Guestkey//Call-backs//EN"
REQUEST, CANCEL = "REQUEST", "CANCEL"
_OF_AN_ADDRESS = "@!$'*+"
"""What stands as it is in a `mailto:` (RFC 6068), beside letters, digits, `-`, `.`, `_` and `~`."""


def write(language: str, facts: OfCallback, at: datetime) -> Invitation | None:
    """Return the invitation to the slot where the call-back is since that moment, or the cancellation of its last one.

    None where there was no slot before and is none now. The version of the call-back is the event's sequence: a
    calendar takes what comes late for what it is.
    """
    slot = facts.told.slot or facts.told.earlier
    if slot is None:
        return None
    method = REQUEST if facts.told.slot else CANCEL
    event = Event()
    event.add("uid", f"{facts.callback.callback_id}@{settings.STACK_NAME}")
    event.add("sequence", facts.told.version)
    event.add("status", "CONFIRMED" if facts.told.slot else "CANCELLED")
    event.add("dtstamp", at)
    event.add("dtstart", slot.starts_at)
    event.add("dtend", slot.ends_at)
    event.add("summary", catalogue(language).text("callbacks", "summary"))
    event.add("description", letters.matter(language, facts))
    name, sender = parseaddr(settings.MAIL_SENDER)
    event.add("organizer", _address(sender, CN=name or sender))
    # Whoever booked it comes to it; nobody reads an answer.
    event.add(
        "attendee", _address(facts.callback.email or "", ROLE="REQ-PARTICIPANT", PARTSTAT="ACCEPTED", RSVP="FALSE")
    )
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
