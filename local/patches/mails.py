"""Patch of SES: records the e-mails that it accepted, in a form that tests and `make mails` can read."""

import email
import json
from base64 import b64decode
from email import policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

from local.journal import Journal, Record
from local.patches.internals import ses, ses_v2


def record_in(journal: Journal) -> None:
    """Record each e-mail in the journal, with its raw message and its parsed text.

    SES sends a raw message unchanged; 1.5.33 parses the message and discards it, together with its headers and a
    calendar invitation, and forgets all mails when it ends. The message is parsed when it is sent, because parsing
    thousands at once would block all other requests. Drop the patch when ministack's list of messages contains the raw
    messages and is saved.
    """
    handle = ses_v2.handle_request

    async def handle_and_record(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if method == "POST" and path.endswith("/outbound-emails") and answer[0] == HTTPStatus.OK:
            content, record = json.loads(body)["Content"], ses._sent_emails_list()[-1]
            parsed = _parse(b64decode(content["Raw"]["Data"]).decode()) if "Raw" in content else {}
            journal.append(_as_mail(record, parsed))
        return answer

    ses_v2.handle_request = handle_and_record


def _as_mail(record: Record, parsed: Record) -> Record:
    """Return a mail with `to`, `subject`, `text`, `html` and `from`.

    `to` lists all recipients, those in CC and BCC included. A mail that was sent as a raw message, as Guestkey's mails
    are, has the message in `raw`.
    """
    recipients = record["To"] + record["CC"] + record["BCC"]
    if parsed:
        return parsed | ({"to": recipients} if recipients else {})
    return {
        "to": recipients,
        "subject": record["Subject"],
        "text": record["BodyText"],
        "html": record["BodyHtml"] or "",
        "from": record["Source"],
    }


def _parse(raw: str) -> Record:
    message = email.message_from_string(raw, policy=policy.default)
    return {
        "to": [address.strip() for address in str(message["To"]).split(",")],
        "subject": str(message["Subject"]).strip(),  # a folded header may begin on its second line
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "from": str(message["From"]),
        "raw": raw,
    }


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
