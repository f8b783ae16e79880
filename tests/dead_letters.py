"""The queue of what could not be handled, on moto."""

import json
from typing import Any

from moto.core.models import patch_client

from guestkey import settings
from guestkey.edge.stream import dead_letters
from tests import stack

URL = settings.DEAD_LETTER_QUEUE_URL


def make_queue() -> None:
    """Make the queue as the template has it; the world must be on moto already."""
    patch_client(dead_letters.client())  # it was made when `guestkey.edge` was imported, perhaps before moto was
    hidden_for = str(stack.resource("DeadLetterQueue")["VisibilityTimeout"])
    dead_letters.client().create_queue(QueueName=URL.rpartition("/")[2], Attributes={"VisibilityTimeout": hidden_for})


def messages() -> list[dict[str, Any]]:
    """Return what lies there to be seen; looking hides nothing."""
    answer = dead_letters.client().receive_message(QueueUrl=URL, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]
