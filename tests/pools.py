"""Users of the template's Cognito pools: adds them as an administrator does, and signs them in with SRP."""

import json
import secrets
import warnings
from typing import Any

import httpx
import pytest
from pycognito import Cognito  # type: ignore[import-untyped]

from local.deployment import CREDENTIAL

PASSWORD = f"Aa1!{secrets.token_hex(8)}"


def add_user(cognito: Any, pool: str, username: str, attributes: dict[str, str]) -> None:
    given = [{"Name": name, "Value": value} for name, value in attributes.items()]
    cognito.admin_create_user(UserPoolId=pool, Username=username, UserAttributes=given, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=username, Password=PASSWORD, Permanent=True)


def settings_of(url: str, pool: str) -> dict[str, str]:
    """Return the variables that lead pycognito to the emulator: its address, and the pool's keys."""
    keys = httpx.get(f"{url}/{pool}/.well-known/jwks.json", trust_env=False).json()
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "COGNITO_JWKS": json.dumps(keys),
    }


def sign_in(url: str, pool: str, client_id: str, username: str) -> str:
    """Return an ID token of a user, who proves the password with SRP: the only way that the template's clients have."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_of(url, pool).items():
            patch.setenv(name, value)
        user = Cognito(pool, client_id, username=username)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # pycognito asks for the time in an old way
            user.authenticate(password=PASSWORD)
    return str(user.id_token)
