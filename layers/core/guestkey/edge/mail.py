"""The way out through SES: one mail for each recipient, with our own headers, from settings only.

A message is made here, whole, and SES sends it as it is. A recipient's address never stands in a log or in the text of
a failure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from guestkey import settings
from guestkey.edge import aws, clock, log
from guestkey.rules.ledger import Head
from guestkey.rules.requests import Fate

LONGEST_SENDING = timedelta(seconds=10)
"""After this no further recipient is tried: a caller waits, and API Gateway waits for 30 seconds at most."""
_ONE_RECIPIENT = frozenset({"BadRequestException", "MessageRejected"})
"""What SES answers where the next recipient may still succeed. Everything else would meet them all."""
_ADDRESS = re.compile(r"[!-~]{1,254}")
_NOT_IN_ADDRESS = frozenset('"(),:;<>[\\]')

ses = boto3.client("sesv2", config=aws.PROMPT)
_SENDER = formataddr(parseaddr(settings.MAIL_SENDER))
_CONFIGURATION: dict[str, Any] = (
    {"ConfigurationSetName": settings.MAIL_CONFIGURATION_SET} if settings.MAIL_CONFIGURATION_SET else {}
)


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """What a calendar makes of a mail: iCalendar, and its method, `REQUEST` or `CANCEL`."""

    method: str
    calendar: str


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail without its recipients. A notice carries the head of the tenant's ledger."""

    subject: str
    text: str
    html: str
    head: Head | None = None
    invitation: Invitation | None = None


class MailFailed(log.Discreet):
    """Not all mails were accepted. Its text says how many and why; to whom stands in `unsent` alone."""

    def __init__(self, reasons: Sequence[str], unsent: Sequence[str], recipients: int) -> None:
        self.unsent = tuple(unsent)
        super().__init__(f"{len(self.unsent)} of {recipients} mails not sent: {', '.join(dict.fromkeys(reasons))}")


def is_address(text: str) -> bool:
    """Say whether this is plainly one address. Nothing is sent to what is not."""
    return bool(_ADDRESS.fullmatch(text)) and text.count("@") == 1 and not _NOT_IN_ADDRESS & set(text)


def send(mail: Mail, to: Sequence[str]) -> None:
    """Send the mail to each recipient by itself, so that none sees the others. Raises MailFailed.

    Whoever tries again sends to `unsent` of the failure alone. SES may have taken a mail and lost its answer: then one
    recipient gets it twice.
    """
    started = clock.now()
    unsent: list[str] = []
    reasons: list[str] = []
    for place, address in enumerate(to):
        reason = _refusal(mail, address) if clock.now() - started < LONGEST_SENDING else "TimeIsUp"
        if reason:
            reasons.append(reason)
            unsent.append(address)
            if reason not in _ONE_RECIPIENT:
                unsent.extend(to[place + 1 :])
                break
    if unsent:
        raise MailFailed(reasons, unsent, len(to))


def fate_of(mail: Mail, to: Sequence[str]) -> Fate:
    """Send the mail and return what became of it; why it failed is logged."""
    try:
        send(mail, to)
    except MailFailed as failure:
        log.outcome(mail=str(failure))
        return Fate.FAILED
    return Fate.SENT


def _refusal(mail: Mail, address: str) -> str | None:
    """Send to one recipient. Return why it was not taken, or None; never the text, which names the address."""
    if not is_address(address):
        return "BadRequestException"
    try:
        ses.send_email(
            FromEmailAddress=_SENDER,
            Destination={"ToAddresses": [address]},
            Content={"Raw": {"Data": _message(mail, address)}},
            **_CONFIGURATION,
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return None


def _message(mail: Mail, address: str) -> bytes:
    """Return the whole message, in ASCII. SES adds its date and its id."""
    message = EmailMessage(policy=SMTP)
    headers = {
        "From": settings.MAIL_SENDER,
        "To": address,
        "Reply-To": settings.MAIL_REPLY_TO,
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
    """Add an invitation twice: as a part that mail programs show with its buttons, and as a file for those that do not.

    The method in the part's type must be the calendar's own (RFC 6047, section 2.4).
    """
    calendar = invitation.calendar
    message.add_alternative(calendar, subtype="calendar", params={"method": invitation.method}, cte="base64")
    message.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="invite.ics")
