"""The product as a desk's year drives it: its handlers, its stream and its reminders, on moto with a stopped clock."""

import json
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any

import time_machine

from guestkey.edge.mail.i18n import LANGUAGES, catalogue
from guestkey.edge.stream import reminders
from guestkey.rules.instants import instant
from local import sample
from tests import bus, dead_letters, factories, personas, schedules, table
from tests.calls import Answer, LambdaContext, call, handler
from tests.edge import calendars, post
from tests.model.desk.calls import Event, Mail
from tests.model.desk.cast import AGENTS, BACKEND, TENANTS, USERS, Customer
from tests.model.desk.hours import Window
from tests.model.wall_clock import text_of
from tests.notify import Notify, subject_of
from tests.personas import Caller

UNKNOWN = "01J00000000000000000000000"
UNCOMPARED = ("description_salt", "reason_salt", "phone_shown", "may_enter", "customer", "language")
LISTS, LISTS_OF_IDS = ("booked", "waiting", "taken"), ("stranded", "callback_ids")
REFUSED_WITH = ("next", "callback", "queue_only")
AN_HOUR = timedelta(hours=1)
ABOUT_CALLS = ["booked", "waiting", "moved", "changed", "cancelled", "stranded", "reminder"]
KINDS = {
    catalogue(language).text(f"callback_{kind}", "subject"): f"callback_{kind} {language}"
    for language in LANGUAGES
    for kind in ABOUT_CALLS
}
"""Kind and language of a mail by the fixed text of its subject."""
SAMPLE = {tenant.tenant_id for tenant in sample.TENANTS}
View = dict[str, Any]


class Handlers:
    """The handlers of a desk's year. Real ids are known by the model's names."""

    def __init__(self, at: datetime, opened: ExitStack) -> None:
        self._clock = opened.enter_context(time_machine.travel(at, tick=False))
        opened.enter_context(table.on_moto())
        factories.sample_world()
        dead_letters.make_queue()
        schedules.make_group()
        self.notify = Notify()
        self.notify.mails = opened.enter_context(post.fake_ses())
        self.notify.events = opened.enter_context(bus.taking())
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._delivered: list[Any] = []
        """The stream's records of the last step."""
        self.calendars: dict[str, Event] = {}
        """What a calendar program has after the mails so far: the latest event of each call."""
        for tenant, customer in TENANTS.items():
            if tenant not in SAMPLE:
                assert put(f"tenants/{tenant}", _tenant_of(tenant, customer)).status == 200
        self.news()

    def set_clock(self, to: datetime) -> None:
        self._clock.move_to(to)

    def do(self, verb: str, **said: Any) -> View:
        """Take one step, and return how the product answers."""
        answer: View = getattr(self, verb)(**said)
        return answer

    # --- Users ---------------------------------------------------------------------------------------------------

    def book(self, user: str, topic: str, starts_at: datetime | None, phone: str, description: str) -> View:
        body = {"topic": topic, "description": description, "phone": phone, "starts_at": text_of(starts_at)}
        answer = call("POST", "/v1/callbacks", body, caller=who(user))
        if answer.status == 201:
            name = f"c{len(self._ids) + 1:04}"
            self._names[answer.body["callback_id"]], self._ids[name] = name, answer.body["callback_id"]
        return self._told(answer, user)

    def change(self, user: str, callback: str, **put: Any) -> View:
        body = {name: text_of(value) if name == "starts_at" else value for name, value in put.items()}
        return self._told(call("PATCH", f"/v1/callbacks/{self._id(callback)}", body, caller=who(user)), user)

    def cancel(self, user: str, callback: str) -> View:
        return self._told(call("DELETE", f"/v1/callbacks/{self._id(callback)}", caller=who(user)), user)

    # --- Support and the vendor ----------------------------------------------------------------------------------

    def move_for(self, actor: str, callback: str, starts_at: datetime | None, reason: str) -> View:
        body = {"starts_at": text_of(starts_at), "reason": reason}
        return self._told(call("PATCH", self._path_for(actor, callback), body, caller=who(actor)))

    def cancel_for(self, actor: str, callback: str, reason: str) -> View:
        return self._told(call("DELETE", self._path_for(actor, callback), {"reason": reason}, caller=who(actor)))

    def take(self, agent: str, callback: str) -> View:
        return self._told(call("POST", f"{self._path_for(agent, callback)}/take", caller=who(agent)))

    def release(self, agent: str, callback: str) -> View:
        return self._told(call("POST", f"{self._path_for(agent, callback)}/release", caller=who(agent)))

    def hand(self, agent: str, callback: str, colleague: str) -> View:
        body = {"agent_id": colleague}
        return self._told(call("POST", f"{self._path_for(agent, callback)}/hand", body, caller=who(agent)))

    def close(self, agent: str, callback: str, outcome: str) -> View:
        body = {"outcome": outcome}
        return self._told(call("POST", f"{self._path_for(agent, callback)}/close", body, caller=who(agent)))

    def set_agent(self, agent: str, is_active: bool) -> View:
        body = {"name": AGENTS[agent], "email": f"{agent}@vendor.example", "departments": [], "active": is_active}
        return {"status": put(f"agents/{agent}", body).status}

    # --- The desk ------------------------------------------------------------------------------------------------

    def set_desk(self, lines: int, until: str, horizon_days: int, topics: list[str]) -> View:
        hours = {day: [{"from": "09:00", "until": until}] for day in sample.WORKING_DAYS}
        offered = [topic for topic in sample.DESK["topics"] if topic["id"] in topics]
        desk = {"lines": lines, "hours": hours, "horizon_days": horizon_days, "topics": offered}
        return self._stranding(put("desk", sample.DESK | desk))

    def close_day(self, day: date, window: Window | None) -> View:
        return self._stranding(put(f"closures/{day}", {"name": "Works outing", **_part(window)}))

    def open_day(self, day: date) -> View:
        return self._stranding(put(f"closures/{day}", method="DELETE"))

    def add_hours(self, day: date, window: Window) -> View:
        return self._stranding(put(f"openings/{day}", _part(window)))

    def drop_hours(self, day: date) -> View:
        return self._stranding(put(f"openings/{day}", method="DELETE"))

    # --- Time ----------------------------------------------------------------------------------------------------

    def clean_up(self) -> View:
        assert handler("cleanup")({"source": "aws.events"}, LambdaContext()) is None
        return {"status": 200}

    def remind(self) -> View:
        """Fire the schedules of this moment, each of which then deletes itself."""
        for expression, said in schedules.told():
            assert _moment_of(expression) >= factories.now(), "a schedule was left behind"
            if _moment_of(expression) == factories.now():
                reminders.delete(said["callback_id"])
                handler("reminder")(said, LambdaContext())
        return {"status": 200}

    def reminders(self) -> list[tuple[str, datetime]]:
        """Return the schedules to come: which call, and when."""
        told = schedules.told()
        assert all(instant(said["starts_at"]) - AN_HOUR == _moment_of(at) for at, said in told)
        return sorted((self._names[said["callback_id"]], _moment_of(at)) for at, said in told)

    # --- News ----------------------------------------------------------------------------------------------------

    def news(self) -> tuple[list[tuple[Mail, str]], list[tuple[str, str]]]:
        """Let the stream be read, and return the mails since the last time, with their texts, and the events."""
        self._delivered = self.notify.new()
        assert self.notify.deliver(self._delivered) == []
        table.forget_stream()
        self.notify.position = 0
        return self._mails(), self._events()

    def repeat_news(self) -> tuple[list[tuple[Mail, str]], list[tuple[str, str]]]:
        """Let the last records be read once more, as a stream may, and return the mails; events may repeat."""
        assert self.notify.deliver(self._delivered) == []
        self.notify.events.clear()
        return self._mails(), []

    def _mails(self) -> list[tuple[Mail, str]]:
        found = []
        for sent in self.notify.mails:
            read = post.read(post.as_mailed(sent))
            (to,) = sent["Destination"]["ToAddresses"]
            event = self._event_of(read) if read.calendars else None
            found.append((Mail(to, KINDS[post.kind_in(subject_of(sent))], event), read.text.replace("\u00a0", " ")))
        self.notify.mails.clear()
        return found

    def _event_of(self, read: post.Read) -> Event:
        invited = calendars.of(read)
        callback_id, _, stack = invited.uid.partition("@")
        assert stack == "guestkey"
        event = Event(self._names[callback_id], invited.method, invited.sequence, invited.starts_at, invited.ends_at)
        if event.call not in self.calendars or self.calendars[event.call].sequence < event.sequence:
            self.calendars[event.call] = event
        return event

    def _events(self) -> list[tuple[str, str]]:
        told = [(event["DetailType"], json.loads(event["Detail"])["about"]) for event in self.notify.events]
        self.notify.events.clear()
        return [(what, self._names[about]) for what, about in told if what.startswith("callback.")]

    # --- What others see -----------------------------------------------------------------------------------------

    def open_view(self, tenant: str) -> View | None:
        reader = next(user for user in USERS if USERS[user].tenant == tenant)
        answer = call("GET", "/v1/callbacks/open", caller=who(reader))
        return None if answer.code == "no_callback" else self._view(answer.body, tenant)

    def lists(self, agent: str, day: date) -> dict[str, list[View]]:
        answer = call("GET", "/v1/support/callbacks", caller=who(agent), query={"day": str(day)})
        assert answer.status == 200, answer.text
        told = {name: [self._view(one) for one in answer.body[name]] for name in LISTS}
        return told | {"taken": sorted(told["taken"], key=lambda one: str(one["callback_id"]))}

    def seats(self) -> dict[str | None, list[str]]:
        held = factories.seats_held()
        return {text_of(at): sorted(self._names[one] for one in holders) for at, holders in held.items()}

    def open_keys(self) -> dict[str, str]:
        """Return the call in the open key of each tenant."""
        found = [item for item in table.items() if item["SK"]["S"] == "CALLBACK"]
        return {item["PK"]["S"].partition("#")[2]: self._names[item["callback_id"]["S"]] for item in found}

    def free_slots(self, user: str, topic: str, first: date, days: int) -> list[View]:
        query = {"topic": topic, "from": str(first), "days": days}
        answer = call("GET", "/v1/slots", caller=who(user), query=query)
        assert answer.status == 200, answer.text
        found: list[View] = answer.body["items"]
        return found

    # --- Names ---------------------------------------------------------------------------------------------------

    def _id(self, name: str) -> str:
        return self._ids.get(name, UNKNOWN)

    def _path_for(self, actor: str, callback: str) -> str:
        return f"/v1/{'vendor' if actor == BACKEND else 'support'}/callbacks/{self._id(callback)}"

    def _told(self, answer: Answer, user: str | None = None) -> View:
        if answer.code is None:
            return {"status": answer.status, **self._view(answer.body, user and USERS[user].tenant)}
        more = {name: answer.body[name] for name in REFUSED_WITH if name in answer.body}
        if "callback" in more:
            more["callback"] = self._view(more["callback"], user and USERS[user].tenant)
        return {"status": answer.status, "code": answer.code, **more}

    def _view(self, body: View, tenant: str | None = None) -> View:
        """Return a call as told, with the model's name for it; what a user is told is about their own tenant."""
        shown = {name: value for name, value in body.items() if name not in UNCOMPARED}
        shown["callback_id"] = self._names[body["callback_id"]]
        return shown | ({"tenant_id": tenant} if tenant else {})

    def _stranding(self, answer: Answer) -> View:
        assert answer.status == 200, answer.text
        named = {name: [self._names[one] for one in answer.body[name]] for name in LISTS_OF_IDS if name in answer.body}
        return {"status": 200, **named}


def who(name: str) -> Caller:
    """Return the caller of that name."""
    if name not in USERS:
        caller: Caller = getattr(personas, name.upper())
        return caller
    user = USERS[name]
    claims = {"sub": name, "tenant_id": user.tenant, "name": user.name, "email": user.email(name)}
    return personas.ANNA.but(**claims, locale=user.locale)


def put(what: str, body: Any = None, method: str = "PUT") -> Answer:
    return call(method, f"/v1/vendor/{what}", body, caller=personas.BACKEND)


def _tenant_of(tenant: str, customer: Customer) -> dict[str, Any]:
    facts = {"name": customer.name, "language": customer.language, "country": customer.country, "version": "1"}
    return {**facts, "time_zone": customer.zone, "approver_emails": [f"approver@{tenant}.example"]}


def _part(window: Window | None) -> dict[str, str]:
    return dict(zip(("from", "until"), window, strict=True)) if window else {}


def _moment_of(expression: str) -> datetime:
    return instant(expression.removeprefix("at(").removesuffix(")") + "Z")
