"""PUT /v1/vendor/tenants/{tenant_id}: the vendor registers or changes a tenant."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from guestkey.store.dynamodb import keys
from guestkey.store.registry import tenants
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, Caller
from tests.rows_and_columns import each_row, probes

INITECH = {
    "name": "Initech",
    "version": "Standard 24.3",
    "time_zone": "America/Chicago",
    "language": "en",
    "country": "US",
    "approver_emails": ["bill@initech.example"],
}
ACME = {
    "name": "Acme Immobilien GmbH",
    "version": "Enterprise 24.3",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "country": "DE",
    "approver_emails": ["anna@acme.example", "giulia@acme.example"],
}


def put(body: Any = INITECH, tenant_id: str = "initech", *, caller: Caller = BACKEND, **how: Any) -> Answer:
    return call("PUT", f"/v1/vendor/tenants/{tenant_id}", None if "raw" in how else body, caller=caller, **how)


def last_entry(caller: Caller) -> Any:
    return json.loads(call("GET", "/v1/ledger", caller=caller).text.splitlines()[-1])


# ------------------------------------------------------------------ it works


def test_a_new_tenant_is_registered_and_its_ledger_begins() -> None:
    answer = put()

    assert tuple(answer) == (200, {"tenant_id": "initech", "customer_name": "initech", **INITECH})
    bill = ANNA.but(sub="bill", tenant_id="initech")
    assert call("GET", "/v1/about", caller=bill).body["name"] == "Initech"
    entry = last_entry(bill)
    assert (entry["seq"], entry["what"], entry["about"]) == (1, "tenant.changed", "initech")
    assert entry["by"] == {"type": "vendor", "id": "backend"}


def test_a_change_is_in_the_ledger_with_addresses_only_as_their_hash() -> None:
    addresses = ["ceo@acme.example", "cfo@acme.example"]
    put(ACME | {"version": "Enterprise 24.4", "approver_emails": addresses}, "acme")

    data = last_entry(ANNA)["data"]
    assert (data["version"], data["approvers"]) == ("Enterprise 24.4", 2)
    assert data["approver_emails_sha256"] == sha256("\n".join(addresses).encode()).hexdigest()


def test_a_put_that_changes_nothing_writes_nothing() -> None:
    with table.unchanged():
        assert put(ACME, "acme").body == {"tenant_id": "acme", "customer_name": "acme", **ACME}
        assert put(ACME | {"customer_name": "acme"}, "acme").status == 200
        assert put(ACME | {"customer_name": None}, "acme").status == 200
    assert factories.what_happened() == []


def test_a_customer_name_is_stored_and_in_the_ledger_and_a_put_without_it_takes_it_away() -> None:
    assert put(ACME | {"customer_name": "Acme Immo 7"}, "acme").body["customer_name"] == "Acme Immo 7"
    assert last_entry(ANNA)["data"]["customer_name"] == "Acme Immo 7"
    assert put(ACME, "acme").body["customer_name"] == "acme"
    assert last_entry(ANNA)["data"]["customer_name"] == "acme"


@pytest.mark.parametrize("customer_name", [None, "acme", "Acme Immo"])
def test_a_tenant_stored_before_there_were_customer_names_can_be_put(customer_name: str | None) -> None:
    stored = table.one(keys.tenant("acme"))
    assert stored
    table.put([{name: value for name, value in stored.items() if name != "customer_name"}])
    if customer_name != "Acme Immo":
        with table.unchanged():
            assert put(ACME | {"customer_name": customer_name}, "acme").status == 200

    body = ACME | {"customer_name": customer_name, "version": "Enterprise 24.4"}
    assert put(body, "acme").body["customer_name"] == (customer_name or "acme")


def test_a_customer_name_put_at_the_same_moment_is_not_overwritten_unseen() -> None:
    with table.meanwhile(lambda: put(ACME | {"customer_name": "Acme Immo"}, "acme")):
        assert put(ACME | {"version": "Enterprise 24.4"}, "acme").status == 200

    ledger = [json.loads(line) for line in call("GET", "/v1/ledger", caller=ANNA).text.splitlines()]
    put_before, put_after = ledger[-2:]
    assert put_before["data"]["customer_name"] == "Acme Immo"
    assert (put_after["data"]["customer_name"], put_after["data"]["version"]) == ("acme", "Enterprise 24.4")


def test_a_put_replaces_the_tenant_and_does_not_merge() -> None:
    put(ACME | {"approver_emails": []}, "acme")

    assert tenants.tenant("acme").approver_emails == ()


def test_an_address_named_twice_is_stored_once_and_in_order() -> None:
    addresses = ["b@initech.example", "a@initech.example", "b@initech.example"]

    assert put(INITECH | {"approver_emails": addresses}).body["approver_emails"] == addresses[:2]


def test_an_address_in_two_spellings_of_case_is_stored_once() -> None:
    addresses = ["Bill@initech.example", "bill@INITECH.example", "a@initech.example"]

    assert put(INITECH | {"approver_emails": addresses}).body["approver_emails"] == [addresses[0], addresses[2]]


def addresses_kept() -> list[tuple[list[str], list[str]]]:
    """Return the approver addresses before and after each change of today for which they are kept."""
    now = factories.now().timestamp()
    kept = [item for item in table.items() if item["kind"]["S"] == "approvers" and int(item["ttl"]["N"]) > now]
    return [(_texts(item["before"]), _texts(item["after"])) for item in kept]


def _texts(stored: Any) -> list[str]:
    return [one["S"] for one in stored["L"]]


def test_the_addresses_before_and_after_a_change_are_kept_beside_its_entry_for_thirty_days() -> None:
    put(ACME | {"approver_emails": ["ceo@acme.example"]}, "acme")

    assert addresses_kept() == [(ACME["approver_emails"], ["ceo@acme.example"])]
    kept = table.one(keys.approvers("acme", last_entry(ANNA)["seq"]))
    assert kept
    assert int(kept["ttl"]["N"]) == int((factories.now() + timedelta(days=30)).timestamp())
    assert "@" not in str(last_entry(ANNA))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Acme SE"},
        {"approver_emails": ["GIULIA@acme.example", "anna@acme.example"]},
        {"approver_emails": ["Anna@acme.example", "giulia@acme.example"], "language": "it"},
    ],
)
def test_no_addresses_are_kept_for_a_change_of_anything_else_or_of_their_order_and_case(changes: Any) -> None:
    put(ACME | changes, "acme")
    put()

    assert factories.what_happened() == ["tenant.changed"]
    assert addresses_kept() == []


def test_texts_are_trimmed_and_normalised() -> None:
    body = put(INITECH | {"name": " Zu\u0308rich AG ", "version": "\t24.3 "}).body

    assert (body["name"], body["version"]) == ("Zürich AG", "24.3")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 200),
        ("customer_name", "x" * 200),
        ("customer_name", "acme immo, Büro 7"),
        ("version", "x" * 100),
        ("time_zone", "UTC"),
        ("time_zone", "America/Argentina/ComodRivadavia"),
        ("language", "de-CH"),
        ("language", "zh-Hant-TW"),
        ("approver_emails", [f"user-{number}@initech.example" for number in range(20)]),
        ("approver_emails", ["o'neil+support@sub.initech.example", "x" * 64 + "@initech.example"]),
    ],
)
def test_any_valid_record_is_stored(field: str, value: Any) -> None:
    assert put(INITECH | {field: value}).body[field] == value


@pytest.mark.parametrize("tenant_id", ["a", "0", "a" * 64, "acme-2", "1-"])
def test_an_id_of_lower_case_letters_digits_and_dashes_is_valid(tenant_id: str) -> None:
    assert put(tenant_id=tenant_id).body["tenant_id"] == tenant_id


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(INITECH))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = put(**sent)

    assert (answer.status, answer.code) == (status, code)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        name=[*invalid_inputs.NO_TEXTS, "", "x" * 201, *probes(rest=["  "]), *invalid_inputs.TRICKS],
        version=[*invalid_inputs.NO_TEXTS, "", "x" * 101, *invalid_inputs.TRICKS],
        time_zone=[
            *invalid_inputs.NO_TEXTS,
            *probes("Berlin", rest=["", "europe/berlin", "../etc/passwd", "posix/Europe/Berlin", "x" * 9_000]),
        ],
        language=[*invalid_inputs.NO_TEXTS, *probes("de_DE", rest=["", "deutsch", "d", "de-", "de\n", "x" * 36])],
        country=[*invalid_inputs.NO_TEXTS, *probes("de", rest=["", "DEU", "Germany", "DE\n"])],
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    with table.unchanged():
        answer = put(INITECH | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"] for fault in answer.body["errors"]} == {f"#/{field}"}


@pytest.mark.parametrize(
    "value",
    probes(
        "a@b.example",
        None,
        [None],
        ["Anna <anna@acme.example>"],
        [f"user-{number}@b.example" for number in range(21)],
        rest=[
            {},
            [["a@b.example"]],
            ["nobody"],
            ["a@b"],
            ["a b@c.example"],
            ["a@b.example\r\nBcc: x@y.example"],
            ["a@b.example,c@d.example"],
            ["ä@b.example"],
            ["x" * 65 + "@b.example"],
            ["a@" + "b" * 250 + ".example"],
        ],
    ),
    ids=lambda value: str(value)[:40],
)
def test_only_a_list_of_at_most_twenty_addresses_is_accepted(value: Any) -> None:
    with table.unchanged():
        answer = put(INITECH | {"approver_emails": value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"].startswith("#/approver_emails")


def test_an_address_with_an_internationalised_domain_is_stored_in_its_ascii_form_and_once() -> None:
    typed = ["bill@müller.example", "Bill@MÜLLER.example", "bill@xn--mller-kva.example"]

    assert put(INITECH | {"approver_emails": typed}).body["approver_emails"] == ["bill@xn--mller-kva.example"]
    with table.unchanged():
        put(INITECH | {"approver_emails": typed[2:]})


@each_row("field", INITECH)
def test_a_missing_field_is_named(field: str) -> None:
    answer = put({name: value for name, value in INITECH.items() if name != field})

    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@each_row("tenant_id", ["~a", ".a", "%40a", "%C3%A4", "a" * 129, "a%2Cb", "%20a"])
def test_a_malformed_id_is_refused(tenant_id: str) -> None:
    with table.unchanged():
        answer = put(tenant_id=tenant_id)

    assert answer.code == "input_invalid"
    assert answer.body["errors"][0]["pointer"] == "path/tenant_id"


@each_row("tenant_id", ["a%0A", "a%23b", "%00", "a%2Fb", "%2E%2E%2Fagents%2Fsven", "a%5Cb"])
def test_a_path_with_characters_outside_of_ids_is_not_found(tenant_id: str) -> None:
    with table.unchanged():
        answer = put(tenant_id=tenant_id)

    assert (answer.status, answer.code) == (404, "not_found")


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_the_backend_is_refused() -> None:
    with table.unchanged():
        assert put(caller=BACKEND.acting()).code == "acting_for_another"


def test_a_token_that_names_no_backend_is_refused() -> None:
    with table.unchanged():
        assert put(caller=BACKEND.but(sub=None)).code == "claims_missing"


# ------------------------------------------------------------------ at the same moment


def test_two_who_register_it_at_the_same_moment_both_succeed_and_the_ledger_begins_once() -> None:
    with table.meanwhile(put):
        assert put(INITECH | {"name": "Initech Inc."}).status == 200

    bill = ANNA.but(sub="bill", tenant_id="initech")
    whole = call("GET", "/v1/ledger", caller=bill).text.splitlines()
    assert [json.loads(line)["seq"] for line in whole] == [1, 2]
    assert call("GET", "/v1/about", caller=bill).body["name"] == "Initech Inc."


def test_a_change_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    with table.meanwhile(factories.grant):
        assert put(ACME | {"version": "25"}, "acme").status == 200

    assert factories.what_happened() == ["grant.given", "tenant.changed"]
