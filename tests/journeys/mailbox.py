"""The local mailbox: what was mailed to whom so far, and a mail as its recipient's programs understand it."""

import time
from collections.abc import Callable
from typing import Any

from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.i18n import catalogue
from tests.edge import post
from tests.journeys.world import Tenant

PATIENCE_SECONDS = 30


def read(mail: dict[str, Any]) -> post.Read:
    """Return a mail that the emulator kept, parsed by others."""
    return post.read(mail["raw"].encode())


def subject_in(language: str) -> str:
    """Return the subject of an activation mail."""
    return catalogue(language).text(Kind.ACTIVATION, "subject")


def until[T](look: Callable[[], T | None]) -> T:
    """Look again and again until there is something, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.25)  # a look at a full mailbox keeps the emulator from its work
    return found


def mails_to(tenant: Tenant) -> list[dict[str, Any]]:
    """Return what was mailed to the people of a tenant so far, oldest first."""
    return [mail for mail in tenant.world.stack.mails() if f"@{tenant.tenant_id}.example" in mail["to"][0]]


def mails_after(tenant: Tenant, number: int) -> list[dict[str, Any]]:
    """Return the tenant's mails when there are so many."""
    return until(lambda: mails if len(mails := mails_to(tenant)) >= number else [])
