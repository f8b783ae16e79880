"""Records the e-mails that SES accepted, in a form that tests and `make mails` can read."""

import email
import json
from base64 import b64decode
from email import policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

from local.patches.internals import ses, ses_v2

Record = dict[str, Any]


def keep_raw_messages() -> None:
    """Keep each raw message and its parsed text.

    SES sends a raw message unchanged; 1.5.33 parses the message and discards it, together with its headers and a
    calendar invitation. The message is parsed when it is sent, because parsing thousands at once would block all other
    requests. Drop the patch when ministack's list of messages contains the raw messages.
    """
    handle = ses_v2.handle_request

    async def handle_and_keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if method == "POST" and path.endswith("/outbound-emails") and answer[0] == HTTPStatus.OK:
            content, record = json.loads(body)["Content"], ses._sent_emails_list()[-1]
            if "Raw" in content:
                record["Parsed"] = _parse(b64decode(content["Raw"]["Data"]).decode())
        return answer

    ses_v2.handle_request = handle_and_keep


def sent() -> list[Record]:
    """Return all mails, oldest first, each with `to`, `subject`, `text`, `html` and `from`.

    `to` lists all recipients, those in CC and BCC included. A mail that was sent as a raw message, as Guestkey's mails
    are, has the message in `raw`.
    """
    return [_as_mail(record) for record in sorted(_records(), key=lambda record: float(record["Timestamp"]))]


def forget() -> dict[str, int]:
    """Delete all recorded mails and return their number."""
    count = len(_records())
    ses._sent_emails.clear()
    return {"forgotten": count}


def _records() -> list[Record]:
    return [record for _, records in ses._sent_emails.all_items() for record in records]


def _as_mail(record: Record) -> Record:
    recipients = record["To"] + record["CC"] + record["BCC"]
    if "Parsed" in record:
        return {**record["Parsed"], **({"to": recipients} if recipients else {})}
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
