"""The dead-letter queue on moto."""

import json
from typing import Any

from moto.core.models import patch_client

from guestkey import settings
from guestkey.edge.stream import dead_letters
from tests import stack

URL = settings.DEAD_LETTER_QUEUE_URL


def make_queue() -> None:
    """Create the queue with the visibility timeout of the template; moto must be active already."""
    patch_client(dead_letters.client())  # the client may have been created before moto was imported
    hidden_for = str(stack.resource("DeadLetterQueue")["VisibilityTimeout"])
    dead_letters.client().create_queue(QueueName=URL.rpartition("/")[2], Attributes={"VisibilityTimeout": hidden_for})


def messages() -> list[dict[str, Any]]:
    """Return the visible messages, without hiding them."""
    answer = dead_letters.client().receive_message(QueueUrl=URL, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]
