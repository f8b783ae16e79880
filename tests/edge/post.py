"""SES as far as a test needs it: what is sent, as SES got it, as it mails it, and as somebody reads it.

Whoever reads is not who wrote: mails are made with the standard library and read with fast-mail-parser (Rust), their
HTML with Lexbor (C), and linkify-it finds what a mail program would turn into a link.
"""

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from fast_mail_parser import PyMimePart, parse_email, parse_email_tree
from linkify_it import LinkifyIt
from linkify_it.tlds import TLDS
from selectolax.lexbor import LexborHTMLParser

from guestkey.edge.mail import send

EVENT = "before-send.sesv2.SendEmail"
LINKS = LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": True}).tlds([*TLDS, "example"])
Sent = dict[str, Any]
Refusal = tuple[HTTPStatus, str, str] | Exception


@contextmanager
def office(refusals: Callable[[str], Refusal | None] = lambda address: None) -> Iterator[list[Sent]]:
    """Give the requests that reached SES, in order; it refuses an address as `refusals` has it.

    Of two offices the one that was opened last gets the mail.
    """
    requests: list[Sent] = []

    def answer(request: Any, **_: Any) -> Any:  # botocore's stubs know no handler that answers
        if _open[-1] is not answer:
            return None
        sent = json.loads(request.body)
        requests.append(sent)
        refusal = refusals(sent["Destination"]["ToAddresses"][0])
        if isinstance(refusal, Exception):
            raise refusal
        status, code, message = refusal or (HTTPStatus.OK, "", "")
        body = json.dumps({"message": message} if code else {"MessageId": "0100"}).encode()
        return AWSResponse(request.url, status, HTTPHeaders.from_dict({"x-amzn-errortype": code}), Raw(body))

    send.client().meta.events.register_first(EVENT, answer)
    _open.append(answer)
    try:
        yield requests
    finally:
        _open.remove(answer)
        send.client().meta.events.unregister(EVENT, answer)


_open: list[Callable[..., Any]] = []


def recipients(requests: list[Sent]) -> list[str]:
    """Return who got a mail, in order."""
    return [address for sent in requests for address in sent["Destination"]["ToAddresses"]]


class Raw:
    """The body of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def as_mailed(sent: Sent) -> bytes:
    """Return the message that SES is asked to send as it is."""
    return b64decode(sent["Content"]["Raw"]["Data"])


@dataclass(frozen=True)
class Read:
    """A mail as somebody else's parsers understand it."""

    headers: dict[str, list[str]]
    recipients: list[str]
    parts: list[str]
    calendars: list[PyMimePart]
    """An invitation, and the same as a file."""
    text: str
    html: LexborHTMLParser

    @property
    def elements(self) -> set[tuple[str, str, str]]:
        """Each attribute as (element, name, value), and each element as (element, "", "")."""
        found = set()
        for node in self.html.css("*"):
            found.add((str(node.tag), "", ""))
            found |= {(str(node.tag), name, str(value)) for name, value in node.attributes.items()}
        return found

    @property
    def styles(self) -> list[str]:
        """What stands in style elements."""
        return [node.text() for node in self.html.css("style")]

    @property
    def seen(self) -> str:
        """The HTML part as one reads it, a line for each piece of text."""
        body = self.html.body
        assert body
        return body.text(separator="\n")

    @property
    def links(self) -> set[str]:
        """Every link there is, and every one that a mail program would make."""
        hrefs = {str(node.attributes["href"]) for node in self.html.css("[href]")}
        return hrefs | self.made_links

    @property
    def made_links(self) -> set[str]:
        """What a mail program turns into a link by itself."""
        return {link.url for part in (self.text, self.seen) for link in LINKS.match(part) or ()}


def read(raw: bytes) -> Read:
    """Return a message as it is understood by others."""
    flat = parse_email(raw, strict=True)
    (text,), (html,) = flat.text_plain, flat.text_html
    tree = parse_email_tree(raw)
    return Read(
        headers={
            name.lower(): [value.strip() for value in values]  # one that was folded begins with a blank
            for name, values in flat.headers.items()
            if name.lower() != "content-type"
        },
        recipients=[address.address for address in (*flat.to, *flat.cc, *flat.bcc)],
        parts=[part.content_type for part in _parts(tree)],
        calendars=[part for part in _parts(tree) if part.content_type in {"text/calendar", "application/ics"}],
        text=text,
        html=LexborHTMLParser(html),
    )


def _parts(part: PyMimePart) -> Iterator[PyMimePart]:
    yield part
    for child in part.children:
        yield from _parts(child)
