"""Tokens for the checks of a deployed API: given by the operator in the environment, or fetched for the backend.

A token is passed as it is and never printed. Its claims are read without verification, to find ids.
"""

import base64
import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from botocore.exceptions import BotoCoreError, ClientError

from deploy.account import Account
from deploy.answers import Answers
from deploy.http import Unreachable, call
from deploy.issuers import DISCOVERY

TENANT, SUPPORT, VENDOR = "TENANT_TOKEN", "SUPPORT_TOKEN", "VENDOR_TOKEN"
CLIENT_ID, CLIENT_SECRET = "VENDOR_CLIENT_ID", "VENDOR_CLIENT_SECRET"  # nosec B105 # names of variables
SCOPE = "guestkey/check guestkey/registry guestkey/rights"


@dataclass(frozen=True)
class Tokens:
    """The tokens at hand; an empty text for each that is missing. `problem` says why the backend's is."""

    tenant: str = ""
    support: str = ""
    vendor: str = ""
    problem: str = ""


def at_hand(account: Account, answers: Answers, outputs: dict[str, str]) -> Tokens:
    """Return the tokens of the environment, and the backend's by client credentials where it is not given."""
    tenant, support = os.environ.get(TENANT, ""), os.environ.get(SUPPORT, "")
    if vendor := os.environ.get(VENDOR):
        return Tokens(tenant, support, vendor)
    try:
        return Tokens(tenant, support, _fetched(account, answers, outputs))
    except (_Missing, ClientError, BotoCoreError) as missing:
        return Tokens(tenant, support, "", str(missing))


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a token, unverified; none if it is no JWT."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


class _Missing(Exception):
    """Raised if no token of the backend can be had. The message names the reason and the action."""


def _fetched(account: Account, answers: Answers, outputs: dict[str, str]) -> str:
    if endpoint := outputs.get("VendorTokenUrl"):
        client = account.client("cognito-idp").describe_user_pool_client(
            UserPoolId=outputs["VendorPoolId"], ClientId=outputs["VendorPoolClientId"]
        )["UserPoolClient"]
        return _by_credentials(endpoint, client["ClientId"], client["ClientSecret"])
    client_id, secret = os.environ.get(CLIENT_ID, ""), os.environ.get(CLIENT_SECRET, "")
    issuer = answers.parameters.get("VendorIssuer", "")
    if not client_id or not secret or not issuer:
        message = f"set {VENDOR}, or {CLIENT_ID} and {CLIENT_SECRET}, to a token or to the client of your backend"
        raise _Missing(message)
    try:
        document = call("GET", issuer.rstrip("/") + DISCOVERY, patience=5.0).json()
    except Unreachable as error:
        message = f"the backend's issuer was not reached: {error}"
        raise _Missing(message) from error
    endpoint = document.get("token_endpoint") if isinstance(document, dict) else None
    if not endpoint:
        message = f"the discovery document of the backend's issuer has no token_endpoint; set {VENDOR}"
        raise _Missing(message)
    return _by_credentials(str(endpoint), client_id, secret, answers.parameters.get("VendorAudience", ""))


def _by_credentials(endpoint: str, client_id: str, secret: str, audience: str = "") -> str:
    """Return a token for client credentials (RFC 6749, section 4.4). Some providers require an audience as well."""
    form = {"grant_type": "client_credentials", "scope": SCOPE} | ({"audience": audience} if audience else {})
    basic = base64.b64encode(f"{quote(client_id, safe='')}:{quote(secret, safe='')}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
    try:
        answer = call("POST", endpoint, headers=headers, body=urlencode(form).encode(), patience=10.0)
    except Unreachable as error:
        message = f"the token endpoint was not reached: {error}"
        raise _Missing(message) from error
    said = answer.json()
    if answer.status != 200 or not isinstance(said, dict) or not said.get("access_token"):
        reason = said.get("error", "no token") if isinstance(said, dict) else "no token"
        message = f"the token endpoint of the backend answers {answer.status} {reason}"
        raise _Missing(message)
    return str(said["access_token"])
