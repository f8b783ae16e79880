"""The call-back part of the tour: a customer books a slot, a colleague joins the queue, and agents call both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.faults import Fault
from local.guide import Guide

USER, ITALIAN, FIRST_AGENT, SECOND_AGENT = "anna", "giulia", "sven", "dora"
TOPIC, PHONE = "consultation", "0241 4468 6122"
MIN_SLOTS = 3
CALLBACKS, DESK = "/v1/callbacks", "/v1/support/callbacks"


@dataclass
class CallBacks:
    """The call-back steps: Anna and Giulia work for one customer, Sven and Dora call them."""

    guide: Guide

    def run(self) -> None:
        """Run every step in order."""
        self.anybody_asks_how_to_reach_support()
        zone, booked_at, moved_to = self.customer_looks_for_a_time()
        callback = self.customer_books(booked_at)
        self.colleague_cannot_choose_a_slot(booked_at)
        self.colleague_cannot_ask_for_another(callback)
        self.customer_moves_it(callback, moved_to)
        self.agent_is_too_early(callback, datetime.fromisoformat(moved_to).astimezone(ZoneInfo(zone)))
        self.customer_joins_the_queue(callback)
        self.agent_calls(callback)
        queued = self.colleague_joins_the_queue()
        self.other_agent_calls(queued)

    def anybody_asks_how_to_reach_support(self) -> None:
        self.guide.say(
            "Anyone can ask how to reach support from Switzerland, and the price of 12 minutes on the emergency line."
        )
        answer = self.guide.shown("GET", "/v1/contact?country=CH&minutes=12", None)
        self.guide.expect(answer, 200, country="CH")
        support, emergency = answer.json()["support"], answer.json()["emergency"]
        if emergency["cost"] != {"amount": "17.85", "currency": "EUR"}:
            raise Fault(f"12 minutes are three started units of 5 and cost 17.85 EUR, not {emergency['cost']}")
        open_now = "open now" if support["open_now"] else f"closed, opens {support['opens_at']}"
        print(f"   → 200 support: {support['phone']}, {open_now}")
        print(f"     emergency: {emergency['phone']}, answered within {emergency['answered_within_hours']} hours")
        print(f"     12 minutes there: {emergency['cost']['amount']} {emergency['cost']['currency']}")

    def customer_looks_for_a_time(self) -> tuple[str, str, str]:
        """Return the desk's time zone and two start times. The first slot is skipped: it may end before the booking."""
        self.guide.say("Anna wants a call from support. She lists the topics, in German, and then the free slots.")
        answer = self.guide.shown("GET", "/v1/topics", USER)
        self.guide.expect(answer, 200)
        topics = {topic["id"]: topic for topic in answer.json()["items"]}
        if topics[TOPIC]["name"] != "Beratung":
            raise Fault("the names of the topics are not in German, Anna's language")
        print("   → 200 " + ", ".join(f"{topic['name']} ({topic['minutes']} minutes)" for topic in topics.values()))
        answer = self.guide.shown("GET", f"/v1/slots?topic={TOPIC}", USER)
        self.guide.expect(answer, 200)
        zone, slots = answer.json()["time_zone"], answer.json()["items"]
        if len(slots) < MIN_SLOTS:
            raise Fault(f"the support desk has {len(slots)} free slots; the tour needs {MIN_SLOTS}")
        print(f"   → 200 {len(slots)} slots from {slots[0]['starts_at']} to {slots[-1]['ends_at']}")
        return zone, slots[1]["starts_at"], slots[2]["starts_at"]

    def customer_books(self, starts_at: str) -> str:
        self.guide.say("Anna books a slot of 30 minutes.")
        answer = self.guide.shown("POST", CALLBACKS, USER, _order("How do we move to a new bank?", starts_at))
        self.guide.expect(answer, 201, kind="slot", state="booked", starts_at=starts_at, phone="+4924144686122")
        callback = answer.json()
        print(f"   → 201 call-back {callback['callback_id']}, {callback['starts_at']} to {callback['ends_at']}")
        return str(callback["callback_id"])

    def colleague_cannot_choose_a_slot(self, starts_at: str) -> None:
        self.guide.say(
            "Giulia, Anna's colleague, reads Italian. The desk offers slots in German, English and Spanish only."
        )
        answer = self.guide.shown("POST", CALLBACKS, ITALIAN, _order("Una fattura", starts_at))
        self.guide.expect(answer, 403, code="slots_not_offered")
        print(f"   → 403 {answer.json()['code']}: {answer.json()['detail']}")

    def colleague_cannot_ask_for_another(self, callback_id: str) -> None:
        self.guide.say("Giulia tries to join the queue. Acme has an open call-back already, and the answer shows it.")
        answer = self.guide.shown("POST", CALLBACKS, ITALIAN, _order("Una fattura"))
        self.guide.expect(answer, 409, code="callback_open")
        callback = answer.json()["callback"]
        if callback["callback_id"] != callback_id:
            raise Fault("the answer shows another call-back than Anna's")
        print(f"   → 409 callback_open: {callback['requested_by']['name']} is called at {callback['starts_at']}")

    def customer_moves_it(self, callback_id: str, starts_at: str) -> None:
        self.guide.say("Anna moves her call-back to a later slot. Every user of Acme can see the new time.")
        answer = self.guide.shown("PATCH", f"{CALLBACKS}/{callback_id}", USER, {"starts_at": starts_at})
        self.guide.expect(answer, 200, callback_id=callback_id, state="booked", starts_at=starts_at, version=1)
        print(f"   → 200 {answer.json()['starts_at']} to {answer.json()['ends_at']}, version 1")
        moved = answer.json()
        answer = self.guide.shown("GET", f"{CALLBACKS}/open", ITALIAN)
        self.guide.expect(answer, 200, **moved)
        print(f"   → 200 {answer.json()['state']} at {answer.json()['starts_at']}")

    def agent_is_too_early(self, callback_id: str, starts_at: datetime) -> None:
        self.guide.say("Sven lists the call-backs of that day. He can take Anna's from an hour before its time on.")
        answer = self.guide.shown("GET", f"{DESK}?day={starts_at:%Y-%m-%d}", FIRST_AGENT)
        self.guide.expect(answer, 200)
        found = _find(callback_id, answer.json()["booked"])
        print(f"   → 200 {found['requested_by']['name']} of {found['tenant_id']} at {found['starts_at']}")
        answer = self.guide.shown("POST", f"{DESK}/{callback_id}/take", FIRST_AGENT)
        self.guide.expect(answer, 409, code="too_early")
        print(f"   → 409 too_early: {answer.json()['detail']}")

    def customer_joins_the_queue(self, callback_id: str) -> None:
        self.guide.say("Anna would rather be called as soon as an agent is free. She moves her call-back to the queue.")
        answer = self.guide.shown("PATCH", f"{CALLBACKS}/{callback_id}", USER, {"starts_at": None})
        self.guide.expect(answer, 200, callback_id=callback_id, state="waiting", starts_at=None, version=2)
        print("   → 200 waiting, version 2")

    def agent_calls(self, callback_id: str) -> None:
        self.guide.say("Sven lists the queue, takes Anna's call-back, calls her, and closes the call-back.")
        answer = self.guide.shown("GET", DESK, FIRST_AGENT)
        self.guide.expect(answer, 200)
        self._is_called(callback_id, answer.json()["waiting"], FIRST_AGENT)

    def colleague_joins_the_queue(self) -> str:
        self.guide.say("Giulia joins the queue. An agent will call her as soon as one is free.")
        answer = self.guide.shown("POST", CALLBACKS, ITALIAN, _order("Una fattura"))
        self.guide.expect(answer, 201, kind="queue", state="waiting", starts_at=None)
        print(f"   → 201 call-back {answer.json()['callback_id']}, waiting")
        return str(answer.json()["callback_id"])

    def other_agent_calls(self, callback_id: str) -> None:
        self.guide.say(
            "Dora is free. She lists the queue, takes Giulia's call-back, calls her, and closes the call-back."
        )
        answer = self.guide.shown("GET", DESK, SECOND_AGENT)
        self.guide.expect(answer, 200)
        self._is_called(callback_id, answer.json()["waiting"], SECOND_AGENT)

    def _is_called(self, callback_id: str, listed: list[dict[str, Any]], who: str) -> None:
        """Find a call-back in the list that an agent sees, take it and close it."""
        callback = _find(callback_id, listed)
        print(f"   → 200 {callback['requested_by']['name']} of {callback['tenant_id']}, {callback['phone']}")
        answer = self.guide.shown("POST", f"{DESK}/{callback_id}/take", who)
        self.guide.expect(answer, 200, state="taken")
        print(f"   → 200 taken by {answer.json()['agent']['name']}")
        answer = self.guide.shown("POST", f"{DESK}/{callback_id}/close", who, {"outcome": "reached"})
        self.guide.expect(answer, 200, state="reached")
        print("   → 200 reached")


def _find(callback_id: str, listed: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a call-back from the list that an agent sees. Raises Fault."""
    callback = next((one for one in listed if one["callback_id"] == callback_id), None)
    if callback is None:
        raise Fault("the list that the agent sees does not contain the call-back")
    return callback


def _order(description: str, starts_at: str | None = None) -> dict[str, Any]:
    order = {"topic": TOPIC, "description": description, "phone": PHONE}
    return order | {"starts_at": starts_at} if starts_at else order
