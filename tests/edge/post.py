"""A fake SES: the requests it received, the messages it mails, and the same messages as a recipient reads them.

Reader and writer are independent: mails are made with the standard library and read with fast-mail-parser (Rust),
their HTML with Lexbor (C); linkify-it finds texts that a mail program would turn into a link.
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
def fake_ses(refusals: Callable[[str], Refusal | None] = lambda address: None) -> Iterator[list[Sent]]:
    """Yield the list of requests that SES received, in order; `refusals` gives the refusal for an address.

    Of two nested ones the inner one receives the mail.
    """
    requests: list[Sent] = []

    def answer(request: Any, **_: Any) -> Any:  # botocore's stubs have no handler with a return value
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
    """Return the recipients of mails, in order."""
    return [address for sent in requests for address in sent["Destination"]["ToAddresses"]]


class Raw:
    """The body of a response, in the form that botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body


def as_mailed(sent: Sent) -> bytes:
    """Return the raw message of a request to SES."""
    return b64decode(sent["Content"]["Raw"]["Data"])


@dataclass(frozen=True)
class Read:
    """A mail as independent parsers read it."""

    headers: dict[str, list[str]]
    recipients: list[str]
    parts: list[str]
    calendars: list[PyMimePart]
    """The invitation as a part, and as an attachment."""
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
        """The texts of style elements."""
        return [node.text() for node in self.html.css("style")]

    @property
    def seen(self) -> str:
        """The visible text of the HTML part, a line for each text node."""
        body = self.html.body
        assert body
        return body.text(separator="\n")

    @property
    def links(self) -> set[str]:
        """Every link in the HTML part, and every one that a mail program would make of text."""
        hrefs = {str(node.attributes["href"]) for node in self.html.css("[href]")}
        return hrefs | self.made_links

    @property
    def made_links(self) -> set[str]:
        """The links that a mail program makes of plain text."""
        return {link.url for part in (self.text, self.seen) for link in LINKS.match(part) or ()}


def read(raw: bytes) -> Read:
    """Return a message as independent parsers read it."""
    flat = parse_email(raw, strict=True)
    (text,), (html,) = flat.text_plain, flat.text_html
    tree = parse_email_tree(raw)
    return Read(
        headers={
            name.lower(): [value.strip() for value in values]  # a folded header begins with a space
            for name, values in flat.headers.items()
            if name.lower() != "content-type"
        },
        recipients=[address.address for address in (*flat.to, *flat.cc, *flat.bcc)],
        parts=[part.content_type for part in _parts(tree)],
        calendars=[part for part in _parts(tree) if part.content_type in {"text/calendar", "application/ics"}],
        text=text,
        html=LexborHTMLParser(html),
    )


def kind_in(subject: str) -> str:
    """Return the fixed text of a subject, without the facts in brackets that tell it from others of its kind."""
    kind, bracket, facts = subject.rpartition(" (")
    assert bracket and facts.endswith(")"), subject
    return kind


def _parts(part: PyMimePart) -> Iterator[PyMimePart]:
    yield part
    for child in part.children:
        yield from _parts(child)
