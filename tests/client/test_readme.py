"""The client's README documents every call and every error, and both clients have the same."""

import inspect

import guestkey_client
from guestkey_client import AsyncGuestkey, Guestkey, GuestkeyError
from tests import stack

README = (stack.PROJECT / "client/README.md").read_text()


def calls_of(client: type) -> dict[str, list[str]]:
    return {
        name: list(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(client, inspect.isfunction)
        if not name.startswith("_") and name != "close"
    }


def test_both_clients_have_the_same_calls() -> None:
    assert calls_of(Guestkey) == calls_of(AsyncGuestkey)


def test_every_call_is_documented() -> None:
    documented = [line.removeprefix("| `").partition("(")[0] for line in README.splitlines() if line.startswith("| `")]

    assert calls_of(Guestkey).keys() <= set(documented)


def test_every_public_name_is_documented() -> None:
    public = set(guestkey_client.__all__) - {"Action"}

    assert len(public) > 10
    assert {name for name in public if name not in README} == set()


def test_every_error_is_a_guestkey_error() -> None:
    errors = [
        thing for thing in vars(guestkey_client).values() if isinstance(thing, type) and issubclass(thing, Exception)
    ]

    assert len(errors) == 4
    assert all(issubclass(error, GuestkeyError) for error in errors)
