"""`make smoke`: all that only a deployed stack can show, within two minutes. Each red line names the next step.

It changes nothing, but for the granted login with tokens of a customer and an agent, which it revokes.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from deploy import mail, smoke_api
from deploy.account import Account
from deploy.answers import Answers
from deploy.findings import Finding, Standing, fail, note, of, ok
from deploy.http import Unreachable
from deploy.registration import first_of
from deploy.smoke_api import Api
from deploy.smoke_stack import Deployed
from deploy.tokens import Tokens, at_hand

SLOW_SECONDS = 5.0


def findings(answers: Answers, url: str, *, flood: bool = False) -> Iterator[Finding]:
    """Yield the result of each check of the stack, and of the API at `url`; empty for the address of the stack."""
    deployed, trouble = _described(answers, url)
    base = (url or address_of(deployed)).rstrip("/")
    if deployed is None or not deployed.described:
        yield trouble or fail(
            "stack", f"{answers.stack_name} does not exist in {answers.region or 'any region'}", "make first-deploy"
        )
        if not url:
            return
    else:
        yield from deployed.check_all(base)
        yield from of("mail sender", lambda: mail.check(deployed.account, _as_deployed(deployed)))
    yield from _api(answers, deployed, base, flood=flood)


def address_of(deployed: Deployed | None) -> str:
    """Return the address of the API: the own domain's if there is one, else the one of AWS."""
    if deployed is None or not deployed.described:
        return ""
    if domain := deployed.parameters.get("DomainName"):
        return f"https://{domain}"
    return deployed.outputs.get("ApiUrl", "")


def _api(answers: Answers, deployed: Deployed | None, base: str, *, flood: bool) -> Iterator[Finding]:
    known = deployed is not None and bool(deployed.described)
    parameters = deployed.parameters if deployed and known else answers.parameters
    tokens = Tokens()
    if deployed and known:
        asked = _as_deployed(deployed)
        tokens = at_hand(deployed.account, asked, deployed.outputs)
    origin = parameters.get("AllowedOrigins", "").split(",")[0]
    api = Api(base, tokens, origin)
    reached = list(_guarded("address", lambda: smoke_api.reached(api)))
    yield from reached
    if reached[0].standing is Standing.FAIL:
        return
    first = first_of(answers, tokens)
    checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("page", lambda: smoke_api.page(api)),
        ("401", lambda: smoke_api.without_token(api)),
        ("encoded paths", lambda: smoke_api.encoded_paths(api)),
        ("CORS", lambda: smoke_api.cors(api)),
        ("429", lambda: smoke_api.throttle(api, flood=flood)),
        ("tokens", lambda: smoke_api.audiences(api)),
        ("check", lambda: smoke_api.unknown_grant(api)),
        ("first granted login", lambda: smoke_api.granted_login(api, first)),
    )
    for subject, check in checks:
        yield from _guarded(subject, check)
    slowest = max(api.slowest)
    if slowest > SLOW_SECONDS:
        yield note("time", f"the slowest call took {slowest:.1f} s", "A cold start takes about two. Run smoke again.")
    else:
        yield ok("time", f"the slowest of {len(api.slowest)} calls took {slowest:.1f} s")


def _guarded(subject: str, check: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    began = time.monotonic()
    try:
        yield from of(subject, check)
    except Unreachable as error:
        seen = f"a call was not answered after {time.monotonic() - began:.0f} s: {error}"
        yield fail(subject, seen, "Run again; if it stays, see AccessLogs and FunctionLogs.")


def _described(answers: Answers, url: str) -> tuple[Deployed | None, Finding | None]:
    """Return the stack, or a finding that says why it cannot be read: a failure unless the API's address is given."""
    try:
        return Deployed(Account(answers.region), answers), None
    except (ClientError, BotoCoreError) as error:
        action = "Set credentials and region, as for make preflight."
        return None, (note if url else fail)("stack", f"not checked: {error}", action)


def _as_deployed(deployed: Deployed) -> Answers:
    """Return the answers with the parameters that the stack was deployed with."""
    own = deployed.answers
    return Answers(own.environment, own.stack_name, own.file, own.region, deployed.parameters)
