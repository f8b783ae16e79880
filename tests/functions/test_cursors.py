"""Cursors that a caller made: the digest has no key, so any position can come with a right one.

Each list with a cursor, found in the OpenAPI document, answers to a position of its own form and refuses every other.
"""

import json
from dataclasses import dataclass

from docs import openapi
from guestkey.edge.http import cursors
from tests.calls import Answer, call
from tests.personas import ANNA, SVEN, Caller
from tests.rows_and_columns import each_row

ID = "01M844DZG0ACMEGRANT0000001"
AT = "2026-11-23T12:00:00Z"
NO_IDS = [ID[:-1], f"{ID}0", ID.lower(), f"8{ID[1:]}", f"{ID}\n", "~", f"GRANT#{ID}"]
NO_MOMENTS = [
    "x", "", AT[:-1], AT.replace("Z", "+01:00"), "2026-11-23", "0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z",
    "3000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
    "2026-11-23T25:00:00Z", "\uff12026-11-23T12:00:00Z",
]  # fmt: skip
NO_POSITIONS = ["", "x|…", "abc", "z:", "\x00", "null", "{}", "[1]", "1e9", "True", "a" * 700, "\U0001f511"]
"""Positions of no list."""


@dataclass(frozen=True)
class Positions:
    """Positions that have the form of a list, and some that almost do."""

    good: list[str]
    bad: list[str]


BY_ID = Positions([ID], NO_IDS)
OVERVIEW = Positions(
    [f"{AT}|rest:{ID}", f"{AT}|lasting:{ID}", f"2000-01-01T00:00:00Z|rest:{ID}", f"2999-12-31T23:59:59Z|rest:{ID}"],
    [*(f"{at}|rest:{ID}" for at in NO_MOMENTS), *(f"{AT}|rest:{id}" for id in NO_IDS), f"{AT}|other:{ID}", AT, ID],
)
LIVE = Positions([f"0:{ID}", f"1:{ID}"], [f"2:{ID}", f":{ID}", f"z:{ID}", ID, *(f"0:{id}" for id in NO_IDS)])
LEDGER = Positions(["1", "9" * 11], ["0", "-1", "+1", "01", "1.0", "1_0", "\u0661", "1" + "0" * 11, "9" * 400, " 1"])
OWN_LOGINS = Positions([f":{ID}", f"open:{ID}"], [ID, f"shut:{ID}", f"open:{ID}:", *(f":{id}" for id in NO_IDS)])
ACCESS = Positions(
    ["0:acme", "3:auth0|507f1f77", f"0:{'a' * 128}"], ["4:acme", "-1:acme", "acme", "0:", "0:a#b", f"0:{'a' * 129}"]
)
RIGHTS = Positions(
    ["user:ben", "user:auth0|507f1f77", f"user:{'a' * 128}"],
    ["ben", "user:", "user:a#b", f"user:{'a' * 129}", "user:~ben"],
)
LISTS: dict[str, tuple[Caller, tuple[str, ...], Positions]] = {
    "/v1/grants": (ANNA, ("acme", "grants"), OVERVIEW),
    "/v1/grants?state=live": (ANNA, ("acme", "grants", "state=live"), LIVE),
    "/v1/grants.csv": (ANNA, ("acme", "grants.csv"), OVERVIEW),
    "/v1/logins": (ANNA, ("acme", "logins"), BY_ID),
    "/v1/logins.csv": (ANNA, ("acme", "logins.csv"), BY_ID),
    "/v1/ledger": (ANNA, ("acme", "ledger"), LEDGER),
    "/v1/rights": (ANNA, ("acme", "rights"), RIGHTS),
    "/v1/requests": (ANNA, ("acme", "requests", ""), BY_ID),
    "/v1/requests?state=pending": (ANNA, ("acme", "requests", "pending"), BY_ID),
    "/v1/support/requests": (SVEN, ("sven", "requests"), BY_ID),
    "/v1/support/logins": (SVEN, ("sven", "logins", "False"), OWN_LOGINS),
    "/v1/support/access": (SVEN, ("sven", "access"), ACCESS),
}
"""For each list: a caller, the scope of its cursors, and positions."""


def get(path: str, position: str, scope: tuple[str, ...]) -> Answer:
    cursor = cursors.cursor(position, cursors.scope(*scope))
    return call("GET", f"{path}{'&' if '?' in path else '?'}cursor={cursor}", caller=LISTS[path][0])


def test_every_list_with_a_cursor_is_in_the_table() -> None:
    paths = json.loads(openapi.DOCUMENT.read_text())["paths"]
    with_cursor = {
        path
        for path, methods in paths.items()
        for operation in methods.values()
        if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))
    }

    assert with_cursor == {path.partition("?")[0] for path in LISTS}


@each_row("path", LISTS)
def test_a_position_of_the_lists_form_is_followed_and_every_other_is_refused(path: str) -> None:
    _, scope, positions = LISTS[path]
    good = {position: get(path, position, scope).status for position in positions.good}
    bad = [(position, scope) for position in (*positions.bad, *NO_POSITIONS)]
    bad += [(of_list.good[0], other) for _, other, of_list in LISTS.values() if other != scope]
    bad.append((positions.good[0], ("globex", *scope[1:])))
    answers = {one: get(path, *one) for one in bad}

    assert good == dict.fromkeys(positions.good, 200)
    assert {one: (answer.status, answer.code) for one, answer in answers.items()} == dict.fromkeys(
        bad, (422, "cursor_invalid")
    )
