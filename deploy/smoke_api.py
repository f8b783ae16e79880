"""The part of `make smoke` that calls the API: answers without a token, CORS, paths, tokens, a granted login."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from deploy.findings import Finding, fail, note, ok
from deploy.http import Answer, Unreachable, call
from deploy.registration import First
from deploy.tokens import Tokens

SEE_LOGS = "See FunctionLogs for the request (docs/operating.md, Logs): a missing permission or a bug."
GATEWAY = "See the routes and authorizers of the API in the console, or deploy again: make deploy."
PROTECTED = (
    ("users", "GET", "/v1/me"),
    ("agents", "GET", "/v1/support/access"),
    ("the backend", "GET", "/v1/vendor/desk"),
    ("checks", "POST", "/v1/vendor/checks"),
)
ENCODED = (
    "/v1%2Fme",
    "//v1/me",
    "/v1/grants/a%2Fb",
    "/v1/grants/..%2F..%2Fvendor%2Fdesk",
    "/v1/grants/%2e%2e/vendor/desk",
    "/activate/..%2Fv1%2Fme",
    "/assets/..%2f..%2fv1%2fme",
)
READS = {
    "tenant": (
        "/v1/me",
        "/v1/grants",
        "/v1/requests",
        "/v1/presence",
        "/v1/notices",
        "/v1/topics",
    ),
    "support": (
        "/v1/support/access",
        "/v1/support/requests",
        "/v1/support/directory",
        "/v1/support/callbacks",
    ),
    "vendor": ("/v1/vendor/desk",),
}
"""A reading route of each function that a kind of caller may call."""
FLOOD = 400
"""More than the burst and two seconds' rate of the public route, whose throttle is its own."""


@dataclass
class Api:
    """The deployed API, called with one kind of caller's token at a time."""

    url: str
    tokens: Tokens
    origin: str = ""
    """An origin of `AllowedOrigins`, or an empty text if none is allowed."""
    slowest: list[float] = field(default_factory=list)

    def call(self, method: str, path: str, token: str | None = None, body: Any = None, **headers: str) -> Answer:
        """Send a request. Raises Unreachable."""
        sent = dict(headers) | ({"Authorization": f"Bearer {token}"} if token else {})
        sent |= {"Content-Type": "application/json"} if body is not None else {}
        answer = call(method, self.url + path, headers=sent, body=None if body is None else json.dumps(body).encode())
        self.slowest.append(answer.seconds)
        return answer


def reached(api: Api) -> Iterator[Finding]:
    """Check that the address answers at all, over https."""
    try:
        answer = api.call("GET", "/v1/contact?country=DE")
    except Unreachable as error:
        action = "Compare the address with the output ApiUrl; with a domain of your own, check its DNS record."
        yield fail("address", f"{api.url} was not reached: {error}", action)
        return
    yield ok("address", f"{api.url} answers")
    if answer.status == 200:
        yield ok("contact", "the support desk's record is there")
    elif answer.code == "desk_unknown":
        action = "Put it when you use call-backs: docs/integrating/backend.md, The support desk."
        yield note("contact", "the function answers; the support desk's record is not put yet", action)
    else:
        yield _unexpected("contact", "GET /v1/contact", answer, "200 or 404 desk_unknown")


def page(api: Api) -> Iterator[Finding]:
    """Check the page behind the link of a mail."""
    answer = api.call("GET", "/activate")
    if answer.status == 200 and answer.headers.get("content-security-policy"):
        yield ok("page", "/activate is served, with its content security policy")
    else:
        yield _unexpected("page", "GET /activate", answer, "200 and a content security policy")


def without_token(api: Api) -> Iterator[Finding]:
    """Check that each authorizer refuses a call without a token, and one with a forged token."""
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."
    good = True
    for _, method, path in PROTECTED:
        for token in ("", forged):
            answer = api.call(method, path, token, {} if method == "POST" else None)
            if answer.status != 401:
                good = False
                said = "a forged token" if token else "no token"
                yield fail("401", f"{method} {path} with {said} answers {answer.status}, not 401", GATEWAY)
    if good:
        yield ok("401", f"without a token and with a forged one: {', '.join(who for who, _, _ in PROTECTED)}")


def encoded_paths(api: Api) -> Iterator[Finding]:
    """Check that no encoded or doubled slash leads past an authorizer: without a token, data must never come."""
    answers = {path: api.call("GET", path) for path in ENCODED}
    bad = {path: answer for path, answer in answers.items() if not (_is_refused(answer) or _is_page(answer))}
    for path, answer in bad.items():
        seen = f"GET {path} without a token answers {answer.status}"
        yield fail("encoded paths", seen, SEE_LOGS if answer.status >= 500 else "Report it to us, see SECURITY.md.")
    if not bad:
        yield ok("encoded paths", f"{len(ENCODED)} paths with encoded slashes and dots lead to no data")


def _is_refused(answer: Answer) -> bool:
    return answer.status in {400, 401, 403, 404}


def _is_page(answer: Answer) -> bool:
    """Return whether it is the public page, which is the same at each path that begins with /activate."""
    return answer.status == 200 and answer.headers.get("content-type", "").startswith("text/html")


def cors(api: Api) -> Iterator[Finding]:
    """Check the CORS headers of a preflight and of a 401, for an allowed origin and for a foreign one."""
    if not api.origin:
        yield note(
            "CORS", "AllowedOrigins is empty: no page of another origin may call the API", "Set it to embed the panel."
        )
        return
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = api.call("OPTIONS", "/v1/me", Origin=api.origin, **asked)
    refused = api.call("GET", "/v1/me", Origin=api.origin)
    foreign = api.call("GET", "/v1/me", Origin="https://foreign.invalid")
    for name, answer in (("preflight", preflight), ("401", refused)):
        seen = answer.headers.get("access-control-allow-origin")
        if seen == api.origin:
            yield ok(f"CORS of a {name}", f"allows {api.origin}")
        else:
            action = "A page of yours sees a network error where it should see 401. Report it to us with this line."
            yield fail(f"CORS of a {name}", f"{answer.status} with allow-origin {seen or 'missing'}", action)
    if (seen := foreign.headers.get("access-control-allow-origin")) is not None:
        yield fail("CORS of a foreign origin", f"allow-origin is {seen}", "Report it to us, see SECURITY.md.")


def throttle(api: Api, *, flood: bool) -> Iterator[Finding]:
    """Provoke a 429 on the public route, if asked to, and check its CORS headers."""
    if not flood:
        action = (
            "make smoke THROTTLE=yes sends 400 calls to /v1/contact; other callers of this route get 429 for a second."
        )
        yield note("429", "not checked", action)
        return
    headers = {"Origin": api.origin} if api.origin else {}
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: api.call("GET", "/v1/contact", **headers), range(FLOOD)))
    refused = [answer for answer in answers if answer.status == 429]
    if not refused:
        yield note(
            "429", f"{FLOOD} calls of /v1/contact got none", "See the throttles in docs/operating.md, and try again."
        )
    elif api.origin and refused[0].headers.get("access-control-allow-origin") != api.origin:
        yield fail(
            "429", "it has no CORS headers", "A page of yours sees a network error. Report it to us with this line."
        )
    else:
        yield ok("429", f"{len(refused)} of {FLOOD} calls, {'with CORS headers' if api.origin else 'without CORS'}")


def audiences(api: Api) -> Iterator[Finding]:
    """Check for each given token that its routes accept it, and the others' do not."""
    given = {"tenant": api.tokens.tenant, "support": api.tokens.support, "vendor": api.tokens.vendor}
    for kind, token in given.items():
        if not token:
            why = api.tokens.problem if kind == "vendor" else f"set {kind.upper()}_TOKEN to a token of that kind"
            yield note(f"token of {kind}", "not checked", why)
            continue
        answers = {path: api.call("GET", path, token) for path in READS[kind]}
        bad = {path: answer for path, answer in answers.items() if not _is_fine(answer)}
        for path, answer in bad.items():
            yield _refused(f"token of {kind}", path, answer)
        others = [path for other, paths in READS.items() if other != kind for path in paths[:1]]
        open_to_others = [path for path in others if api.call("GET", path, token).status != 401]
        for path in open_to_others:
            action = "Two audiences are not apart: compare the issuers and audiences of the parameters."
            yield fail(f"token of {kind}", f"GET {path}, a route of others, does not answer 401", action)
        if not bad and not open_to_others:
            yield ok(f"token of {kind}", f"accepted by its routes ({len(answers)} called), refused by the others'")


def unknown_grant(api: Api) -> Iterator[Finding]:
    """Check that a check of an unknown tenant and agent says no."""
    if not api.tokens.vendor:
        return
    body = {"tenant_id": f"none-{secrets.token_hex(4)}", "agent_id": "none", "action": "enter"}
    answer = api.call("POST", "/v1/vendor/checks", api.tokens.vendor, body)
    said = answer.json()
    if answer.status == 200 and isinstance(said, dict) and said.get("allowed") is False:
        yield ok("check", f"says no to an unknown customer ({said.get('reason')}), in {answer.seconds * 1000:.0f} ms")
    else:
        yield _unexpected("check", "POST /v1/vendor/checks of an unknown customer", answer, "200 and allowed: false")


def granted_login(api: Api, first: First) -> Iterator[Finding]:
    """Give a grant of an hour, record a login, check it, revoke, check again: with real tokens of all three kinds."""
    tokens = api.tokens
    if not (tokens.tenant and tokens.support and tokens.vendor):
        action = (
            "Set TENANT_TOKEN and SUPPORT_TOKEN to tokens of a registered customer and agent. It writes a ledger entry."
        )
        yield note("first granted login", "not checked", action)
        return
    question = {"tenant_id": first.tenant_id, "agent_id": first.agent_id, "action": "enter"}
    grantee = {"type": "agent", "id": first.agent_id}
    given = api.call("POST", "/v1/grants", tokens.tenant, {"grantee": grantee, "period": "1h"})
    if given.status not in {200, 201}:
        yield _refused("first granted login", "POST /v1/grants", given)
        return
    grant_id = given.json()["grant_id"]
    try:
        order = {"tenant_id": first.tenant_id, "reason": "Smoke test of the deployment"}
        login = api.call("POST", "/v1/support/logins", tokens.support, order)
        if login.status not in {200, 201}:
            yield _refused("first granted login", "POST /v1/support/logins", login)
            return
        question["login_id"] = login.json()["login_id"]
        yield _verdict(api, question, expected=True)
        api.call("POST", f"/v1/support/logins/{question['login_id']}/end", tokens.support, {})
    finally:
        revoked = api.call("DELETE", f"/v1/grants/{grant_id}", tokens.tenant)
    if revoked.status != 200:
        yield _refused("first granted login", "DELETE /v1/grants/{grant_id}", revoked)
        return
    del question["login_id"]
    yield _verdict(api, question, expected=False)


def _verdict(api: Api, question: dict[str, str], *, expected: bool) -> Finding:
    answer = api.call("POST", "/v1/vendor/checks", api.tokens.vendor, question)
    said = answer.json()
    allowed, reason = (said.get("allowed"), said.get("reason")) if isinstance(said, dict) else (None, None)
    moment = "while the grant is live" if expected else "after it was revoked"
    if answer.status == 200 and allowed is expected:
        return ok("first granted login", f"the check says {'yes' if expected else 'no'} {moment}")
    if answer.status != 200:
        return _unexpected("first granted login", f"the check {moment}", answer, "200")
    action = "Another live grant covers the agent: revoke it, and run again." if allowed else SEE_LOGS
    return fail("first granted login", f"the check says {allowed} {reason or ''} {moment}", action)


def _is_fine(answer: Answer) -> bool:
    """Return whether the function answered: data, or a refusal that names a record that is not there yet."""
    return answer.status in {200, 304} or answer.code in {"desk_unknown", "tenant_unknown"}


def _refused(subject: str, path: str, answer: Answer) -> Finding:
    actions = {
        "claims_missing": "Let the provider put the claim into the token, or name another by the claim's parameter.",
        "claim_invalid": "Choose another claim for the id by its parameter.",
        "scope_missing": "Give the backend's client the scopes guestkey/check, guestkey/registry and guestkey/rights.",
        "agent_inactive": "Register the agent with the id of the token: FIRST_AGENT=… docs/integrating/backend.md.",
        "tenant_unknown": "Register the customer with the id of the token: FIRST_TENANT=… docs/integrating/backend.md.",
        "right_missing": "Take the token of a user with the right, or give the right by name.",
        "acting_for_another": "Take a token that the user got in person.",
    }
    if answer.status == 401:
        action = "The gateway refuses the token: expired, or iss or aud differ from the parameters, to the letter."
    else:
        action = actions.get(answer.code, SEE_LOGS)
    said = answer.json()
    detail = said.get("detail", "") if isinstance(said, dict) else ""
    return fail(subject, f"{path} answers {answer.status} {answer.code} {detail}".rstrip(), action)


def _unexpected(subject: str, what: str, answer: Answer, expected: str) -> Finding:
    action = SEE_LOGS if answer.status >= 500 else GATEWAY
    return fail(subject, f"{what} answers {answer.status} {answer.code}, not {expected}".replace(" ,", ","), action)
