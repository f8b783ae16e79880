"""The main flow, end to end on the sample data: refused, granted, recorded, revoked, and proved by the ledger."""

import json
import re
from pathlib import Path

from tests.journeys.calls import check_of, grant_to, login_at, refusal, success
from tests.journeys.world import Ledger, Tenant, World


def test_support_has_access_only_with_a_live_grant_and_the_customer_can_prove_every_step(
    sample_world: World, tmp_path: Path
) -> None:
    world = sample_world
    acme, anna, sven = Tenant(world, "acme"), world.caller("anna"), world.sven

    # Without a live grant Sven is refused, in the check and at the login.
    assert not world.allows("acme", "sven")
    refused = sven.post("/v1/support/logins", login_at("acme", "The import hangs"))
    assert refusal(refused) == (403, "no_live_grant")
    assert success(sven.get("/v1/support/access"))["items"] == []

    # Ben may not grant access; Anna may.
    assert refusal(world.caller("ben").post("/v1/grants", grant_to("agent", "sven"))) == (403, "right_missing")
    grant = success(anna.post("/v1/grants", grant_to("agent", "sven")), 201)
    assert (grant["period"], grant["state"]) == ("1h", "live")

    # The product checks: Sven may enter Acme, and may not export. Other agents and other tenants are refused.
    enter = success(world.backend.post("/v1/vendor/checks", check_of("acme", "sven")))
    assert enter == {
        "allowed": True,
        "reason": "granted",
        "grant_id": grant["grant_id"],
        "access": "change",
        "may_export": False,
        "ends_at": grant["ends_at"],
    }
    export = success(world.backend.post("/v1/vendor/checks", check_of("acme", "sven", "export")))
    assert (export["allowed"], export["reason"]) == (False, "export_not_granted")
    assert not world.allows("acme", "dora")
    assert not world.allows("globex", "sven")

    # No record, no entry: Sven gives a reason, and enters with the recorded login.
    login = success(sven.post("/v1/support/logins", login_at("acme", "The import hangs", ticket="T-4711")), 201)
    assert world.allows("acme", "sven", login_id=login["login_id"])

    # Anna sees the login in the overview and as CSV; Carla of globex sees no login.
    logins = success(anna.get("/v1/logins"))["items"]
    assert [(entry["agent"]["name"], entry["reason"], entry["end"]) for entry in logins] == [
        ("Sven Brandt", "The import hangs", None)
    ]
    assert "The import hangs" in anna.get("/v1/logins.csv").text
    assert success(world.caller("carla").get("/v1/logins"))["items"] == []

    # Anna revokes the grant, and the next check refuses Sven.
    revoked = success(anna.delete(f"/v1/grants/{grant['grant_id']}"))
    assert (revoked["state"], revoked["revoked_by"]["name"]) == ("revoked", "Anna Albrecht")
    assert not world.allows("acme", "sven")
    assert not world.allows("acme", "sven", login_id=login["login_id"])
    assert refusal(sven.post("/v1/support/logins", login_at("acme", "Once more"))) == (403, "no_live_grant")
    assert success(anna.get("/v1/logins"))["items"][0]["end"] == "access_over"
    assert success(anna.get("/v1/grants?state=live"))["items"] == []

    # The ledger has every step, and the export proves it offline.
    ledger = acme.ledger(limit=2)
    assert ledger.whats() == [
        "tenant.changed",
        "right.changed",
        "login.refused",
        "grant.given",
        "login.recorded",
        "grant.revoked",
    ]
    verified = ledger.verify(tmp_path)
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "Read entries 1 to 6 of the ledger of acme." in verified.stdout

    # With one changed byte the verifier names the entry.
    forged = Ledger(ledger.text.replace('"may_export":false', '"may_export":true ', 1), ledger.head)
    assert len(forged.text) == len(ledger.text)
    one_byte = Ledger(ledger.text.replace('"what":"login.recorded"', '"what":"login.recordee"'), ledger.head)
    for changed, entry in ((forged, 4), (one_byte, 5)):
        result = changed.verify(tmp_path)
        assert result.returncode == 1
        assert re.search(rf"^Line {entry}: entry {entry} (was edited|cannot be read)", result.stdout, re.MULTILINE)


def test_the_verifier_names_changed_missing_duplicate_and_truncated_entries(
    world: World, acme: Tenant, tmp_path: Path
) -> None:
    for _ in range(3):
        success(acme.anna.delete(f"/v1/grants/{acme.lets_in('sven')}"))
    ledger = acme.ledger(limit=3)
    lines = ledger.text.splitlines(keepends=True)
    assert len(lines) == 7

    def findings_of(lines: list[str], *, with_head: bool = True) -> str:
        result = Ledger("".join(lines), ledger.head).verify(tmp_path, with_head=with_head)
        assert result.returncode == 1, result.stdout
        return result.stdout

    third = json.loads(lines[2])
    for what in (third["hash"], third["prev_hash"], third["at"], third["about"], third["by"]["id"]):
        changed = ("1" if what[0] == "0" else "0") + what[1:]
        assert "ntry 3 " in findings_of([*lines[:2], lines[2].replace(what, changed, 1), *lines[3:]])
    assert "entry 3 is missing before this line" in findings_of([*lines[:2], *lines[3:]])
    assert "entry 4 is duplicated here" in findings_of([*lines[:4], *lines[3:]])
    assert "missing at the end" in findings_of(lines[:-1])
    assert Ledger("".join(lines[:-1]), "").verify(tmp_path, with_head=False).returncode == 0
