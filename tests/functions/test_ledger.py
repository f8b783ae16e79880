"""GET /v1/ledger: all entries, for the customer to store and verify."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from guestkey.rules import verify as verifier
from guestkey.rules.ledger import By, ByType, Data, Head, Note, What, digest, salted_digest
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, stack, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row


def get(query: Any = None, *, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/ledger", caller=caller, query=query)


def entries(answer: Answer) -> list[Any]:
    assert answer.status == 200
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


def by_pages(limit: int) -> str:
    answer = get({"limit": limit})
    text = answer.text
    while answer.next_link:
        answer = get(answer.next_link)
        assert 0 < len(entries(answer)) <= limit
        text += answer.text
    return text


def test_a_ledger_with_texts_from_before_and_after_there_were_salts_verifies() -> None:
    """The entry of an older version has the SHA-256 of the reason alone, and its record has no salt."""
    factories.grant()
    login = factories.login(reason="The import stands still")
    state = ledger.read_state("acme")
    assert state
    data: Data = {"grant_id": login.grant_id, "may_export": False, "reason_sha256": digest(login.reason)}
    by = By(type=ByType.AGENT, id="sven")
    note = Note(what=What.LOGIN_RECORDED, by=by, about="an older login", data=data, at=factories.now())
    ledger.write(state, [note], lambda transaction, _: None)
    factories.login(reason="The import stands still")

    before, old, new = (entry["data"]["reason_sha256"] for entry in entries(get())[-3:])
    assert before == new == salted_digest(login.reason, factories.SALT) != old
    lines = get().text.encode().splitlines(keepends=True)
    assert not verifier.verify(lines, Head.parse(get().headers["guestkey-head"])).findings


def a_day_at_acme() -> None:
    """Cause an entry of each kind of grants, logins and registry."""
    call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "Too early"}, caller=SVEN)
    grant = factories.grant("support", period="1w", may_export=True)
    factories.logged_out(factories.login())
    factories.revoked(grant, by=GIULIA)
    factories.right(BEN, may_grant=True)
    factories.tenant("acme", name="Acme SE")
    factories.grant(DORA, period="permanent")


def verify(text: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Verify a copy as a customer does: with Python alone."""
    file = folder / "ledger.jsonl"
    file.write_text(text)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        f"import sys; sys.path.insert(0, {str(stack.PROJECT / 'layers/core')!r})",
    ]
    command[-1] += "; import runpy; runpy.run_module('guestkey', run_name='__main__', alter_sys=True)"
    return subprocess.run([*command, "verify", str(file), *options], capture_output=True, text=True, check=False)


# ------------------------------------------------------------------ it works


def test_a_new_tenants_ledger_begins_with_its_registration() -> None:
    answer = get()

    assert answer.headers["content-type"] == "application/jsonl"
    first, second = entries(answer)
    assert (first["seq"], first["what"], first["prev_hash"]) == (1, "tenant.changed", "0" * 64)
    assert (second["seq"], second["what"], second["about"]) == (2, "right.changed", "ben")
    assert second["prev_hash"] == first["hash"]
    assert answer.headers["guestkey-head"] == f"2:{second['hash']}"
    assert answer.next_link is None


def test_every_change_is_listed_in_order() -> None:
    a_day_at_acme()

    assert factories.what_happened() == [
        "login.refused",
        "grant.given",
        "login.recorded",
        "login.ended",
        "grant.revoked",
        "right.changed",
        "tenant.changed",
        "grant.given",
    ]


def test_an_entry_has_the_fields_of_the_contract_and_no_other() -> None:
    factories.grant()

    for entry in entries(get()):
        assert set(entry) == {"tenant_id", "seq", "at", "what", "by", "about", "data", "prev_hash", "hash"}
        assert set(entry["by"]) == {"type", "id"}
        assert entry["tenant_id"] == "acme"


def test_hostile_texts_and_mail_addresses_are_in_it_only_as_hashes() -> None:
    factories.grant()
    factories.login(reason="Anna asked for help", ticket="T-4711")

    assert "asked for help" not in get().text
    assert "T-4711" not in get().text
    assert "@" not in get().text


def test_reading_it_changes_nothing() -> None:
    factories.grant()
    with table.unchanged():
        get()


def test_carla_sees_her_own() -> None:
    factories.grant()

    assert {entry["tenant_id"] for entry in entries(get(caller=CARLA))} == {"globex"}


# ------------------------------------------------------------------ verified by the customer


def test_the_copy_verifies_offline_and_one_changed_byte_is_named(tmp_path: Path) -> None:
    a_day_at_acme()
    answer = get()
    head = answer.headers["guestkey-head"]
    good = verify(answer.text, tmp_path, "--head", head)
    assert good.returncode == 0, good.stderr

    lines = answer.text.splitlines(keepends=True)
    lines[4] = lines[4].replace('"sven"', '"dora"')
    bad = verify("".join(lines), tmp_path, "--head", head)
    assert bad.returncode != 0
    assert "5" in bad.stdout + bad.stderr


def test_a_copy_cut_off_at_the_end_is_detected_by_its_head(tmp_path: Path) -> None:
    a_day_at_acme()
    answer = get()
    text = "".join(answer.text.splitlines(keepends=True)[:-1])

    assert verify(text, tmp_path, "--head", answer.headers["guestkey-head"]).returncode != 0
    assert verify(text, tmp_path).returncode == 0, "a cut-off end cannot be detected without a head"


# ------------------------------------------------------------------ pages


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 11, 100])
def test_the_pages_together_are_the_same_ledger(limit: int) -> None:
    a_day_at_acme()

    assert by_pages(limit) == get().text
    assert len(entries(get())) == 10


def test_every_page_has_the_head_of_the_whole_ledger() -> None:
    a_day_at_acme()
    first = get({"limit": 3})
    factories.grant()
    assert first.next_link
    second = get(first.next_link)

    assert first.headers["guestkey-head"].startswith("10:")
    assert second.headers["guestkey-head"].startswith("11:")
    assert [entry["seq"] for entry in entries(first) + entries(second)] == [1, 2, 3, 4, 5, 6]


def test_a_damaged_cursor_is_refused() -> None:
    for cursor in invalid_inputs.NO_CURSORS:
        answer = get({"cursor": cursor})
        assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_another_tenants_cursor_is_refused() -> None:
    link = get({"limit": 1}).next_link

    assert get(link).status == 200
    assert get(link, caller=CARLA).code == "cursor_invalid"


def test_a_limit_is_a_number_from_1_to_100() -> None:
    for limit in invalid_inputs.NO_LIMITS:
        assert get({"limit": limit}).code == "input_invalid"


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused() -> None:
    answer = get(caller=BEN)

    assert (answer.status, answer.code) == (403, "right_missing")
    assert "guestkey-head" not in answer.headers


def test_the_input_comes_before_the_right() -> None:
    assert get({"limit": 0}, caller=BEN).code == "input_invalid"
    assert get({"cursor": "x"}, caller=BEN).code == "cursor_invalid"


def test_a_token_that_acts_for_anna_is_refused() -> None:
    assert get(caller=ANNA.acting()).code == "acting_for_another"


@each_row("caller", [*invalid_inputs.NAMELESS, SVEN])
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    assert get(caller=caller).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    assert get(caller=ANNA.but(tenant_id="nobody")).code == "tenant_unknown"
