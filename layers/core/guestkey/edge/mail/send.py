"""Sending through SES: one e-mail for each recipient, with headers from settings only.

The complete message is made here and SES sends it unchanged. A recipient's address never appears in a log or in the
message of an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from guestkey import settings
from guestkey.edge import addresses, aws, log
from guestkey.rules.ledger import Head
from guestkey.rules.requests import MailState
from guestkey.store import clock

MAX_SENDING = timedelta(seconds=10)
"""After this time no further recipient is tried: a caller waits, and API Gateway waits for 30 seconds at most."""
_ONE_RECIPIENT = frozenset({"BadRequestException", "MessageRejected"})
"""Error codes of SES that concern one recipient. Any other error would occur for all of them."""


def mailbox(text: str) -> tuple[str, str]:
    """Return name and address of a mailbox of the settings, the address in its ASCII form."""
    name, address = parseaddr(text)
    return name, addresses.mailable(address) or address


SENDER = mailbox(settings.MAIL_SENDER)
NOT_SET_UP = "NotSetUp"
"""The reason why nothing is sent before the operator has named a sender and the address for links."""
_CONFIGURATION: dict[str, Any] = (
    {"ConfigurationSetName": settings.MAIL_CONFIGURATION_SET} if settings.MAIL_CONFIGURATION_SET else {}
)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """The calendar part of an e-mail: iCalendar text and its method, `REQUEST` or `CANCEL`."""

    method: str
    calendar: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """An e-mail without its recipients. A notice carries the head of the tenant's ledger."""

    subject: str
    text: str
    html: str
    head: Head | None = None
    invitation: Invitation | None = None


class MailFailed(log.LoggableError):
    """Raised when SES did not accept all e-mails. The message says how many and why; only `unsent` holds addresses."""

    def __init__(self, reasons: Sequence[str], unsent: Sequence[str], recipients: int) -> None:
        self.unsent = tuple(unsent)
        super().__init__(f"{len(self.unsent)} of {recipients} mails not sent: {', '.join(dict.fromkeys(reasons))}")


@cache
def client() -> Any:
    """Return the client of SES."""
    return boto3.client("sesv2", config=aws.CLIENT_CONFIG)


def send(mail: Mail, to: Sequence[str]) -> None:
    """Send the e-mail to each recipient separately, so that none sees the others. Raises MailFailed.

    A caller who tries again sends to `unsent` of the error only. If SES accepted an e-mail and its answer was lost,
    that recipient gets it twice. Nothing is sent before the stack has a sender and an address.
    """
    if to and not is_set_up():
        raise MailFailed([NOT_SET_UP], to, len(to))
    started = clock.now()
    unsent: list[str] = []
    reasons: list[str] = []
    for place, address in enumerate(to):
        reason = _refusal(mail, address) if clock.now() - started < MAX_SENDING else "TimeIsUp"
        if reason:
            reasons.append(reason)
            unsent.append(address)
            if reason not in _ONE_RECIPIENT:
                unsent.extend(to[place + 1 :])
                break
    if unsent:
        raise MailFailed(reasons, unsent, len(to))


def is_set_up() -> bool:
    """Return whether the operator has named the sender of mails and the address that their links begin with."""
    return bool(SENDER[1] and settings.BASE_URL)


def send_and_report(mail: Mail | None, to: Sequence[str]) -> MailState:
    """Send the e-mail and return whether that succeeded; the cause of a failure is logged. None fails as not set up."""
    try:
        if mail is None:
            raise MailFailed([NOT_SET_UP], to, len(to))
        send(mail, to)
    except MailFailed as failure:
        log.outcome(mail=str(failure))
        return MailState.FAILED
    return MailState.SENT


def _refusal(mail: Mail, address: str) -> str | None:
    """Send to one recipient. Return the error code, or None; never the message, which names the address."""
    to = addresses.mailable(address)
    if to is None:
        return "BadRequestException"
    try:
        client().send_email(
            FromEmailAddress=formataddr(SENDER),
            Destination={"ToAddresses": [to]},
            Content={"Raw": {"Data": _message(mail, to)}},
            **_CONFIGURATION,
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return None


def _message(mail: Mail, address: str) -> bytes:
    """Return the complete message, in ASCII. SES adds its date and its id."""
    message, reply_to = EmailMessage(policy=SMTP), mailbox(settings.MAIL_REPLY_TO)
    headers = {
        "From": Address(SENDER[0], addr_spec=SENDER[1]),
        "To": address,
        "Reply-To": settings.MAIL_REPLY_TO and Address(reply_to[0], addr_spec=reply_to[1]),
        "Subject": mail.subject,
        "Auto-Submitted": "auto-generated",
        "Guestkey-Head": str(mail.head or ""),
    }
    for name, value in headers.items():
        if value:
            message[name] = value
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="base64")
    if mail.invitation:
        _invite(message, mail.invitation)
    return message.as_bytes()


def _invite(message: EmailMessage, invitation: Invitation) -> None:
    """Add an invitation twice: as a part that mail programs show with buttons, and as a file for all others.

    The method in the part's type must be the calendar's own (RFC 6047, section 2.4).
    """
    calendar = invitation.calendar
    message.add_alternative(calendar, subtype="calendar", params={"method": invitation.method}, cte="base64")
    message.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="invite.ics")
