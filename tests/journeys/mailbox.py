"""The local mailbox: the mails sent so far, parsed as a mail program would."""

import time
from collections.abc import Callable
from typing import Any

from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import catalogue
from tests.edge import post
from tests.journeys.world import Tenant

PATIENCE_SECONDS = 30


def read(mail: dict[str, Any]) -> post.Read:
    """Return a mail that the emulator stored, parsed by independent libraries."""
    return post.read(mail["raw"].encode())


def subject_in(language: str) -> str:
    """Return the fixed text in the subject of an activation mail."""
    return catalogue(language).text(Kind.ACTIVATION, "subject")


def kind_of(mail: dict[str, Any] | post.Read) -> str:
    """Return the fixed text in the subject of a mail, as stored or as parsed."""
    subject = mail.headers["subject"][0] if isinstance(mail, post.Read) else str(mail["subject"])
    return post.kind_in(subject)


def until[T](look: Callable[[], T | None]) -> T:
    """Call a function until it returns a result, and return that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "no result in time"
        time.sleep(0.25)  # reading a full mailbox often would slow the emulator down
    return found


def mails_to(tenant: Tenant) -> list[dict[str, Any]]:
    """Return the mails to the people of a tenant so far, oldest first."""
    return [mail for mail in tenant.world.stack.mails() if f"@{tenant.tenant_id}.example" in mail["to"][0]]


def mails_after(tenant: Tenant, number: int) -> list[dict[str, Any]]:
    """Wait for that number of mails to the tenant, and return them."""
    return until(lambda: mails if len(mails := mails_to(tenant)) >= number else [])
