"""What people type on the way into a mail, over HTTP: refused and then nowhere, or mailed and then nothing but text.

`tests/edge/test_letters.py` asks the same of the letters alone; here a text passes the routes, the table and SES.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import batched, groupby
from typing import Any

from httpx import Response
from selectolax.lexbor import LexborHTMLParser

from tests.edge.post import Read
from tests.edge.samples import REQUEST_ID
from tests.journeys import mailbox
from tests.journeys.calls import Caller, given, refusal, request_to
from tests.journeys.concurrency import at_once, connections
from tests.journeys.world import Tenant, World, agent_of, stay_clear_of_the_hour, tenant_of
from tests.typed_texts import HOSTILE, require_same_mail

LANGUAGES = ["de", "en", "es", "it"]
WRAPPINGS = ["{}", "Sven {}", "{} Brandt", "({})", "«{}», «{}»", "a{}z"]
"""A text alone, at the end, at the start and amid others: what is trimmed or matched at an edge is so only there."""
TYPED = [wrapping.replace("{}", text) for wrapping in WRAPPINGS for text in HOSTILE.values()]
AT_ONE_TENANT = 36
"""How many texts one tenant is asked with; it gets at most forty mails an hour."""
FIELDS = ["tenant", "department", "agent", "reason"]
HARMLESS = "Sven at evil.example"
"""Nothing odd, but for one address, so that a mail has every sentence."""


@dataclass
class Lane:
    """A tenant whose names, and whose agents' names and reasons, are typed by somebody who means no good."""

    tenant: Tenant
    language: str
    department_id: str
    backend: Caller
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """What the tenant was called, one after the other, as the answers said."""
    agents: int = 0

    @property
    def world(self) -> World:
        return self.tenant.world

    @property
    def approver(self) -> str:
        return f"anna@{self.tenant.tenant_id}.example"

    def put_tenant(self, name: str) -> Response:
        id = self.tenant.tenant_id
        return self.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, name=name, language=self.language))

    def put_department(self, name: str) -> Response:
        return self.backend.put(f"/v1/vendor/departments/{self.department_id}", {"name": name})

    def put_agent(self, agent_id: str, name: str) -> Response:
        order = agent_of(agent_id, name=name, departments=[self.department_id])
        return self.backend.put(f"/v1/vendor/agents/{agent_id}", order)

    def type_everywhere(self, text: str) -> None:
        """Type it into every field that reaches a mail; where it is refused something harmless stands."""
        self.agents += 1
        agent_id = f"{self.tenant.tenant_id}-{self.agents}"
        agent = self.world.caller("sven", sub=agent_id).over(self.backend.client)
        named = self.put_tenant(text)
        if self.typed("tenant", named, ("TENANT#" + self.tenant.tenant_id, text)):
            self.names.append(named.json()["name"])
        self.typed("department", self.put_department(text), ("DEPARTMENT#" + self.department_id, text))
        if not self.typed("agent", self.put_agent(agent_id, text), ("AGENT#" + agent_id, text)):
            given(self.put_agent(agent_id, HARMLESS))
        ask = partial(agent.post, "/v1/support/requests")
        answer = ask(request_to(self.tenant.tenant_id, text))
        if not self.typed("reason", answer):
            answer = ask(request_to(self.tenant.tenant_id, HARMLESS))
        self.asked.append(given(answer, 201)["request_id"])

    def typed(self, where: str, answer: Response, kept: tuple[str, str] | None = None) -> bool:
        """Return whether a text was taken; where it was refused, the record must not have it."""
        if answer.status_code in (200, 201):
            self.taken[where] += 1
            return True
        assert refusal(answer) in {(422, "input_invalid"), (400, "json_invalid")}, where
        self.refused[where] += 1
        if kept:
            record = self.world.item(kept[0], "PROFILE")
            assert record is None or record["name"]["S"] != kept[1]
        return False


def test_whatever_is_typed_is_refused_or_becomes_nothing_but_text_in_a_mail(
    world: World, measured: Callable[[str], None]
) -> None:
    stay_clear_of_the_hour(60)
    batches = list(batched(TYPED, AT_ONE_TENANT))
    with connections(world.backend, 4) as lines:
        lanes = [_lane(world, LANGUAGES[n % 4], lines[n % 4]) for n in range(len(batches))]
        drivers = [list(zip(lanes, batches, strict=True))[n::4] for n in range(4)]
        at_once([partial(_drive, driver) for driver in drivers])

    mails = [mail for mail in world.stack.mails() if "/activate#" in mail["text"]]
    by_approver = {lane.approver: [mail for mail in mails if lane.approver in mail["to"]] for lane in lanes}
    for lane in lanes:
        _require_text_only(lane, by_approver[lane.approver])
    taken = sum((lane.taken for lane in lanes), Counter())
    refused = sum((lane.refused for lane in lanes), Counter())
    measured(
        f"{len(TYPED)} hostile texts in {len(FIELDS)} fields and {len(LANGUAGES)} languages: {sum(refused.values())} "
        f"refused {dict(refused)}, {sum(taken.values())} taken {dict(taken)}, "
        f"{sum(len(lane.asked) for lane in lanes)} mails judged"
    )
    assert taken.keys() == refused.keys() == set(FIELDS)
    assert all(taken[where] + refused[where] == len(TYPED) for where in FIELDS)


def _lane(world: World, language: str, line: Caller) -> Lane:
    lane = Lane(world.new_tenant(language=language), language, world.new_department(), line)
    lane.type_everywhere(HARMLESS)
    lane.taken.clear()
    return lane


def _drive(driver: list[tuple[Lane, tuple[str, ...]]]) -> None:
    for lane, texts in driver:
        for text in texts:
            lane.type_everywhere(text)


def _require_text_only(lane: Lane, mails: list[dict[str, Any]]) -> None:
    """Fail unless there is one mail for each request, and each is that mail, whatever was typed."""
    expected, *read = (_read(mail, request_id) for mail, request_id in zip(mails, lane.asked, strict=True))
    assert expected.headers["subject"] == [mailbox.subject_in(lane.language)]
    assert expected.headers.keys() == {"from", "to", "subject", "auto-submitted", "mime-version"}
    assert expected.recipients == [lane.approver]
    for mail in read:
        require_same_mail(mail, expected, {f"{lane.world.stack.url}/activate#{REQUEST_ID}"})
    requests = lane.tenant.all_of("/v1/requests?limit=100")
    assert [request["request_id"] for request in requests] == lane.asked[::-1]
    # A name that was refused is in no entry either, nor is one that is as the last one was.
    changes = [entry["data"]["name"] for entry in lane.tenant.ledger().entries if entry["what"] == "tenant.changed"]
    assert changes == [name for name, _ in groupby([changes[0], *lane.names])]


def _read(mail: dict[str, Any], request_id: str) -> Read:
    """Return a mail as others understand it, its request's id put as in all others."""
    link = f"/activate#{request_id}"
    assert (mail["text"].count(link), mail["html"].count(link)) == (1, 3)
    read = mailbox.read(mail)
    text, html = (part.replace(request_id, REQUEST_ID) for part in (read.text, str(read.html.html)))
    return replace(read, text=text, html=LexborHTMLParser(html))


# ------------------------------------------------------------------ whom a mail is sent to


def test_no_hostile_text_is_anybodys_address(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    id = tenant.tenant_id
    for text in _addresses(id):
        registered = world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=[text]))
        asked = agent.caller.post("/v1/support/requests", request_to(id, recipients=[text]))
        for answer in (registered, asked):
            assert refusal(answer) in {(422, "input_invalid"), (400, "json_invalid")}, ascii(text)
    assert tenant.ledger().whats() == ["tenant.changed"]
    assert tenant.activation_mails() == []


def _addresses(tenant_id: str) -> Iterator[str]:
    """Yield hostile texts, and the registered address with something before, in or behind it."""
    registered = f"anna@{tenant_id}.example"
    yield from HOSTILE.values()
    for trick in ("\r\nBcc: mallory@evil.example", "\n", ",mallory@evil.example", ";mallory@evil.example", " ", "\x00"):
        yield f"{registered}{trick}x"
        yield f"x{trick}{registered}"
    yield f"=?UTF-8?Q?=0A?={registered}"
    yield f"Anna <{registered}>"
    yield f'"anna@evil.example"@{tenant_id}.example'
    yield registered.replace("@", "\uff20")
    yield registered.replace(".", "\u3002")
    yield registered.replace("a", "\u0430")
