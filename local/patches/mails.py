"""The mails SES accepted, as somebody who checks them wants to see them."""

import email
import json
from base64 import b64decode
from email import policy
from email.message import EmailMessage
from http import HTTPStatus
from typing import Any

from local.patches.internals import ses, ses_v2

Record = dict[str, Any]


def keep_what_was_sent() -> None:
    """Keep the message as it was sent, and what it says: to read thousands at once would hold everybody else up.

    SES sends a raw message byte for byte; 1.5.33 parses it and throws it away, and with it its headers and a calendar
    invitation. Drop it when its list of messages has them whole.
    """
    handle = ses_v2.handle_request

    async def handle_and_keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if method == "POST" and path.endswith("/outbound-emails") and answer[0] == HTTPStatus.OK:
            content, record = json.loads(body)["Content"], ses._sent_emails_list()[-1]
            if "Raw" in content:
                record["Told"] = _read(b64decode(content["Raw"]["Data"]).decode())
        return answer

    ses_v2.handle_request = handle_and_keep


def sent() -> list[Record]:
    """Return all mails, oldest first, as `{to, subject, text, html}` and who they are from.

    `to` is everybody who got it, openly or not. One that was sent as a whole message, as ours are, has it as `raw`.
    """
    return [_told(record) for record in sorted(_records(), key=lambda record: float(record["Timestamp"]))]


def forget() -> dict[str, int]:
    """Forget all mails and say how many there were."""
    count = len(_records())
    ses._sent_emails.clear()
    return {"forgotten": count}


def _records() -> list[Record]:
    return [record for _, records in ses._sent_emails.all_items() for record in records]


def _told(record: Record) -> Record:
    everybody = record["To"] + record["CC"] + record["BCC"]
    if "Told" in record:
        return {**record["Told"], **({"to": everybody} if everybody else {})}
    return {
        "to": everybody,
        "subject": record["Subject"],
        "text": record["BodyText"],
        "html": record["BodyHtml"] or "",
        "from": record["Source"],
    }


def _read(raw: str) -> Record:
    message = email.message_from_string(raw, policy=policy.default)
    return {
        "to": [address.strip() for address in str(message["To"]).split(",")],
        "subject": str(message["Subject"]),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "from": str(message["From"]),
        "raw": raw,
    }


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""
