"""Environment variables that the code reads on import, and fixtures for tests of the store and the functions: the
template's own table on moto, the sample tenants in it, and a clock stopped on Monday at noon.

No fixture is used automatically: a test requests `table`, `world` or `clock`, or the conftest of its folder does.
"""

import os
import sys
import zoneinfo
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

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
# As in the template: Python uses the time zones of the package, not those of the machine.
zoneinfo.reset_tzpath(to=())
for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)

# No deadline: the time of one example depends on the other load of the machine.
settings.register_profile(
    "guestkey",
    deadline=None,
    max_examples=500 if os.environ.get("GUESTKEY_NIGHTLY") == "1" else 50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("guestkey")


LEFT_OUT = pytest.StashKey[int]()
UNUSED = pytest.StashKey[list[str]]()
PERMISSIONS = "permissions"
MEASURED = "measured"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the measurements that the run prints at its end. The report of a test takes it out of a worker."""
    return lambda line: request.node.user_properties.append((MEASURED, line))


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock stopped at MONDAY_NOON until the test moves it with `shift` or `move_to`."""
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
    """The sample world of `local/sample.py`, registered long ago, with an SES that accepts every mail.

    Gives the clock, stopped on Monday at noon.
    """
    from tests import factories
    from tests.edge import post

    factories.sample_world()
    with post.fake_ses():
        yield clock


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """A Chromium of this machine. Without one, the tests that use this fixture are deselected."""
    from tests.browser import chromium

    path = chromium.found()
    assert path
    with chromium.opened(path) as opened:
        yield opened


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slow tests, so that no worker has one left when the other is ready.

    Deselect the tests of the night by day, and the tests that need a browser if none is found; one line of the summary
    gives the number of these.
    """
    from tests.rows_and_columns import IS_NIGHTLY

    marks = {item: mark for item in items if (mark := item.get_closest_marker("nightly"))}
    assert all(mark.args for mark in marks.values()), "a test of the night says why"
    of_the_night = [] if IS_NIGHTLY else [*marks]
    if of_the_night:
        items[:] = [item for item in items if item not in of_the_night]
        config.hook.pytest_deselected(items=of_the_night)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    in_browser = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not in_browser:
        return
    from tests.browser import chromium

    if chromium.found() is None:
        items[:] = [item for item in items if item not in in_browser]
        config.hook.pytest_deselected(items=in_browser)
        config.stash[LEFT_OUT] = len(in_browser)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the permissions that a worker's functions used, when it has ended."""
    if sent := getattr(node, "workeroutput", {}).get(PERMISSIONS):
        from tests import permissions

        permissions.add(sent)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Send the used permissions to the controller, or fail there if a function has one that no test used."""
    if "tests.permissions" not in sys.modules:
        return
    from tests import permissions, whole_run

    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[PERMISSIONS] = permissions.to_lists()
    elif exitstatus == pytest.ExitCode.OK and whole_run.ran_all_of_the_functions(session.config):
        session.config.stash[UNUSED] = permissions.unused(permissions.used)
        if session.config.stash[UNUSED]:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(UNUSED, ()):
        terminalreporter.write_line(f"no test used this permission of a function: {line}", red=True)
    if count := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(
            f"{count} tests were deselected: they need a Chromium, and none was found. GUESTKEY_CHROMIUM may name one."
        )
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    lines = [line for one in reports if one.when == "call" for name, line in one.user_properties if name == MEASURED]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
