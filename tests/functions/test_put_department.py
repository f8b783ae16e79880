"""PUT /v1/vendor/departments/{department_id}: the vendor registers a department, or renames it."""

from typing import Any

from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, Caller
from tests.rows_and_columns import each_row


def put(body: Any, department_id: str = "billing", *, caller: Caller = BACKEND, **how: Any) -> Answer:
    return call("PUT", f"/v1/vendor/departments/{department_id}", None if "raw" in how else body, caller=caller, **how)


def test_a_new_department_can_be_let_in() -> None:
    answer = put({"name": " Billing "})

    assert tuple(answer) == (200, {"id": "billing", "name": "Billing"})
    given = call("POST", "/v1/grants", {"grantee": {"type": "department", "id": "billing"}}, caller=ANNA)
    assert given.body["grantee"] == {"type": "department", "id": "billing", "name": "Billing", "present_name": None} | {
        "kind": None,
        "accountable": None,
    }


def test_earlier_grants_keep_the_former_name_of_a_department() -> None:
    grant = factories.grant("support")
    put({"name": "Hilfe"}, "support")

    shown = call("GET", f"/v1/grants/{grant.grant_id}", caller=ANNA).body
    assert shown["grantee"]["name"] == "Support"
    assert factories.grant("support").grantee.name == "Hilfe"


def test_the_same_again_changes_nothing() -> None:
    with table.unchanged():
        assert put({"name": "Support"}, "support").status == 200


@each_row(("sent", "status", "code"), invalid_inputs.bodies({"name": "Billing"}))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = put(None, **sent)

    assert (answer.status, answer.code) == (status, code)


@each_row("name", [*invalid_inputs.NO_TEXTS, "", "x" * 201, *invalid_inputs.TRICKS], ids=repr)
def test_a_malformed_name_is_refused(name: Any) -> None:
    with table.unchanged():
        answer = put({"name": name})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "#/name"


@each_row("department_id", ["~billing", "@a", "a" * 129, "a%20b"])
def test_a_malformed_id_is_refused(department_id: str) -> None:
    answer = put({"name": "Billing"}, department_id)

    assert answer.code == "input_invalid"
    assert answer.body["errors"][0]["pointer"] == "path/department_id"


def test_a_token_that_acts_for_the_backend_is_refused() -> None:
    with table.unchanged():
        assert put({"name": "Billing"}, caller=BACKEND.acting()).code == "acting_for_another"


def test_a_token_that_names_no_backend_is_refused() -> None:
    assert put({"name": "Billing"}, caller=BACKEND.but(sub=None)).code == "claims_missing"
