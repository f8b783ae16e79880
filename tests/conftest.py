"""The environment that our code reads when it is imported, and the world that tests of the store and of the functions
stand on: the template's own table on moto, the sample tenants in it, a clock that stands at Monday noon.

Nothing here starts by itself: a test asks for `table`, `world` or `clock`, or its folder's conftest does.
"""

import os
import zoneinfo
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import time_machine
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ |= {
    "TABLE_NAME": "guestkey",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "BASE_URL": "https://support.vendor.example",
    "MAIL_SENDER": "Käsehandel Support <support@vendor.example>",
    "MAIL_REPLY_TO": "help@vendor.example",
    "MAIL_CONFIGURATION_SET": "guestkey",
    "EVENT_BUS": "guestkey",
    "REMINDER_GROUP": "guestkey",
    "REMINDER_FUNCTION": "arn:aws:lambda:eu-central-1:123456789012:function:remind",
    "REMINDER_ROLE": "arn:aws:iam::123456789012:role/reminders",
    "REMINDER_DEAD_LETTERS": "arn:aws:sqs:eu-central-1:123456789012:dead-letters",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/dead-letters",
}
# As the template has it: the package's time zones count, not those of the machine.
zoneinfo.reset_tzpath(to=())
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

# How long an example takes says more of the machine's other work than of ours.
settings.register_profile("guestkey", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guestkey")


LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands at MONDAY_NOON until the test moves it, with `shift` or `move_to`."""
    from tests.factories import MONDAY_NOON

    with time_machine.travel(MONDAY_NOON, tick=False) as stopped:
        yield stopped


@pytest.fixture
def table() -> Iterator[None]:
    """The template's table, empty."""
    from tests import table as made

    with made.on_moto():
        yield


@pytest.fixture
def world(table: None, clock: time_machine.Traveller) -> Iterator[time_machine.Traveller]:
    """The sample world of `local/sample.py`, registered long ago, with an SES that takes every mail.

    Gives the clock, which stands at Monday noon.
    """
    from tests import factories
    from tests.edge import post

    factories.sample_world()
    with post.fake_ses():
        yield clock


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A Chromium of this machine. Where there is none, what asks for it is left out."""
    from tests.browser import chromium

    path = chromium.found()
    assert path
    with chromium.opened(path) as opened:
        yield opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a browser where there is none: one line says so in the end, and not one for each test."""
    in_browser = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not in_browser:
        return
    from tests.browser import chromium

    if chromium.found() is None:
        items[:] = [item for item in items if item not in in_browser]
        config.hook.pytest_deselected(items=in_browser)
        config.stash[LEFT_OUT] = len(in_browser)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{count} tests were left out: they need a Chromium, which is not here. GUESTKEY_CHROMIUM may name one."
        )
