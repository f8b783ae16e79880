"""Checks that API Gateway will be able to read each token issuer: discovery document and keys.

API Gateway fetches the discovery document when the stack is deployed, and refuses the deployment if that takes longer
than 1.5 seconds. It fetches the keys when tokens are checked, and keeps them for up to two hours.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from deploy.answers import Answers
from deploy.findings import Finding, fail, ok
from deploy.http import Answer, Unreachable, call

DISCOVERY = "/.well-known/openid-configuration"
PATIENCE_SECONDS = 1.5
MAX_KEY_BYTES = 150_000
PARAMETERS = ("TenantIssuer", "SupportIssuer", "VendorIssuer")


def check(answers: Answers, *, may_be_http: bool) -> Iterator[Finding]:
    """Check the three issuers at the same time. With Cognito pools there is nothing to check: the stack makes them."""
    if answers.parameters.get("CreateUserPools") == "yes":
        yield ok("issuers", "the stack creates Cognito pools")
        return
    values = [answers.parameters.get(name, "") for name in PARAMETERS]
    unique = list(dict.fromkeys(values))
    with ThreadPoolExecutor(len(unique)) as pool:
        found = dict(zip(unique, pool.map(lambda one: problem(one, may_be_http=may_be_http), unique), strict=True))
    for name, value in zip(PARAMETERS, values, strict=True):
        if trouble := found[value]:
            yield fail(name, *trouble)
        else:
            yield ok(name, f"{value} answers in time, with usable keys")
    pairs = [
        (answers.parameters.get(name), answers.parameters.get(name.replace("Issuer", "Audience")))
        for name in PARAMETERS
    ]
    if all(values) and len(set(pairs)) < len(pairs):
        yield fail(
            "audiences", "two kinds of callers have the same issuer and audience", "Give each an audience of its own."
        )


def problem(issuer: str, *, may_be_http: bool) -> tuple[str, str] | None:
    """Return what is wrong with an issuer and the action, or None if API Gateway can use it."""
    parts = urlsplit(issuer)
    if not issuer:
        return "none is set", 'Name your identity provider, or use Cognito pools: CreateUserPools = "yes".'
    if (parts.hostname or "").endswith(".invalid"):
        return (
            f"{issuer} does not exist: no name under .invalid does",
            'Set it to the iss of your identity provider\'s tokens, or use Cognito pools: CreateUserPools = "yes".',
        )
    if not parts.hostname or parts.scheme not in {"https", "http"} or parts.query or parts.fragment:
        return f"{issuer!r} is no address of an issuer", "Set it to the iss of the tokens, to the letter."
    if parts.scheme == "http" and not may_be_http:
        return f"{issuer} is http", "API Gateway reads issuers over https only."
    return _unreadable(issuer)


def _unreadable(issuer: str) -> tuple[str, str] | None:
    address = issuer.rstrip("/") + DISCOVERY
    action = f"Compare with: curl --max-time 1.5 {address}. It must be public, without redirects and firewalls."
    try:
        document = call("GET", address, patience=PATIENCE_SECONDS, most=MAX_KEY_BYTES)
    except Unreachable as error:
        return f"{address} was not reached: {error}", action
    said = document.json()
    if document.status != 200 or not isinstance(said, dict):
        return f"{address} answers {document.status}, not a discovery document", action
    if document.seconds > PATIENCE_SECONDS:
        return f"{address} took {document.seconds:.1f} s; API Gateway waits 1.5 s", action
    if said.get("issuer") != issuer:
        return (
            f"its document names the issuer {said.get('issuer')!r}, the parameter is {issuer!r}",
            "Set the parameter to the document's value, to the letter: a slash at the end counts.",
        )
    try:
        return _keys_problem(
            str(said.get("jwks_uri")), call("GET", str(said.get("jwks_uri")), patience=PATIENCE_SECONDS)
        )
    except Unreachable as error:
        return f"its keys at {said.get('jwks_uri')} were not reached: {error}", action


def _keys_problem(address: str, document: Answer) -> tuple[str, str] | None:
    if len(document.body) > MAX_KEY_BYTES:
        return f"its keys have more than {MAX_KEY_BYTES:,} bytes", "API Gateway refuses them; remove old keys."
    said = document.json()
    keys = said.get("keys") if isinstance(said, dict) else None
    if document.status != 200 or not isinstance(keys, list):
        return f"{address} answers {document.status}, not a key set", "See the settings of the identity provider."
    if not any(isinstance(key, dict) and key.get("kty") == "RSA" and key.get("kid") for key in keys):
        seen = json.dumps(sorted({str(key.get("kty")) for key in keys if isinstance(key, dict)}))
        return f"it has no RSA key with a kid, only {seen}", "Let it sign with RS256; API Gateway knows RSA only."
    return None
