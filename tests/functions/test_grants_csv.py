"""GET /v1/grants.csv: the activation overview for a spreadsheet."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from guestkey.edge.http import csv_export
from tests import factories, invalid_inputs
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row, rounds

DAY = timedelta(days=1)
HEADER = [
    "grant_id",
    "state",
    "grantee_type",
    "grantee_id",
    "grantee_name",
    "period",
    "may_export",
    "granted_at",
    "granted_by_user_id",
    "granted_by_name",
    "ends_at",
    "review_at",
    "revoked_at",
    "revoked_by_user_id",
    "revoked_by_name",
    "request_id",
    "end",
    "access",
    "may_automate",
    "grantee_kind",
    "grantee_accountable_name",
]


def get(query: Any = None, *, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/grants.csv", caller=caller, query=query)


def rows(answer: Answer) -> list[list[str]]:
    assert answer.status == 200
    return list(csv.reader(io.StringIO(answer.text, newline=""), strict=True))


# ------------------------------------------------------------------ it works


def test_without_grants_there_is_the_header_row_alone() -> None:
    answer = get()

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text == ",".join(f'"{name}"' for name in HEADER) + "\r\n"
    assert "link" not in answer.headers


def test_every_cell_is_quoted_and_every_line_ends_by_rfc_4180() -> None:
    grant = factories.revoked(factories.grant(may_export=True), by=GIULIA)

    assert get().text.split("\r\n")[1] == (
        f'"{grant.grant_id}","revoked","agent","sven","Sven Brandt","1h","true","2026-11-23T12:00:00Z","anna",'
        '"Anna Albrecht","2026-11-23T13:00:00Z","","2026-11-23T12:00:00Z","giulia","Giulia Galli","","revoked",'
        '"change","false","person",""'
    )
    assert get().text.endswith("\r\n")


def test_it_has_the_overviews_order() -> None:
    factories.grant(period="1w", at=MONDAY_NOON - DAY)
    factories.grant(period="permanent", at=MONDAY_NOON - 300 * DAY)
    factories.grant()
    factories.revoked(factories.grant(period="permanent", at=MONDAY_NOON - 200 * DAY), at=MONDAY_NOON - DAY)
    shown = [grant["grant_id"] for grant in call("GET", "/v1/grants", caller=ANNA).body["items"]]

    assert [row[0] for row in rows(get())[1:]] == shown


def test_carla_sees_nothing_of_acme() -> None:
    factories.grant()

    assert rows(get(caller=CARLA)) == [HEADER]


# ------------------------------------------------------------------ safe to open


@pytest.mark.parametrize("name", ["=1+1", "+49", "-1", "@SUM(A1)", '=HYPERLINK("http://evil.example")'])
def test_no_cell_is_read_as_a_formula(name: str) -> None:
    factories.agent("mallory", name=name)
    factories.grant("support", by=ANNA.but(name=name))
    call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "mallory"}}, caller=ANNA)

    by_mallory, by_anna = rows(get())[1:]
    assert by_mallory[4] == f"'{name}"
    assert by_anna[9] == f"'{name}"


@pytest.mark.parametrize("name", ['the "boss"', "Brandt, Sven", "Zoë 你好", "a'b", " ", "x" * 198])
def test_any_name_stays_in_its_cell(name: str) -> None:
    factories.grant(by=ANNA.but(name=f"N{name}N"))

    assert rows(get())[1][9] == f"N{name}N"


# ------------------------------------------------------------------ pages


@pytest.mark.slow
def test_a_page_has_5000_rows_and_a_link_to_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    assert csv_export.MAX_ROWS == 5_000
    most = rounds(5_000, gate=50)
    monkeypatch.setattr(csv_export, "MAX_ROWS", most)
    made = factories.bulk_grants(most + 1, at=MONDAY_NOON - 10 * DAY)[::-1]
    first = get()
    assert [row[0] for row in rows(first)[1:]] == made[:most]

    assert first.next_link
    rest = get(first.next_link)
    assert rows(rest)[0] == HEADER
    assert [row[0] for row in rows(rest)[1:]] == made[most:]
    assert rest.next_link is None


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get({"cursor": cursor})
        assert (answer.status, answer.code) == (422, "cursor_invalid")


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    answer = get(caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    assert get(caller=ANNA.but(tenant_id="nobody")).code == "tenant_unknown"
