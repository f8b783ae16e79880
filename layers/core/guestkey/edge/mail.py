"""The way out through SES: one mail for each recipient, with our own headers, from settings only.

A recipient's address never stands in a log or in the text of a failure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
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
_UTF_8 = "UTF-8"

ses = boto3.client("sesv2", config=aws.PROMPT)
_SENDER: dict[str, Any] = {
    name: value
    for name, value in {
        "FromEmailAddress": formataddr(parseaddr(settings.MAIL_SENDER)),
        "ReplyToAddresses": [settings.MAIL_REPLY_TO] if settings.MAIL_REPLY_TO else None,
        "ConfigurationSetName": settings.MAIL_CONFIGURATION_SET,
    }.items()
    if value
}


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail without its recipients. A notice carries the head of the tenant's ledger."""

    subject: str
    text: str
    html: str
    head: Head | None = None


class MailFailed(log.Discreet):
    """Not all mails were accepted. Its text says how many and why; to whom stands in `unsent` alone."""

    def __init__(self, reasons: Sequence[str], unsent: Sequence[str], recipients: int) -> None:
        self.unsent = tuple(unsent)
        super().__init__(f"{len(self.unsent)} of {recipients} mails not sent: {', '.join(dict.fromkeys(reasons))}")


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
    if not _ADDRESS.fullmatch(address) or address.count("@") != 1 or _NOT_IN_ADDRESS & set(address):
        return "BadRequestException"
    headers = {"Auto-Submitted": "auto-generated"} | ({"Guestkey-Head": str(mail.head)} if mail.head else {})
    try:
        ses.send_email(
            **_SENDER,
            Destination={"ToAddresses": [address]},
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": _UTF_8},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": _UTF_8},
                        "Html": {"Data": mail.html, "Charset": _UTF_8},
                    },
                    "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
                }
            },
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except BotoCoreError as error:
        return type(error).__name__
    return None
