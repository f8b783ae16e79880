"""Call-backs that a change of the desk strands: answered, marked in the ledger, mailed; parts of days, extra hours."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.store.callbacks import desks
from guestkey.store.ledger import ledger
from local import sample
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.edge import post
from tests.factories import TUESDAY_AT_TEN
from tests.notify import Notify
from tests.personas import ANNA, BACKEND, CARLA, SVEN
from tests.rows_and_columns import each_row

DAY, HOUR = "2026-11-24", timedelta(hours=1)
Counts = dict[str, int]


def put(what: str, body: Any = None, method: str = "PUT") -> Answer:
    return call(method, f"/v1/vendor/{what}", body, caller=BACKEND)


def close(**part: str) -> list[str]:
    ids: list[str] = put(f"closures/{DAY}", {"name": "Works outing"} | part).body["stranded"]
    return ids


def put_desk(**changes: Any) -> list[str]:
    ids: list[str] = put("desk", sample.DESK | changes).body["stranded"]
    return ids


def last_entry(tenant_id: str = "acme") -> Any:
    return list(ledger.entries_after(tenant_id, 0, 100))[-1]


def open_of(caller: Any = ANNA) -> Any:
    return call("GET", "/v1/callbacks/open", caller=caller).body


def starts(day: str = DAY) -> list[str]:
    query: dict[str, Any] = {"topic": "question", "from": day, "days": 1}
    return [one["starts_at"][11:16] for one in call("GET", "/v1/slots", caller=ANNA, query=query).body["items"]]


# ------------------------------------------------------------------ closures, also of a part of a day


def test_a_closed_day_strands_its_call_backs_and_their_customers_are_mailed_once(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.callback(CARLA, TUESDAY_AT_TEN + timedelta(days=1))
    notify.deliver()
    assert close() == [booked.callback_id]
    assert open_of()["stranded_by"] == "closed"
    entry = last_entry()
    assert (entry.what, entry.by.type, entry.about) == ("callback.stranded", "vendor", booked.callback_id)
    assert entry.data["cause"] == "closed"
    with table.unchanged():
        assert close() == [booked.callback_id]
    notify.deliver()

    letter = post.read(post.as_mailed(notify.mails[-1]))
    assert notify.mailed[-1][1].startswith("Bitte wählen Sie einen neuen Termin")
    assert "10:00" in letter.text and "Warteliste" in letter.text
    assert len(notify.mails) == 3


@pytest.mark.parametrize(
    ("part", "is_stranded"),
    [({"from": "10:15"}, False), ({"from": "10:00"}, True), ({"until": "10:00"}, False), ({"until": "10:15"}, True)],
)
def test_a_part_of_a_day_strands_what_lies_in_it_only(part: dict[str, str], is_stranded: bool) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)

    assert bool(close(**part)) is is_stranded
    assert ("09:00" in starts()) is not is_stranded


def test_a_day_opened_again_takes_the_mark_away_without_a_mail(notify: Notify) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    close()
    notify.deliver()
    assert put(f"closures/{DAY}", method="DELETE").body["stranded"] == []
    mailed = len(notify.mails)
    notify.deliver()

    assert open_of()["stranded_by"] is None
    assert (last_entry().data["cause"], len(notify.mails)) == (None, mailed)


def test_a_move_ends_it_and_the_next_closure_strands_the_new_time() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    close()
    to = {"starts_at": "2026-11-25T09:00:00Z"}
    moved = call("PATCH", f"/v1/callbacks/{booked.callback_id}", to, caller=ANNA).body

    assert moved["stranded_by"] is None
    assert put("closures/2026-11-25", {"name": "Flood"}).body["stranded"] == [booked.callback_id]


@each_row("part", [{"from": "12:00", "until": "12:00"}, {"from": "12:07"}, {"until": "25:00"}])
def test_a_part_that_is_none_is_refused(part: dict[str, str]) -> None:
    with table.unchanged():
        assert put(f"closures/{DAY}", {"name": "Works outing"} | part).code == "input_invalid"


# ------------------------------------------------------------------ topics, lines, hours


def test_a_removed_topic_leaves_the_queue_to_move_to() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    assert put_desk(topics=sample.DESK["topics"][1:]) == [booked.callback_id]
    assert open_of()["stranded_by"] == "topic"
    path = f"/v1/callbacks/{booked.callback_id}"
    with table.unchanged():
        answer = call("PATCH", path, {"starts_at": "2026-11-25T09:00:00Z"}, caller=ANNA)

    assert (answer.status, answer.code, answer.body["queue_only"]) == (422, "slot_not_offered", True)
    assert call("PATCH", path, {"starts_at": None}, caller=ANNA).body["kind"] == "queue"


def test_with_fewer_lines_those_who_booked_first_stay() -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    later = factories.callback(CARLA, TUESDAY_AT_TEN)

    assert put_desk(lines=1) == [later.callback_id]
    assert (open_of()["stranded_by"], open_of(CARLA)["stranded_by"]) == (None, "lines")


def test_a_call_beyond_a_nearer_horizon_is_stranded_like_any_other() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN + timedelta(days=13))
    assert put_desk(horizon_days=1) == []
    assert put("closures/2026-12-07", {"name": "Flood"}).body["stranded"] == [booked.callback_id]
    assert open_of()["stranded_by"] == "closed"


def test_what_is_over_taken_away_or_waits_is_not_stranded(world: time_machine.Traveller) -> None:
    factories.cancelled(factories.callback(ANNA, TUESDAY_AT_TEN))
    factories.callback(ANNA)
    factories.callback(CARLA, TUESDAY_AT_TEN)
    world.move_to(TUESDAY_AT_TEN)

    assert put_desk(hours={}) == []


# ------------------------------------------------------------------ extra hours


def test_extra_hours_open_a_holiday_and_a_weekend_but_not_a_closed_part() -> None:
    assert starts("2026-11-28") == []
    opened = put("openings/2026-11-28", {"from": "10:00", "until": "11:00"})
    assert tuple(opened) == (200, {"day": "2026-11-28", "from": "10:00", "until": "11:00", "stranded": []})
    assert starts("2026-11-28") == ["09:00", "09:15", "09:30", "09:45"]
    put("closures/2026-11-28", {"name": "Flood", "from": "10:30"})
    assert starts("2026-11-28") == ["09:00", "09:15"]
    booked = factories.callback(ANNA, TUESDAY_AT_TEN + timedelta(days=4))
    assert put("openings/2026-11-28", method="DELETE").body["stranded"] == [booked.callback_id]
    with table.unchanged():
        assert put("openings/2026-11-28", method="DELETE").body["from"] is None


@each_row("body", [{}, {"from": "10:00"}, {"from": "11:00", "until": "10:00"}, {"from": "a", "until": "b"}])
def test_malformed_extra_hours_are_refused(body: Any) -> None:
    with table.unchanged():
        assert put("openings/2026-11-28", body).code == "input_invalid"


# ------------------------------------------------------------------ the clean-up makes up for it


def test_the_clean_up_marks_what_no_request_has_marked(clean_up: Callable[..., Counts]) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    desks.put_closure(TUESDAY_AT_TEN.date(), "Interrupted")

    assert clean_up()["callbacks_stranded"] == 1
    assert (last_entry().by.type, open_of()["stranded_by"]) == ("system", "closed")
    assert "callbacks_stranded" not in clean_up()


# ------------------------------------------------------------------ the vendor moves and cancels


def test_the_backend_moves_and_cancels_with_a_reason() -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    path, why = f"callbacks/{booked.callback_id}", {"reason": "Two colleagues are ill"}
    moved = put(path, why | {"starts_at": None}, "PATCH")
    assert (moved.status, moved.body["kind"], moved.body["tenant_id"]) == (200, "queue", "acme")
    cancelled = put(path, why, "DELETE")

    assert (cancelled.body["state"], cancelled.body["reason"]) == ("cancelled", why["reason"])
    assert (last_entry().what, last_entry().by.type) == ("callback.cancelled", "vendor")
    assert put(f"callbacks/{invalid_inputs.UNKNOWN_ID}", why, "DELETE").code == "not_found"
    assert put(path, {}, "DELETE").code == "input_invalid"
    assert call("GET", "/v1/support/callbacks", caller=SVEN).body["waiting"] == []
