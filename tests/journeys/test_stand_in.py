"""The stand-in of the browser tests answers as the real API does: both get the same calls.

Ids and times differ; everything else is the same to the byte, with the texts and headers of refusals.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from local.tokens import mint
from tests.browser import site as sites
from tests.journeys.calls import Caller, connection, success
from tests.journeys.world import Tenant, World

ID = re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SALT = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
PAST = {"S": "2026-01-01T00:00:00Z"}
OVERRIDE = "Bitte \u202erufen Sie an"


class Side(Protocol):
    """One of the two: a request of Sven to Acme, and the callers who may read or answer it."""

    request_id: str
    grant_id: str

    def begin(self, **order: Any) -> None:
        """Start with a new request."""

    def caller(self, who: str, **claims: Any) -> Caller: ...

    def request_is_withdrawn(self) -> None: ...

    def request_expires(self) -> None: ...

    def grant_ends(self) -> None: ...


@dataclass
class Real:
    world: World
    request_id: str = ""
    grant_id: str = ""

    def begin(self, **order: Any) -> None:
        self.grant_id = ""
        body = {name: sites.a_request(**order)[name] for name in ("tenant_id", "reason", "period", "may_export")}
        body |= {"recipients": ["anna@acme.example"]}
        self.request_id = success(self.world.sven.post("/v1/support/requests", body), 201)["request_id"]

    def caller(self, who: str, **claims: Any) -> Caller:
        return self.world.caller(who, **claims)

    def request_is_withdrawn(self) -> None:
        success(self.world.sven.delete(f"/v1/support/requests/{self.request_id}"))

    def request_expires(self) -> None:
        Tenant(self.world, "acme").change(f"REQUEST#{self.request_id}", expires_at=PAST)

    def grant_ends(self) -> None:
        Tenant(self.world, "acme").change(f"GRANT#{self.grant_id}", granted_at=PAST, ends_at=PAST)


@dataclass
class StandIn:
    site: sites.Site
    client: httpx.Client
    request_id: str = sites.REQUEST_ID
    grant_id: str = ""

    def begin(self, **order: Any) -> None:
        self.grant_id = ""
        self.site.api.reset()
        self.site.api.request |= order

    def caller(self, who: str, **claims: Any) -> Caller:
        return Caller(self.client, mint(who, self.site.issuer, **claims))

    def request_is_withdrawn(self) -> None:
        self.site.api.request["state"] = "withdrawn"

    def request_expires(self) -> None:
        self.site.api.request["state"] = "expired"

    def grant_ends(self) -> None:
        assert self.site.api.grant
        self.site.api.grant |= {"state": "ended", "end": "time"}


@dataclass(frozen=True)
class Answer:
    """An answer without its ids and times."""

    to: str
    status: int = field(kw_only=True)
    headers: tuple[str | None, ...] = field(kw_only=True)
    body: Any = field(kw_only=True)


@dataclass(frozen=True)
class Inquiry:
    """All calls of the page, made to one side."""

    side: Side

    def ask(
        self, who: str, call: str, body: Any = None, *, key: str | None = None, claims: dict[str, Any] | None = None
    ) -> Answer:
        method, _, path = call.partition(" ")
        filled = path.format(request=self.side.request_id, grant=self.side.grant_id or sites.GRANT_ID)
        answer = self.side.caller(who, **claims or {}).call(method, f"/v1/{filled}", body, key=key)
        if answer.status_code == 201:
            self.side.grant_id = answer.json()["grant_id"]
        return Answer(
            f"{who}: {call} {json.dumps(body)} {key or ''} {claims or ''}",
            status=answer.status_code,
            headers=tuple(answer.headers.get(name) for name in ("Content-Type", "Cache-Control")),
            body=json.loads(SALT.sub("<salt>", TIME.sub("<time>", ID.sub("<id>", answer.text)))),
        )

    def everything(self) -> Iterator[Answer]:
        yield from self.reads()
        yield from self.approvals()
        yield from self.periods_and_export()
        yield from self.declines()
        yield from self.late_answers()

    def reads(self) -> Iterator[Answer]:
        self.side.begin()
        yield self.ask("anna", "GET me", claims={"exp": 1})
        yield self.ask("anna", "POST requests/{request}/approve", {}, claims={"exp": 1})
        for claims in ({}, {"act": {"sub": "sven"}}):
            for who in ("anna", "ben", "giulia", "carla"):
                for what in (
                    "me",
                    "about",
                    "requests?state=pending",
                    "requests/{request}",
                    "requests/4711",
                    "grants/{grant}",
                ):
                    yield self.ask(who, f"GET {what}", claims=claims)
        yield self.ask("anna", f"GET requests/{sites.GRANT_ID}")

    def approvals(self) -> Iterator[Answer]:
        order = {"period": "1h", "may_export": False}
        for what in ("approve", "decline"):
            for who in ("ben", "carla"):
                yield self.ask(who, f"POST requests/{{request}}/{what}", order if what == "approve" else {})
            yield self.ask("anna", f"POST requests/{{request}}/{what}", {}, claims={"act": {"sub": "sven"}})
        for key in ("first", "first", "second"):
            yield self.ask("anna", "POST requests/{request}/approve", order, key=key)
        yield self.ask("anna", "POST requests/{request}/approve", order | {"period": "2h"}, key="first")
        yield self.ask("giulia", "POST requests/{request}/decline", {"note": "Nein"})
        for what in ("GET requests/{request}", "GET grants/{grant}", "DELETE grants/{grant}", "DELETE grants/{grant}"):
            for who in ("giulia", "ben", "carla", "anna"):
                yield self.ask(who, what)
        yield self.ask("anna", "GET grants/{grant}")
        yield self.ask("anna", "POST requests/{request}/approve", order, key="first")

    def periods_and_export(self) -> Iterator[Answer]:
        self.side.begin(may_export=False)
        yield self.ask("anna", "POST requests/{request}/approve", {"period": "1h", "may_export": True})
        yield self.ask("giulia", "POST requests/{request}/approve", {"period": "permanent", "may_export": False})
        self.side.begin()
        yield self.ask("anna", "POST requests/{request}/approve", {"period": "today", "may_export": True})
        self.side.grant_ends()
        yield self.ask("anna", "GET grants/{grant}")
        yield self.ask("anna", "DELETE grants/{grant}")

    def declines(self) -> Iterator[Answer]:
        for body in ({}, {"note": "Bitte rufen Sie mich vorher an."}):
            self.side.begin()
            yield self.ask("anna", "POST requests/{request}/decline", {"note": OVERRIDE})
            yield self.ask("anna", "POST requests/{request}/decline", body)
            yield self.ask("anna", "POST requests/{request}/decline", body)
            yield self.ask("anna", "POST requests/{request}/decline", {"note": OVERRIDE})
            yield self.ask("anna", "POST requests/{request}/approve", {})
            yield self.ask("giulia", "GET requests/{request}")

    def late_answers(self) -> Iterator[Answer]:
        for close in (self.side.request_is_withdrawn, self.side.request_expires):
            self.side.begin()
            close()
            yield self.ask("anna", "POST requests/{request}/approve", {"period": "1h", "may_export": False}, key="k")
            yield self.ask("anna", "POST requests/{request}/decline", {})
            yield self.ask("anna", "GET requests/{request}")


def test_the_stand_in_answers_as_the_real_api(sample_world: World, tmp_path: Path) -> None:
    with sites.opened(tmp_path) as site, connection(site.url) as client:
        pairs = zip(Inquiry(Real(sample_world)).everything(), Inquiry(StandIn(site, client)).everything(), strict=True)
        differing = [(real, from_stand_in) for real, from_stand_in in pairs if real != from_stand_in]

    for real, from_stand_in in differing:
        print(f"{real.to}\n  is answered {real.status} {real.headers} {real.body}")
        print(f"  stand-in:   {from_stand_in.status} {from_stand_in.headers} {from_stand_in.body}")
    assert differing == []
