"""The figures of the contract. Tests that import a limit stay green when it changes; this table does not."""

import re
from datetime import timedelta
from types import ModuleType
from typing import Any

from guestkey.rules import callbacks, grants, hours, ledger_form, limits, logins, notices, periods, requests, slots
from tests.rows_and_columns import each_row

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FIGURES: dict[ModuleType, dict[str, Any]] = {
    limits: {
        "MAX_NAME_LENGTH": 200,
        "MAX_VERSION_LENGTH": 100,
        "MIN_REASON_LENGTH": 3,
        "MAX_REASON_LENGTH": 500,
        "MAX_TICKET_LENGTH": 100,
        "MAX_NOTE_LENGTH": 500,
        "MAX_DESCRIPTION_LENGTH": 2000,
        "MAX_QUERY_LENGTH": 100,
        "MAX_PHONE_LENGTH": 40,
        "MAX_EMAIL_LENGTH": 254,
        "MAX_LOCALE_LENGTH": 35,
        "MAX_EXTERNAL_ID_LENGTH": 128,
        "MAX_SLUG_LENGTH": 64,
        "MAX_RECIPIENTS": 20,
        "MAX_APPROVERS": 20,
        "MAX_DEPARTMENTS": 50,
        "MAX_CURSOR_LENGTH": 1000,
        "MAX_KEY_LENGTH": 64,
        "MAX_PAGE_SIZE": 100,
    },
    callbacks: {"MAX_BOOKINGS_AN_HOUR": 20, "MAX_CHANGES_BY_AGENT_AN_HOUR": 60},
    grants: {"MAX_GRANTS_AN_HOUR": 200, "MAX_LIVE_GRANTS": 500},
    logins: {"MAX_LOGINS_AN_HOUR": 60, "MIN_DUE_PAUSE": 5 * MINUTE, "MAX_DUE_PAUSE": DAY},
    requests: {
        "MAX_PENDING": 5,
        "MAX_SENDINGS_OF_AGENT": 20,
        "MAX_SENDINGS_TO_TENANT": 40,
        "MAX_UNKNOWN": 10,
        "MAX_LIFE": 72 * HOUR,
    },
    notices: {"MAX_CHOICES_AN_HOUR": 20},
    periods: {"MAX_PERIOD": 32 * DAY},
    slots: {"MAX_DAYS": 14},
    hours: {"MAX_LOOK_AHEAD": 31 * DAY},
    ledger_form: {
        "MAX_LINE_BYTES": 65_536,
        "MAX_INTEGER": 9_007_199_254_740_991,
        "MAX_FINDINGS": 1_000,
        "MAX_SEQ_DIGITS": 15,
        "MAX_HEAD_LENGTH": 1_000,
    },
}


@each_row("module", FIGURES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_limit_is_the_figure_of_the_contract(module: ModuleType):
    assert {name: value for name, value in vars(module).items() if name.startswith(("MAX_", "MIN_"))} == FIGURES[module]


@each_row(
    ("form", "good", "bad"),
    [
        (limits.SLUG, ["a", "0", "a-", "a" * 64], ["", "-a", "A", "a_b", "a" * 65, "a\n"]),
        (limits.ULID, ["0" * 26, "7" + "Z" * 25], ["8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "U", "0" * 25 + "z"]),
        (
            limits.EXTERNAL_ID,
            ["a", "Z", "0", "_", "-", "A.b_c|d@e:f-g+h=i~j", "a" * 128],
            ["", *(f"{first}a" for first in ".|@:+=~#"), *(f"a{bad}" for bad in " \n\t/#,;?%&$*'\"\\ä"), "a" * 129],
        ),
    ],
)
def test_an_id_has_its_form_and_no_character_more(form: re.Pattern[str], good: list[str], bad: list[str]):
    assert [text for text in good if not form.fullmatch(text)] == []
    assert [text for text in bad if form.fullmatch(text)] == []
