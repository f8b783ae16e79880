"""Sample data that fills every view of the panel and the desk, and the steps to each view."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import time_machine
from playwright.sync_api import expect

from guestkey.rules.requests import MailState
from tests import factories, table
from tests.browser.agents import Agent
from tests.browser.panel_page import TABS, PanelPage
from tests.calls import call
from tests.factories import MONDAY_NOON, TUESDAY_AT_TEN
from tests.personas import ANNA, BACKEND, CARLA, DORA, SVEN

SATURDAY_NOON = MONDAY_NOON + timedelta(days=5)
MONDAY_AT_TEN = MONDAY_NOON - timedelta(hours=3)
TO_DEVELOPMENT = MONDAY_NOON - timedelta(days=3)
REASONS = {
    "de": ("Rechnung 4711 lässt sich nicht drucken", "Der Import steht still", "Ich möchte den Druck nachstellen."),
    "en": ("Invoice 4711 cannot be printed", "The import stands still", "I would like to try the printing myself."),
    "es": ("La factura 4711 no se imprime", "La importación está parada", "Me gustaría probar la impresión."),
    "it": ("La fattura 4711 non si stampa", "L\u2019importazione è ferma", "Vorrei provare la stampa."),
}


def busy(language: str = "de") -> None:
    """Fill every tab of Acme's panel."""
    first, second, third = REASONS[language]
    factories.grant(DORA, at=MONDAY_NOON - timedelta(days=40))
    factories.login(DORA, at=MONDAY_NOON - timedelta(days=40), reason=first)
    factories.revoked(factories.grant("development", at=TO_DEVELOPMENT), at=TO_DEVELOPMENT + timedelta(minutes=25))
    factories.grant("support", period="permanent", may_export=True, at=MONDAY_NOON - timedelta(days=2))
    factories.grant(SVEN, period="2h")
    factories.login(SVEN, reason=second, ticket="T-4711")
    factories.requested(DORA, reason=third, period="4h", may_export=True)


def busy_at_the_desk(language: str = "de") -> None:
    """Fill every tab of Sven's desk."""
    first, second, third = REASONS[language]
    factories.grant(SVEN, period="2h")
    factories.grant("support", by=CARLA, period="permanent", may_export=True)
    factories.requested(SVEN, "globex", reason=first, at=MONDAY_NOON - timedelta(days=3))
    factories.declined(factories.requested(SVEN, reason=first, at=TO_DEVELOPMENT), note=third, at=TO_DEVELOPMENT)
    factories.requested(SVEN, "globex", reason=second, period="4h", may_export=True, mail=MailState.FAILED)
    over = factories.callback(starts_at=MONDAY_AT_TEN, description=first, at=TO_DEVELOPMENT)
    factories.closed(factories.taken(over, at=MONDAY_AT_TEN))
    factories.taken(factories.callback(CARLA, description=third, at=MONDAY_NOON - timedelta(minutes=12)), DORA)
    soon, before = MONDAY_NOON + timedelta(minutes=45), MONDAY_NOON - timedelta(hours=3)
    factories.callback(starts_at=soon, description=second, at=before)
    taken_for_another_day(language)


def taken_for_another_day(language: str) -> None:
    """Let Sven have taken a call of Wednesday, whose time the desk can no longer keep."""
    factories.tenant("initech", name="Initech Ltd", time_zone="America/New_York")
    user = CARLA.but(tenant_id="initech", sub="ines", name="Inés Ortega", locale=language)
    kept = factories.callback(
        user, TUESDAY_AT_TEN + timedelta(days=1), description=REASONS[language][0], at=TO_DEVELOPMENT
    )
    factories.taken(kept)
    call("PUT", "/v1/vendor/closures/2026-11-25", {"name": "Works outing"}, caller=BACKEND)


def live() -> list[dict[str, Any]]:
    """Return Acme's live grants, as Anna's API calls show them."""
    items: list[dict[str, Any]] = call("GET", "/v1/grants", query={"state": "live"}, caller=ANNA).body["items"]
    return items


def may_enter(agent: str = "sven") -> bool:
    """Call the check, as the vendor's product does."""
    order = {"tenant_id": "acme", "agent_id": agent, "action": "enter"}
    allowed: bool = call("POST", "/v1/vendor/checks", order, caller=BACKEND).body["allowed"]
    return allowed


@contextmanager
def at_acme(language: str, fill: Callable[[str], None] = busy, *, is_saturday: bool = False) -> Iterator[None]:
    """Set up the filled sample world on Monday, or on the Saturday after, without the fixtures of a test."""
    with table.on_moto(), time_machine.travel(MONDAY_NOON, tick=False) as clock:
        factories.sample_world()
        fill(language)
        if is_saturday:
            clock.move_to(SATURDAY_NOON)
        yield


def granted(panel_page: PanelPage[Any], locale: str) -> None:
    panel_page.opens(language=locale)
    panel_page.press("#department-development")
    panel_page.press("#give")
    expect(panel_page.panel.locator("[id^=revoke-]")).to_have_count(3)
    panel_page.page.locator("#give:not([aria-disabled])").wait_for()


def called_back(panel_page: PanelPage[Any], locale: str) -> None:
    factories.callback(starts_at=TUESDAY_AT_TEN, description=REASONS[locale[:2]][1])
    in_tab("callback")(panel_page, locale)


def checked(panel_page: PanelPage[Any], locale: str) -> None:
    in_tab("logins")(panel_page, locale)
    panel_page.press("#check")
    panel_page.page.locator("#check:not([aria-disabled])").wait_for()


def without_the_right(panel_page: PanelPage[Any], locale: str) -> None:
    panel_page.opens("ben", language=locale, hide_without_right="off")


def in_the_queue(panel_page: PanelPage[Any], locale: str) -> None:
    panel_page.opens("giulia", language=locale)
    panel_page.goes_to("callback")


def in_tab(tab: str) -> Callable[[PanelPage[Any], str], None]:
    def get_there(panel_page: PanelPage[Any], locale: str) -> None:
        panel_page.opens(language=locale)
        panel_page.goes_to(tab)
        if tab in ("grants", "logins"):
            panel_page.panel.locator(".rows > li").first.wait_for()

    return get_there


def locked(panel_page: PanelPage[Any], locale: str) -> None:
    in_tab("activation")(panel_page, locale)
    panel_page.press("#lock-now")
    panel_page.page.locator("#lift:not([aria-disabled])").wait_for()


VIEWS: dict[str, Callable[[PanelPage[Any], str], None]] = {
    **{tab: in_tab(tab) for tab in TABS},
    "granted": granted,
    "locked": locked,
    "called-back": called_back,
    "checked": checked,
    "no-right": without_the_right,
    "queue": in_the_queue,
    "closed": in_tab("callback"),
}
"""Steps to each view of the panel, by name. `closed` needs the Saturday."""


def entering(agent: Agent[Any]) -> None:
    agent.sees_everything("access")
    agent.press("#enter-acme")


def inside(agent: Agent[Any]) -> None:
    agent.page.locator("#reason-acme").fill("T-4711")
    agent.press("#go-acme")
    agent.page.locator("#leave-acme:not([aria-disabled])").wait_for()


def asking(agent: Agent[Any]) -> None:
    agent.sees_everything("requests")
    agent.page.locator("#tenant").fill("acme")
    agent.press("#find")
    agent.page.locator("#find:not([aria-disabled])").wait_for()


def taken(agent: Agent[Any]) -> None:
    agent.press("[id^=take-]")
    expect(agent.page.locator("[id^=reached-]:not([aria-disabled])")).to_have_count(2)


def handing(agent: Agent[Any]) -> None:
    agent.press("[id^=hand-] >> nth=0")
    agent.panel.locator("[id^=colleague-] option").first.wait_for(state="attached")


def moving(agent: Agent[Any]) -> None:
    agent.press("[id^=move-] >> nth=-1")
    agent.panel.locator(".time").first.wait_for()


AT_THE_DESK: dict[str, Callable[[Agent[Any]], None]] = {
    "access": lambda agent: agent.sees_everything("access"),
    "entering": entering,
    "inside": inside,
    "requests": lambda agent: agent.sees_everything("requests"),
    "asking": asking,
    "callbacks": lambda agent: agent.sees_everything("callbacks"),
    "taken": taken,
    "handing": handing,
    "moving": moving,
}
"""Steps to each view of the desk, by name; each continues from the view before."""
