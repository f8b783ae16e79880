"""GET /v1/rights: which users hold the right by the record, and what holds for all others."""

from typing import Any

import pytest

from guestkey import settings
from tests.calls import Answer, call
from tests.personas import ANNA, BACKEND, BEN, CARLA, Caller

BEN_LACKS_IT = {"user_id": "ben", "may_grant": False, "changed_at": "2024-11-01T00:00:00Z"}
HELD_BY_ALL: dict[str, Any] = {"may_grant": True, "claim": None, "values": []}


def look(caller: Caller = ANNA, **query: Any) -> Answer:
    return call("GET", "/v1/rights", caller=caller, query=query)


def put(user_id: str, may_grant: bool) -> None:
    path = f"/v1/vendor/tenants/acme/users/{user_id}/right"
    assert call("PUT", path, {"may_grant": may_grant}, caller=BACKEND).status == 200


def test_the_record_names_the_users_without_the_right_and_all_others_hold_it() -> None:
    assert look().body == {"default": HELD_BY_ALL, "items": [BEN_LACKS_IT], "next_cursor": None}
    assert look(CARLA).body == {"default": HELD_BY_ALL, "items": [], "next_cursor": None}


def test_where_a_claim_decides_the_record_names_users_with_the_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RIGHT_CLAIM", "role")
    monkeypatch.setattr(settings, "RIGHT_VALUES", settings.listed("owner, admin"))
    put("zoe", True)
    found = look(ANNA.but(role="owner")).body

    assert found["default"] == {"may_grant": False, "claim": "role", "values": ["admin", "owner"]}
    assert [(one["user_id"], one["may_grant"]) for one in found["items"]] == [("ben", False), ("zoe", True)]


def test_many_come_in_pages_each_once_in_the_order_of_their_ids() -> None:
    names = sorted(["ben", *(f"user{number}" for number in range(6))])
    for name in names:
        put(name, False)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while query:
        page = look(**query).body
        seen += [one["user_id"] for one in page["items"]]
        query = {"limit": 3, "cursor": page["next_cursor"]} if page["next_cursor"] else {}

    assert seen == names


def test_a_user_without_the_right_and_a_cursor_of_another_list_are_refused() -> None:
    assert look(BEN).code == "right_missing"
    assert look(ANNA.acting()).code == "acting_for_another"
    assert look(cursor="abc").code == "cursor_invalid"
