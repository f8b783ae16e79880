"""Sending of a notice to the recipients who were not notified yet."""

from guestkey.edge.log import LogFields
from guestkey.edge.mail import send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.send import Mail
from guestkey.store.ledger import notices
from guestkey.store.ledger.notices import Notice


def send_notice(kind: Kind, notice: Notice, mail: Mail) -> LogFields:
    """Send a notice to recipients who are not yet marked as notified, then mark them. Return fields for the log.

    A user's address comes from a token; nothing is sent to a malformed one. Raises MailFailed if a recipient remains.
    """
    remaining = [address for address in notice.remaining if send.is_address(address)]
    if remaining:
        try:
            send.send(mail, remaining)
        except send.MailFailed as failure:
            notices.mark_notified(notice, set(remaining) - set(failure.unsent))
            raise
        notices.mark_notified(notice, remaining)
    return {"notice": kind, "mailed": len(remaining)}
