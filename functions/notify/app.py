"""The table's stream: publishes each new ledger entry on the stack's bus and sends notices about it by e-mail.

Each entry is processed at least once, after it is stored. A repeated notice is recognised by its record and not sent.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from collections.abc import Callable

from guestkey.edge.log import LogFields
from guestkey.edge.mail import send
from guestkey.edge.stream import dead_letters, event_bus, handler, reminders
from guestkey.edge.stream.answer_notices import OF_ANSWER, of_answer
from guestkey.edge.stream.callback_notices import OF_CALLBACK, keep_reminder, of_callback
from guestkey.edge.stream.change_notices import OF_CHANGE, of_change
from guestkey.edge.stream.digest_notices import of_digest
from guestkey.edge.stream.grant_notices import of_grant, of_login, of_review
from guestkey.edge.stream.lock_notices import OF_LOCK, of_lock
from guestkey.edge.stream.policy_notices import OF_POLICY, of_policy
from guestkey.rules.ledger import Entry, What
from guestkey.rules.notices import OF_GRANT
from guestkey.store.dynamodb.client import open_client
from guestkey.store.ledger.stream import DigestDue, EntryWritten, ReviewDue, StreamEvent


def publish(event: StreamEvent) -> LogFields:
    """Publish a new entry on the bus."""
    if not isinstance(event, EntryWritten):
        return {}
    event_bus.publish(event.entry)
    return {"what": event.entry.what}


def notify(event: StreamEvent) -> LogFields:
    """Send the notice of an event: to the approvers; about a call-back to its user, about an answer to its agent."""
    match event:
        case ReviewDue():
            return of_review(event)
        case DigestDue():
            return of_digest(event)
    entry = event.entry
    send_for = OF_ENTRY.get(entry.what)
    return send_for(entry) if send_for else {}


OF_ENTRY: dict[What, Callable[[Entry], LogFields]] = {
    What.LOGIN_RECORDED: of_login,
    **dict.fromkeys(OF_GRANT, of_grant),
    **dict.fromkeys(OF_CALLBACK, of_callback),
    **dict.fromkeys(OF_CHANGE, of_change),
    **dict.fromkeys(OF_LOCK, of_lock),
    **dict.fromkeys(OF_POLICY, of_policy),
    **dict.fromkeys(OF_ANSWER, of_answer),
}
"""The function that sends the notice of an entry, by its type."""


lambda_handler = handler.serve(publish, notify, keep_reminder)
cold_start.end_cold_start(open_client, send.client, event_bus.client, reminders.client, dead_letters.client)
