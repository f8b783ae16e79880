"""?from, to, q, agent_id, department_id, state, may_export of both overviews, in JSON and in CSV."""

import csv
import io
from datetime import timedelta

import pytest

from guestkey.edge.http import csv_export, cursors
from tests import factories
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, DORA, SVEN
from tests.rows_and_columns import each_row

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_history(world: object) -> None:
    """Sven had access on Sunday with export, and was in; Dora's department has it now, and she is in."""
    given = factories.grant(SVEN, period="1h", may_export=True, at=MONDAY_NOON - 24 * HOUR)
    factories.login(SVEN, reason="Invoices are missing", at=MONDAY_NOON - 24 * HOUR)
    factories.revoked(given, at=MONDAY_NOON - 24 * HOUR + HOUR / 2)
    factories.grant("development", period="1w", at=MONDAY_NOON - HOUR)
    factories.login(DORA, reason="The import stands still", ticket="T-4711", at=MONDAY_NOON - HOUR)


FILTERS = [
    ("from=2026-11-23", "grants", "development"),
    ("to=2026-11-22", "grants", "sven"),
    ("from=2026-11-22&to=2026-11-22", "grants", "sven"),
    ("from=2026-11-22T12:30:00Z", "grants", "development"),
    ("q=sven+anna", "grants", "sven"),
    ("agent_id=sven", "grants", "sven"),
    ("department_id=development", "grants", "development"),
    ("state=revoked", "grants", "sven"),
    ("state=live", "grants", "development"),
    ("may_export=true", "grants", "sven"),
    ("from=2026-11-23", "logins", "dora"),
    ("from=2026-11-23T12:00:00%2B01:00&to=2026-11-23T12:00:01%2B01:00", "logins", "dora"),
    ("from=2026-11-23T12:00:00+01:00", "logins", "dora"),
    ("to=2026-11-22", "logins", "sven"),
    ("q=invoices", "logins", "sven"),
    ("q=t-4711", "logins", "dora"),
    ("agent_id=dora", "logins", "dora"),
    ("department_id=support", "logins", "sven"),
    ("state=open", "logins", "dora"),
    ("state=ended", "logins", "sven"),
    ("may_export=false", "logins", "dora"),
]


@each_row(("query", "what", "who"), FILTERS)
def test_each_condition_selects_in_json_and_in_csv(query: str, what: str, who: str) -> None:
    items = call("GET", f"/v1/{what}?{query}", caller=ANNA).body["items"]
    sheet = csv.DictReader(io.StringIO(call("GET", f"/v1/{what}.csv?{query}", caller=ANNA).text))

    assert [item["grantee" if what == "grants" else "agent"]["id"] for item in items] == [who]
    assert [row["grantee_id" if what == "grants" else "agent_id"] for row in sheet] == [who]


def test_the_grants_of_an_agent_are_those_of_the_agents_departments_too() -> None:
    """The department's grant lets the agent in as well: who looks for all that Dora may do must see it."""
    factories.grant("support", at=MONDAY_NOON - HOUR)
    factories.grant(DORA, may_export=True, at=MONDAY_NOON - HOUR)

    def found(query: str) -> list[str]:
        items = call("GET", f"/v1/grants?{query}", caller=ANNA).body["items"]
        sheet = csv.DictReader(io.StringIO(call("GET", f"/v1/grants.csv?{query}", caller=ANNA).text))
        ids = [item["grantee"]["id"] for item in items]
        assert "state=live" in query or [row["grantee_id"] for row in sheet] == ids
        return sorted(ids)

    assert found("agent_id=dora") == ["development", "dora"]
    assert found("agent_id=dora&state=live") == ["development"]
    assert found("agent_id=dora&may_export=true") == ["dora"]
    assert found("agent_id=dora&department_id=development") == ["development"]
    assert found("agent_id=sven") == ["support", "sven"]
    assert found("agent_id=frieda") == []
    factories.agent("dora")
    assert found("agent_id=dora") == ["dora"]


@each_row("path", ["/v1/grants", "/v1/grants.csv", "/v1/logins", "/v1/logins.csv"])
@each_row(
    "query",
    ["from=today", "to=2026-02-30", "from=0001-01-01T00:00:00Z", "to=9999-12-31T23:59:59Z", "from=1999-12-31T23:59:59Z",
     "agent_id=a%2Fb", "department_id=", "state=gone", "may_export=perhaps", f"q={'a' * 101}", "q=%00"],
)  # fmt: skip
def test_a_malformed_condition_is_refused(path: str, query: str) -> None:
    answer = call("GET", f"{path}?{query}", caller=ANNA)

    assert (answer.status, answer.code) == (422, "input_invalid")


def test_a_filter_that_admits_little_reads_a_bounded_number_and_leads_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        factories.login(DORA, at=MONDAY_NOON - HOUR + timedelta(seconds=number + 1))
    monkeypatch.setattr(cursors, "MAX_EXAMINED", 2)
    pages, query = [], "agent_id=sven"
    while True:
        body = call("GET", f"/v1/logins?{query}", caller=ANNA).body
        pages.append([login["agent"]["id"] for login in body["items"]])
        if body["next_cursor"] is None:
            break
        query = f"agent_id=sven&cursor={body['next_cursor']}"

    assert pages == [[], [], [], ["sven"]]


def test_a_cursor_is_valid_only_with_its_filter() -> None:
    first = call("GET", "/v1/logins?limit=1&from=2026-11-22", caller=ANNA).body["next_cursor"]

    assert call("GET", f"/v1/logins?limit=1&from=2026-11-22&cursor={first}", caller=ANNA).status == 200
    for other in ("", "from=2026-11-21", "from=2026-11-22&q=sven"):
        assert call("GET", f"/v1/logins?{other}&cursor={first}", caller=ANNA).code == "cursor_invalid"


def test_a_login_names_the_giver_of_its_grant() -> None:
    [dora, _] = call("GET", "/v1/logins", caller=ANNA).body["items"]

    assert dora["granted_by"] == {"user_id": "anna", "name": "Anna Albrecht"}


@pytest.mark.parametrize("path", ["/v1/grants.csv", "/v1/logins.csv"])
def test_the_form_for_people_has_a_mark_semicolons_words_and_the_customers_name(path: str) -> None:
    answer = call("GET", f"{path}?dialect=excel&language=de&zone=Europe/Berlin", caller=ANNA)
    header, *rows = answer.text.splitlines()

    assert header.startswith('\ufeff"')
    assert ";" in header and "(Europe/Berlin)" in header
    assert len(rows) == 2
    assert "Acme%20Immobilien%20GmbH%202026-11-23.csv" in answer.headers["content-disposition"]
    if path == "/v1/logins.csv":
        assert '"2026-11-23 12:00:00";"Dora Vogel";"dora";"Development"' in answer.text
        assert '"Anna Albrecht"' in answer.text


def test_without_a_language_and_a_zone_they_are_the_customers_and_others_are_refused() -> None:
    own = call("GET", "/v1/logins.csv?dialect=excel", caller=ANNA)

    assert own.text == call("GET", "/v1/logins.csv?dialect=excel&language=de&zone=Europe/Berlin", caller=ANNA).text
    for query in ("dialect=word", "dialect=excel&zone=Mars", "dialect=excel&language=german"):
        assert call("GET", f"/v1/logins.csv?{query}", caller=ANNA).code == "input_invalid"


def test_the_link_to_the_rest_repeats_filter_and_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_export, "MAX_ROWS", 1)
    query = "?dialect=excel&from=2026-11-22&q=import"
    first = call("GET", f"/v1/logins.csv{query}", caller=ANNA)
    assert first.next_link
    rest = call("GET", f"/v1/logins.csv{first.next_link}", caller=ANNA)

    assert (first.status, rest.status, rest.next_link) == (200, 200, None)
    assert rest.text.startswith("\ufeff") and len(rest.text.splitlines()) == 1
