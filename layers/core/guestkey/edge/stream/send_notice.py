"""Sending of a notice to the recipients who were not notified yet."""

from collections.abc import Sequence

from guestkey.edge.addresses import mailable
from guestkey.edge.log import LogFields
from guestkey.edge.mail import send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.send import Mail
from guestkey.rules.people import address_hash, distinct
from guestkey.store.ledger import notices
from guestkey.store.ledger.notices import Notice


def send_notice(kind: Kind, notice: Notice, mail: Mail, actor: str | None = None) -> LogFields:
    """Send a notice to recipients who are not yet marked as notified, then mark them. Return fields for the log.

    `actor` is the hash of the own address of the user who acted. That address is left out, but only while another one
    is told. A user's address comes from a token; nothing is sent to a malformed one. Raises MailFailed if a recipient
    remains.
    """
    addresses = [address for address in distinct(notice.to) if mailable(address)]
    others = [address for address in addresses if address_hash(address) != actor]
    unmarked = set(notice.remaining)
    recipients = [address for address in others or addresses if address in unmarked]
    try:
        _send(notice, mail, recipients)
    except send.MailFailed as failure:
        if others and set(failure.unsent) >= set(others):
            _send(notice, mail, [address for address in addresses if address in unmarked.difference(others)])
        raise
    return {"notice": kind, "mailed": len(recipients)}


def _send(notice: Notice, mail: Mail, recipients: Sequence[str]) -> None:
    if recipients:
        try:
            send.send(mail, recipients)
        except send.MailFailed as failure:
            notices.mark_notified(notice, set(recipients) - set(failure.unsent))
            raise
        notices.mark_notified(notice, recipients)
