"""Hostile texts in mails, over HTTP: each is refused and stored nowhere, or mailed as plain text.

`tests/edge/mail/test_compose.py` tests the mails alone; here a text passes the routes, the table and SES.
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
from tests.hostile_texts import HOSTILE, require_same_mail
from tests.journeys import mailbox
from tests.journeys.calls import Caller, refusal, request_to, success
from tests.journeys.concurrency import at_once, connections
from tests.journeys.world import Tenant, World, agent_of, avoid_the_end_of_the_hour, tenant_of
from tests.rows_and_columns import IS_NIGHTLY, rows_and_columns

LANGUAGES = ["de", "en", "es", "it"]
WRAPPINGS = ["{}", "Sven {}", "{} Brandt", "({})", "«{}», «{}»", "a{}z"]
"""A text alone, at the end, at the start and in the middle, because trimming and anchored patterns act at the edges
only.
"""
EVERY_TEXT = [wrapping.replace("{}", text) for wrapping, text in rows_and_columns(WRAPPINGS, [*HOSTILE.values()])]
TYPED = EVERY_TEXT if IS_NIGHTLY else EVERY_TEXT[::5]
AT_ONE_TENANT = 36 if IS_NIGHTLY else 20
"""Number of texts for one tenant, which gets at most forty mails an hour."""
FIELDS = ["tenant", "department", "agent", "reason"]
HARMLESS = "Sven at evil.example"
"""A harmless text with an address, so that a mail has every sentence."""


@dataclass
class Lane:
    """A tenant whose names, and whose agents' names and reasons, are hostile texts."""

    tenant: Tenant
    language: str
    department_id: str
    backend: Caller
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    request_ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The names of the tenant in the answers, in order."""
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

    def send_in_every_field(self, text: str) -> None:
        """Send the text in every field that reaches a mail; replace a refused one by a harmless text."""
        self.agents += 1
        agent_id = f"{self.tenant.tenant_id}-{self.agents}"
        agent = self.world.caller("sven", sub=agent_id).over(self.backend.client)
        answer_of_tenant = self.put_tenant(text)
        if self.is_accepted("tenant", answer_of_tenant, ("TENANT#" + self.tenant.tenant_id, text)):
            self.names.append(answer_of_tenant.json()["name"])
        self.is_accepted("department", self.put_department(text), ("DEPARTMENT#" + self.department_id, text))
        if not self.is_accepted("agent", self.put_agent(agent_id, text), ("AGENT#" + agent_id, text)):
            success(self.put_agent(agent_id, HARMLESS))
        ask = partial(agent.post, "/v1/support/requests")
        answer = ask(request_to(self.tenant.tenant_id, text))
        if not self.is_accepted("reason", answer):
            answer = ask(request_to(self.tenant.tenant_id, HARMLESS))
        self.request_ids.append(success(answer, 201)["request_id"])

    def is_accepted(self, where: str, answer: Response, stored_at: tuple[str, str] | None = None) -> bool:
        """Return whether the text was accepted; assert that a refused text is not in the record."""
        if answer.status_code in (200, 201):
            self.accepted[where] += 1
            return True
        assert refusal(answer) in {(422, "input_invalid"), (400, "json_invalid")}, where
        self.refused[where] += 1
        if stored_at:
            record = self.world.item(stored_at[0], "PROFILE")
            assert record is None or record["name"]["S"] != stored_at[1]
        return False


def test_hostile_texts_are_refused_or_are_plain_text_in_a_mail(world: World, measured: Callable[[str], None]) -> None:
    avoid_the_end_of_the_hour(60)
    batches = list(batched(TYPED, AT_ONE_TENANT))
    with connections(world.backend, 4) as lines:
        lanes = [_lane(world, LANGUAGES[n % 4], lines[n % 4]) for n in range(len(batches))]
        drivers = [list(zip(lanes, batches, strict=True))[n::4] for n in range(4)]
        at_once([partial(_drive, driver) for driver in drivers])

    mails = [mail for mail in world.stack.mails() if "/activate#" in mail["text"]]
    by_approver = {lane.approver: [mail for mail in mails if lane.approver in mail["to"]] for lane in lanes}
    for lane in lanes:
        _require_text_only(lane, by_approver[lane.approver])
    accepted = sum((lane.accepted for lane in lanes), Counter())
    refused = sum((lane.refused for lane in lanes), Counter())
    measured(
        f"{len(TYPED)} hostile texts in {len(FIELDS)} fields and {len(LANGUAGES)} languages: {sum(refused.values())} "
        f"refused {dict(refused)}, {sum(accepted.values())} accepted {dict(accepted)}, "
        f"{sum(len(lane.request_ids) for lane in lanes)} mails compared"
    )
    assert accepted.keys() == refused.keys() == set(FIELDS)
    assert all(accepted[where] + refused[where] == len(TYPED) for where in FIELDS)


def _lane(world: World, language: str, line: Caller) -> Lane:
    lane = Lane(world.new_tenant(language=language), language, world.new_department(), line)
    lane.send_in_every_field(HARMLESS)
    lane.accepted.clear()
    return lane


def _drive(driver: list[tuple[Lane, tuple[str, ...]]]) -> None:
    for lane, texts in driver:
        for text in texts:
            lane.send_in_every_field(text)


def _require_text_only(lane: Lane, mails: list[dict[str, Any]]) -> None:
    """Assert that there is one mail for each request, the same for all texts."""
    expected, *read = (_read(mail, request_id) for mail, request_id in zip(mails, lane.request_ids, strict=True))
    assert expected.headers["subject"] == [mailbox.subject_in(lane.language)]
    assert expected.headers.keys() == {"from", "to", "subject", "auto-submitted", "mime-version"}
    assert expected.recipients == [lane.approver]
    for mail in read:
        require_same_mail(mail, expected, {f"{lane.world.stack.url}/activate#{REQUEST_ID}"})
    requests = lane.tenant.all_of("/v1/requests?limit=100")
    assert [request["request_id"] for request in requests] == lane.request_ids[::-1]
    # Neither a refused name nor an unchanged one makes an entry.
    changes = [entry["data"]["name"] for entry in lane.tenant.ledger().entries if entry["what"] == "tenant.changed"]
    assert changes == [name for name, _ in groupby([changes[0], *lane.names])]


def _read(mail: dict[str, Any], request_id: str) -> Read:
    """Return a mail as parsed: the id of its request is replaced by a fixed one, the subject is its fixed text."""
    link = f"/activate#{request_id}"
    assert (mail["text"].count(link), mail["html"].count(link)) == (1, 3)
    read = mailbox.read(mail)
    text, html = (part.replace(request_id, REQUEST_ID) for part in (read.text, str(read.html.html)))
    assert read.headers["subject"][0].endswith(f", {request_id[-6:]})")
    headers = read.headers | {"subject": [mailbox.kind_of(read)]}
    return replace(read, headers=headers, text=text, html=LexborHTMLParser(html))


# ------------------------------------------------------------------ recipients


def test_no_hostile_text_is_accepted_as_an_address(world: World) -> None:
    tenant, agent = world.new_tenant(), world.new_agent("support")
    id = tenant.tenant_id
    for text in _addresses(id):
        registered = world.backend.put(f"/v1/vendor/tenants/{id}", tenant_of(id, approver_emails=[text]))
        request = agent.caller.post("/v1/support/requests", request_to(id, recipients=[text]))
        for answer in (registered, request):
            assert refusal(answer) in {(422, "input_invalid"), (400, "json_invalid")}, ascii(text)
    assert tenant.ledger().whats() == ["tenant.changed"]
    assert tenant.activation_mails() == []


def _addresses(tenant_id: str) -> Iterator[str]:
    """Yield hostile texts, and the registered address with text before, in or after it."""
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
