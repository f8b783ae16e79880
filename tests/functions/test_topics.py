"""GET /v1/topics: the topics of call-backs."""

import pytest

from guestkey.store.callbacks import desks
from guestkey.store.dynamodb import keys
from tests import invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def get(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/topics", caller=caller)


# ------------------------------------------------------------------ it works


def test_anna_reads_them_in_german() -> None:
    status, body = get()

    assert status == 200
    assert body == {
        "items": [
            {"id": "question", "name": "Kurze Frage", "minutes": 15},
            {"id": "consultation", "name": "Beratung", "minutes": 30},
            {"id": "technical", "name": "Technik", "minutes": 30},
        ]
    }


@each_row(
    ("locale", "name"),
    [
        ("de", "Beratung"),
        ("de-CH", "Beratung"),
        ("DE_at", "Beratung"),
        ("en-US", "Consultation"),
        ("fr-FR", "Consultation"),
        ("", "Consultation"),
        (None, "Consultation"),
        ("xx-\u0000", "Consultation"),
    ],
)
def test_each_user_reads_them_in_their_language_or_in_english(locale: str | None, name: str) -> None:
    assert get(caller=ANNA.but(locale=locale)).body["items"][1]["name"] == name


@pytest.mark.parametrize("caller", [BEN, GIULIA], ids=["without the right", "for whom there are no slots"])
def test_every_user_of_the_tenant_can_read_them(caller: Caller) -> None:
    assert len(get(caller=caller).body["items"]) == 3


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_anna_is_refused() -> None:
    answer = get(caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


# ------------------------------------------------------------------ no desk


def test_without_a_desk_there_are_no_topics() -> None:
    table.drop(keys.desk())
    desks.clear_cache()
    answer = get()

    assert (answer.status, answer.code) == (404, "desk_unknown")
