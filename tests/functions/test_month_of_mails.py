"""A month of a busy tenant: how many mails an approver gets, by kind, and that every login is told exactly once.

`GUESTKEY_NIGHTLY=1` runs it and prints the numbers.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import time_machine

from tests import dead_letters, factories, table
from tests.calls import call
from tests.edge import post
from tests.notify import Notify, subject_of, text_of_mail
from tests.personas import ANNA, DORA, GIULIA, SVEN

ANNAS = "anna@acme.example"
FIRST_MONDAY = datetime(2027, 3, 1, 7, tzinfo=UTC)
"""08:00 in Berlin. The clock changes on 28 March."""
DAYS, WORKDAYS_A_WEEK, WORKDAYS, ROUNDS_A_DAY = 31, 5, 23, 2
ROUNDS = WORKDAYS * ROUNDS_A_DAY
"""In each, Dora and Sven get a grant, of which Sven's is revoked, and all three enter. Sven and Sara do so under the
permanent grant of Support, which ends last."""
AGENTS = (SVEN, SVEN.but(sub="sara"), DORA)
GRANTED, REVOKED, ENDED = (
    "Neue Freigabe für den Support",
    "Freigabe für den Support widerrufen",
    "Freigabe für den Support abgelaufen",
)
ONLY_AT_ONCE = {
    "Der Support hat sich in Ihrem Konto angemeldet": 2 * WORKDAYS + ROUNDS,
    "Support-Zugänge: Übersicht des Tages": WORKDAYS,
    "Geändert: Wie Sie von Support-Zugängen erfahren": 1,
}
"""Mails that the choice does not change: first logins, one digest for each working day, the choice itself."""
IMMEDIATE = dict.fromkeys(("granted", "revoked", "ended", "agent_left"), "immediate")
IN_DIGEST = dict.fromkeys(("granted", "revoked", "ended", "agent_left"), "digest")


@pytest.mark.nightly("it takes minutes")
@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (IMMEDIATE, ONLY_AT_ONCE | {GRANTED: 2 * ROUNDS + 1, REVOKED: ROUNDS, ENDED: ROUNDS}),
        (IN_DIGEST, ONLY_AT_ONCE | {GRANTED: 1}),
    ],
    ids=["immediate", "digest"],
)
def test_in_a_month_every_login_is_told_exactly_once(
    notify: Notify,
    world: time_machine.Traveller,
    clean_up: Callable[..., dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
    choice: dict[str, str],
    expected: dict[str, int],
) -> None:
    world.move_to(FIRST_MONDAY)
    factories.agent("sara", "support", name="Sara Blau")
    assert call("PUT", "/v1/notices", {"kinds": choice}, caller=ANNA).status == 200
    factories.grant("support", by=GIULIA, period="permanent")
    numbers, reasons = count(1), []

    def tick(at: datetime) -> None:
        """Go to a moment, and let the clean-up and the stream work."""
        world.move_to(at)
        clean_up()
        notify.deliver()
        table.forget_stream()
        notify.position = 0

    for day in range(DAYS):
        begins = FIRST_MONDAY + timedelta(days=day)
        tick(begins)
        for number in range(ROUNDS_A_DAY if day % 7 < WORKDAYS_A_WEEK else 0):
            factories.grant(DORA, by=GIULIA, period="1h")
            revoked = factories.grant(SVEN, by=GIULIA, period="4h")
            for agent in AGENTS:
                reasons.append(f"Case {next(numbers):04}")
                factories.logged_out(factories.login(agent, reason=reasons[-1]))
            factories.revoked(revoked, by=GIULIA)
            tick(begins + (number + 1) * timedelta(hours=2))
    tick(FIRST_MONDAY + timedelta(days=DAYS))

    assert dead_letters.messages() == []
    mails = [mail for mail in notify.mails if mail["Destination"]["ToAddresses"] == [ANNAS]]
    told = Counter(reason for mail in mails for reason in re.findall("„(Case [0-9]+)“", text_of_mail(mail)))
    assert told == dict.fromkeys(reasons, 1)
    kinds = Counter(post.kind_in(subject_of(mail)) for mail in mails)
    with capsys.disabled():
        print(f"\n{len(mails)} mails to one approver in {DAYS} days with {len(reasons)} logins")
        print(*(f"{number:5} {kind}" for kind, number in kinds.most_common()), sep="\n")
    assert kinds == expected
