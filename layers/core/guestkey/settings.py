"""The environment, read once at import. Every name here is set in template.yaml; a test compares the two."""

import os
from datetime import timedelta

from guestkey.rules.levels import AccessLevel

TABLE_NAME = os.environ["TABLE_NAME"]
STACK_NAME = os.environ.get("STACK_NAME", "guestkey")

USER_ID_CLAIM = os.environ.get("USER_ID_CLAIM", "sub")
TENANT_CLAIM = os.environ.get("TENANT_CLAIM", "tenant_id")
NAME_CLAIM = os.environ.get("NAME_CLAIM", "name")
EMAIL_CLAIM = os.environ.get("EMAIL_CLAIM", "email")
LOCALE_CLAIM = os.environ.get("LOCALE_CLAIM", "locale")
AGENT_ID_CLAIM = os.environ.get("AGENT_ID_CLAIM", "sub")
BACKEND_ID_CLAIM = os.environ.get("BACKEND_ID_CLAIM", "sub")


def listed(text: str) -> frozenset[str]:
    """Return the parts of a text with commas, without the blanks around them."""
    return frozenset(part.strip() for part in text.split(",")) - {""}


ACTING_CLAIMS = listed(os.environ.get("ACTING_CLAIMS", "")) | {"act"}
"""Claims of tokens whose bearer acts for somebody else."""
RIGHT_CLAIM = os.environ.get("RIGHT_CLAIM", "").strip()
"""Claim to which the vendor ties the right of users; empty if every user holds it by default."""
RIGHT_VALUES = listed(os.environ.get("RIGHT_VALUES", ""))
"""Values of that claim, of which a user's token needs one."""

DEFAULT_ACCESS = AccessLevel(os.environ.get("DEFAULT_ACCESS", "change"))
"""Level of a new grant, and of a request, that names none."""

# Sign-in of a tenant's user on the pages: OpenID Connect, as a public client.
TENANT_ISSUER = os.environ.get("TENANT_ISSUER", "")
SIGN_IN_CLIENT_ID = os.environ.get("SIGN_IN_CLIENT_ID", "guestkey-tenant")
SIGN_IN_SCOPE = os.environ.get("SIGN_IN_SCOPE", "openid profile email")
SIGN_IN_TOKEN = os.environ.get("SIGN_IN_TOKEN", "id_token")
SIGN_IN_ORIGIN = os.environ.get("SIGN_IN_ORIGIN", "")

RETENTION = timedelta(days=int(os.environ.get("RETENTION_DAYS", "400")))
"""How long history is kept after its end. The template keeps it above six months, the span of the overview."""

REQUEST_LIFE = timedelta(seconds=int(os.environ.get("REQUEST_LIFE_SECONDS", "86400")))
"""How long a request is pending."""

MAIL_SENDER = os.environ.get("MAIL_SENDER", "")
"""Sender of e-mails, as `Example Support <support@vendor.example>`; SES must know the address or its domain."""
MAIL_REPLY_TO = os.environ.get("MAIL_REPLY_TO", "")
"""Address for replies, if not the sender's."""
MAIL_CONFIGURATION_SET = os.environ.get("MAIL_CONFIGURATION_SET", "")
BASE_URL = os.environ.get("BASE_URL", "").rstrip("/")
"""Public address of this stack. Links in e-mails begin with it; the `Host` of a request never does.

It is empty until the operator knows it: then no e-mail is sent."""

EVENT_BUS = os.environ.get("EVENT_BUS", "")
"""Name of the stack's bus, on which every ledger entry is published."""
DEAD_LETTER_QUEUE_URL = os.environ.get("DEAD_LETTER_QUEUE_URL", "")
"""Address of the queue of records that could not be processed."""

REMINDER_GROUP = os.environ.get("REMINDER_GROUP", "")
"""Name of the stack's group of schedules, one for each call-back with a reminder."""
REMINDER_FUNCTION = os.environ.get("REMINDER_FUNCTION", "")
"""ARN of the reminder function."""
REMINDER_ROLE = os.environ.get("REMINDER_ROLE", "")
"""ARN of the role that EventBridge Scheduler assumes."""
REMINDER_DEAD_LETTERS = os.environ.get("REMINDER_DEAD_LETTERS", "")
"""ARN of the queue of invocations that Scheduler could not deliver."""
