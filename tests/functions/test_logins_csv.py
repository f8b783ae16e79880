"""GET /v1/logins.csv: the login overview for a spreadsheet."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.edge.http import csv_export, cursors
from tests import factories, invalid_inputs
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, SVEN, Caller
from tests.rows_and_columns import each_row

DAY = timedelta(days=1)
HEADER = [
    "login_id",
    "logged_in_at",
    "agent_id",
    "agent_name",
    "agent_departments",
    "reason",
    "ticket",
    "may_export",
    "ended_at",
    "end",
    "grant_id",
    "access_ends_at",
    "end_cause",
    "access",
    "agent_kind",
    "agent_accountable_name",
]


def get(query: Any = None, *, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/logins.csv", caller=caller, query=query)


def rows(answer: Answer) -> list[list[str]]:
    assert answer.status == 200
    return list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))


def test_without_logins_there_is_the_header_row_alone() -> None:
    answer = get()

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == ",".join(f'"{name}"' for name in HEADER) + "\r\n"


def test_anna_sees_agent_exact_time_and_reason(world: time_machine.Traveller) -> None:
    factories.agent("sven", "support", "development", name="Sven Brandt")
    grant = factories.grant()
    login = factories.login(reason='Say "please", thanks', ticket="T-4711")
    world.shift(timedelta(hours=2))

    assert get().text.split("\r\n")[1] == (
        f'"{login.login_id}","2026-11-23T12:00:00Z","sven","Sven Brandt","support; development",'
        '"Say ""please"", thanks","T-4711","false","2026-11-23T13:00:00Z","access_over",'
        f'"{grant.grant_id}","2026-11-23T13:00:00Z","time","change","person",""'
    )


def test_a_missing_value_is_an_empty_cell() -> None:
    factories.agent("sven")
    factories.grant(period="permanent")
    factories.login()

    (row,) = rows(get())[1:]
    shown = dict(zip(HEADER, row, strict=True))
    empty = ("agent_departments", "ticket", "ended_at", "end", "access_ends_at", "end_cause", "agent_accountable_name")
    assert {name: shown[name] for name in empty} == dict.fromkeys(empty, "")


@each_row("reason", ["=1+1", "+49 241", "-- see below", "@anna", "=cmd|' /C calc'!A0"])
def test_no_cell_is_read_as_a_formula(reason: str) -> None:
    factories.grant()
    factories.login(reason=reason, ticket="=2+2")

    row = dict(zip(HEADER, rows(get())[1], strict=True))
    assert (row["reason"], row["ticket"]) == (f"'{reason}", "'=2+2")


@pytest.mark.parametrize("text", ["\tpossible elsewhere", "\rpossible elsewhere"])
def test_tabs_and_returns_at_the_start_are_escaped_too(text: str) -> None:
    made, rest = csv_export.sheet(["text"], [("1", {"text": text})])

    assert (made, rest) == (f'"text"\r\n"\'{text}"\r\n', None)


def test_carla_sees_nothing_of_acme() -> None:
    factories.grant()
    factories.login()

    assert rows(get(caller=CARLA)) == [HEADER]


# ------------------------------------------------------------------ pages


def test_an_answer_is_never_longer_than_lambdas_limit() -> None:
    entered = ((str(number), {"reason": "🔑" * 500}) for number in range(5_000))
    text, last = csv_export.sheet(["reason"], entered)

    assert 3_990_000 < len(text.encode()) <= csv_export.MAX_BYTES + 1_000
    assert last == str(len(text.splitlines()) - 2), "the header, and rows counted from 0"


def test_a_page_has_5000_rows() -> None:
    entered = ((str(number), {"reason": "short"}) for number in range(5_001))
    text, last = csv_export.sheet(["reason"], entered)

    assert (len(text.splitlines()), last) == (5_001, "4999")


def test_the_next_page_begins_after_the_last_row_of_the_previous_one() -> None:
    grant = factories.grant(at=MONDAY_NOON - DAY)
    made = factories.bulk_logins(grant, 5, at=MONDAY_NOON - DAY)[::-1]
    query = {"cursor": cursors.cursor(made[2], cursors.scope("acme", "logins.csv"))}

    assert [row[0] for row in rows(get(query))[1:]] == made[3:]
    assert get(query, caller=CARLA).code == "cursor_invalid"


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get({"cursor": cursor})
        assert (answer.status, answer.code) == (422, "cursor_invalid")


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    answer = get(caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    assert get(caller=ANNA.but(tenant_id="nobody")).code == "tenant_unknown"
