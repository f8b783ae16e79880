"""Invalid inputs in one place: bodies, one-line texts, tokens. The tests of every endpoint use them.

The mechanisms have their full tables in `tests/edge/http`. In the gate each endpoint gets probes that it is wired to
them; `make nightly` sends each endpoint everything.
"""

import json
from typing import Any

import pytest

from tests.personas import ANNA, SVEN
from tests.rows_and_columns import IS_NIGHTLY, probes

Case = Any
"""The result of `pytest.param`."""
PLAIN = {"content-type": "text/plain"}
NO_TYPE = {"content-type": ""}
PROBES = {"a name twice", "an unknown field", "no object", "text/plain"}
"""Bodies that only our own reader refuses, only the input of this route, only the shared check, and only the header."""


def bodies(good: dict[str, Any]) -> list[Case]:
    """Return (request, status, code) for bodies that no route accepts; `good` is a body that this route accepts."""
    text = json.dumps(good)
    first = next(iter(good))
    open_end = text.removesuffix("}")
    bad_json = {
        "cut off": text[:-1],
        "two values": text + text,
        "single quotes": text.replace('"', "'"),
        "a comment": text + "// yes",
        "200,000 brackets": "[" * 200_000,
        "20,000 brackets": "[" * 20_000,
        "17 deep": f'{open_end}, "more": {"[" * 17}{"]" * 17}}}',
        "a number of 5,000 digits": f'{open_end}, "more": {"7" * 5_000}}}',
        "a number of 16 digits": f'{open_end}, "more": -{"7" * 16}}}',
        "a number beyond floats": f'{open_end}, "more": 1e400}}',
        "NaN": f'{open_end}, "more": NaN}}',
        "Infinity": f'{open_end}, "more": -Infinity}}',
        "no UTF-8": b"\xff\xfe",
        "no UTF-8 in a text": open_end.encode() + b', "more": "\xed\xa0\x80"}',
        "half a character": f'{open_end}, "more": "\\ud800"}}',
        "half a character in a name": f'{open_end}, "\\udfff": 1}}',
        "half a character in a list": f'{open_end}, "more": [{{"a": "\\ud83d"}}]}}',
        "half a character, unescaped": f'{open_end}, "more": "\ud800"}}',
        "a name twice": f"{open_end}, {json.dumps(first)}: {json.dumps(good[first])}}}",
        "a byte order mark": f"\ufeff{text}",
        "33 kB": f'{open_end}, "more": "{"x" * 33_000}"}}',
        "UTF-16": text.encode("utf-16"),
    }
    invalid = {
        "an unknown field": json.dumps(good | {"surprise": 1}),
        "a field that should not be": json.dumps(good | {"__proto__": {"may_grant": True}}),
        "no object": json.dumps([good]),
        "a text": '"text"',
        "a number": "5",
        "nothing at all": "null",
        "an empty object": "{}",
        "no body": "",
        "16 deep": f'{open_end}, "more": {"[" * 15}{"]" * 15}}}',
        "a number of 15 digits": f'{open_end}, "more": {"7" * 15}}}',
        "20 kB of an unknown field": json.dumps(good | {"more": "x" * 20_000}),
    }
    not_json = {
        "text/plain": PLAIN,
        "no type": NO_TYPE,
        "a form": {"content-type": "application/x-www-form-urlencoded"},
    }
    cases = [
        *(pytest.param({"raw": raw}, 400, "json_invalid", id=name) for name, raw in bad_json.items()),
        *(pytest.param({"raw": raw}, 422, "input_invalid", id=name) for name, raw in invalid.items()),
        *(
            pytest.param({"raw": text, "headers": headers}, 415, "not_json", id=name)
            for name, headers in not_json.items()
        ),
    ]
    return [case for case in cases if IS_NIGHTLY or case.id in PROBES]


def wrong(**fields: list[Any]) -> list[Case]:
    """Return (field, value) for each wrong value of each field."""
    return [
        pytest.param(field, value, id=f"{field}: {str(value)[:40]!r}")
        for field, values in fields.items()
        for value in values
    ]


NO_TEXTS: list[Any] = probes(5, None, rest=[1.5, True, ["text"], {"text": "text"}])
NO_BOOLEANS: list[Any] = probes("true", None, rest=[0, 1, "false", "", [], {}])
NO_SLUGS: list[Any] = [
    *NO_TEXTS,
    *probes("acme#x", "a" * 65, rest=["", " acme", "ACME", "-acme", "a_b", "acme\n", "ä", "a/b"]),
]
NO_EXTERNAL_IDS: list[Any] = [
    *NO_TEXTS,
    *probes("acme#x", "a" * 129, rest=["", " acme", ".acme", "|acme", "~acme", "acme\n", "ä", "a/b", "a%7Cb"]),
]
TRICKS = [
    f"before{character}after"
    for character in probes("\u202e", "\x00", rest="\x08\x1b\x7f\x9b\u061c\u200e\u200f\u202a\u2066\u2069")
]
"""Texts with characters that move cursors or reorder the displayed text."""
UNSEEN = probes("\u200b" * 3, rest=["\u3164" * 3, "\u2800" * 3, "\ufe0f\u200d\u0301"])
"""Texts in which nothing can be seen."""

USERS = [pytest.param(ANNA.but(**{claim: None}), id=claim) for claim in ("sub", "tenant_id")]
"""Users whose token lacks a claim. `test_callers` has malformed ones, `test_every_endpoint` one for each handler."""

NAMELESS = probes(ANNA.but(tenant_id=None), rest=[ANNA.but(sub=None)])
"""Some of them, for routes that only read."""

AGENTS = [pytest.param(SVEN.but(sub=None), id="sub")]
"""Agents whose token lacks the claim."""

NO_IDS = [
    "x",
    "01ARZ3NDEKTSV4RRFFQ69G5FA",
    "01arz3ndektsv4rrffq69g5fav",
    "81ARZ3NDEKTSV4RRFFQ69G5FAV",
    "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
    "01ARZ3NDEKTSV4RRFFQ69G5FA%0A",
    "%00",
    "%2e%2e",
    "%F0%9F%94%91",
    "~",
    "%22%27",
    "a" * 3_000,
]
"""Malformed ids, as they are written in a path."""
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
NO_LIMITS = ["0", "-1", "101", "1000000", "abc", "", "1.5", "NaN", "9" * 400, "1,2", "%00"]
NO_CURSORS = ["", "x", "AAAA", "~", "%F0%9F%94%91", "%00", "AAAAAAAAAAAAAAAAAAAA", "=" * 20, "A" * 999]
TOO_LONG_CURSOR = "A" * 1001
