"""The environment, read once at import. Every name here is set in template.yaml; a test compares the two."""

import os
from datetime import timedelta

TABLE_NAME = os.environ["TABLE_NAME"]
STACK_NAME = os.environ.get("STACK_NAME", "guestkey")

USER_ID_CLAIM = os.environ.get("USER_ID_CLAIM", "sub")
TENANT_CLAIM = os.environ.get("TENANT_CLAIM", "tenant_id")
NAME_CLAIM = os.environ.get("NAME_CLAIM", "name")
EMAIL_CLAIM = os.environ.get("EMAIL_CLAIM", "email")
LOCALE_CLAIM = os.environ.get("LOCALE_CLAIM", "locale")
AGENT_ID_CLAIM = os.environ.get("AGENT_ID_CLAIM", "sub")
BACKEND_ID_CLAIM = os.environ.get("BACKEND_ID_CLAIM", "sub")

# How the pages have a tenant's user signed in: OpenID Connect, as a public client.
TENANT_ISSUER = os.environ.get("TENANT_ISSUER", "https://tenant.invalid")
SIGN_IN_CLIENT_ID = os.environ.get("SIGN_IN_CLIENT_ID", "guestkey-tenant")
SIGN_IN_SCOPE = os.environ.get("SIGN_IN_SCOPE", "openid profile email")
SIGN_IN_TOKEN = os.environ.get("SIGN_IN_TOKEN", "id_token")
SIGN_IN_ORIGIN = os.environ.get("SIGN_IN_ORIGIN", "https://tenant.invalid")

RETENTION = timedelta(days=int(os.environ.get("RETENTION_DAYS", "400")))
"""How long history stays after it is over. The template keeps it above six months, which the overview shows."""

REQUEST_LIFE = timedelta(seconds=int(os.environ.get("REQUEST_LIFE_SECONDS", "86400")))
"""How long a request waits for its answer."""

MAIL_SENDER = os.environ.get("MAIL_SENDER", "")
"""Whom mails are from, as `Example Support <support@vendor.example>`; SES must know the address or its domain."""
MAIL_REPLY_TO = os.environ.get("MAIL_REPLY_TO", "")
"""Where answers go, if not to the sender."""
MAIL_CONFIGURATION_SET = os.environ.get("MAIL_CONFIGURATION_SET", "")
BASE_URL = os.environ.get("BASE_URL", "https://guestkey.invalid").rstrip("/")
"""Where customers reach this stack. Links in mails begin with it; the `Host` of a request never does."""

EVENT_BUS = os.environ.get("EVENT_BUS", "")
"""The stack's own bus, to which every ledger entry goes."""
PARKED_RECORDS_URL = os.environ.get("PARKED_RECORDS_URL", "")
"""The queue of what could not be handled."""

REMINDER_GROUP = os.environ.get("REMINDER_GROUP", "")
"""The stack's own group of schedules, one for each call-back of which somebody is to be reminded."""
REMINDER_FUNCTION = os.environ.get("REMINDER_FUNCTION", "")
"""What they call,"""
REMINDER_ROLE = os.environ.get("REMINDER_ROLE", "")
"""as whom,"""
REMINDER_DEAD_LETTERS = os.environ.get("REMINDER_DEAD_LETTERS", "")
"""and where it goes if they cannot."""
