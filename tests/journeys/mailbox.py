"""A mail of the local mailbox as its recipient's programs understand it."""

from typing import Any

from guestkey.edge.letters import Kind
from guestkey.edge.words import catalogue
from tests.edge import post


def read(mail: dict[str, Any]) -> post.Read:
    """Return a mail that the emulator kept, mailed as SES would and parsed by others."""
    sent = {
        "FromEmailAddress": mail["from"],
        "ReplyToAddresses": mail["reply_to"],
        "Destination": {"ToAddresses": mail["to"]},
        "Content": {
            "Simple": {
                "Subject": {"Data": mail["subject"]},
                "Body": {"Text": {"Data": mail["text"]}, "Html": {"Data": mail["html"]}},
                "Headers": [{"Name": name, "Value": value} for name, value in mail["headers"]],
            }
        },
    }
    return post.read(post.as_mailed(sent))


def subject_in(language: str) -> str:
    """Return the subject of an activation mail."""
    return catalogue(language).text(Kind.ACTIVATION, "subject")
