"""Limits of inputs: lengths in characters, and the forms of ids. API and pages take them from here."""

import re

MAX_NAME_LENGTH = 200
MAX_VERSION_LENGTH = 100
MIN_REASON_LENGTH = 3
MAX_REASON_LENGTH = 500
MAX_TICKET_LENGTH = 100
MAX_NOTE_LENGTH = 500
MAX_DESCRIPTION_LENGTH = 2000
MAX_QUERY_LENGTH = 100
MAX_PHONE_LENGTH = 40
MAX_EMAIL_LENGTH = 254
MAX_LOCALE_LENGTH = 35
MAX_EXTERNAL_ID_LENGTH = 128
MAX_SLUG_LENGTH = 64
MAX_RECIPIENTS = 20
MAX_APPROVERS = 20
MAX_DEPARTMENTS = 50
MAX_CURSOR_LENGTH = 1000
MAX_KEY_LENGTH = 64
"""Length of an `Idempotency-Key`."""
MAX_PAGE_SIZE = 100
"""Items of a list in one response."""

EXTERNAL_ID = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._|@:+=~-]{{0,{MAX_EXTERNAL_ID_LENGTH - 1}}}")
"""Id from outside, of a tenant, user, agent or department, as the common identity providers issue them.

It has no `#`, which separates the parts of keys, and no `/`, which separates those of paths. It does not begin with a
dot, because clients resolve `.` and `..` in paths, nor with `~`, which keys use to sort behind every id.
"""
SLUG = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{MAX_SLUG_LENGTH - 1}}}")
"""Id that the vendor chooses for a topic of the support desk."""
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
"""Id that Guestkey makes, and a position in a list in the order of ids."""
ENTRY_NUMBER = re.compile(r"[1-9][0-9]{0,10}")
"""Number of a ledger entry as a position in a list of entries: the highest number has a digit more."""
