"""A mail of the local mailbox as its recipient's programs understand it."""

from typing import Any

from guestkey.edge.letters import Kind
from guestkey.edge.words import catalogue
from tests.edge import post


def read(mail: dict[str, Any]) -> post.Read:
    """Return a mail that the emulator kept, parsed by others."""
    return post.read(mail["raw"].encode())


def subject_in(language: str) -> str:
    """Return the subject of an activation mail."""
    return catalogue(language).text(Kind.ACTIVATION, "subject")
