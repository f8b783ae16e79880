"""Take pictures of the pages and mails for docs: `make screenshots`, or others by pattern:

    python -m tests.browser.screenshots FOLDER 'activate-pending.*' 'mail-*.it.*'

A name consists of the view, the language, the window's width and the colour scheme.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

from guestkey.edge.mail import compose
from tests.browser import chromium, scenarios
from tests.browser import product as products
from tests.browser.agents import at_desk
from tests.browser.browser_page import SCHEMES, Scheme, visiting
from tests.browser.panel_page import TABS, at_work
from tests.browser.site import Site, opened
from tests.browser.states import STATES, reach
from tests.edge import samples

LOCALES = {"de": "de-DE", "en": "en-GB", "es": "es-ES", "it": "it-IT"}
REASONS = {
    "de": "Rechnung 4711 lässt sich nicht drucken. Ich möchte den Druck unter Ihrem Konto nachstellen.",
    "en": "Invoice 4711 cannot be printed. I would like to try it from your account.",
    "es": "La factura 4711 no se puede imprimir. Me gustaría probarlo desde su cuenta.",
    "it": "La fattura 4711 non si può stampare. Vorrei provarlo dal Suo account.",
}
CALLS: dict[str, dict[str, Any]] = {
    "de": {"topic": "Beratung", "description": "Wie drucken wir Rechnungen mit zwei Adressen?"},
    "en": {"topic": "Consultation", "description": "How do we print invoices with two addresses?"},
    "es": {"topic": "Asesoramiento", "description": "¿Cómo imprimimos facturas con dos direcciones?"},
    "it": {"topic": "Consulenza", "description": "Come stampiamo fatture con due indirizzi?"},
}
PAGE_WIDTHS, MAIL_WIDTHS = (800, 320), (600, 320)
HEIGHT = 200
"""The height of the smallest picture: each grows with its content."""
WHOLE = "one => { const dialog = one.closest('dialog'); if (dialog) dialog.style.height = 'auto'; }"
"""A dialog has one height and scrolls; its picture shows all of it."""
COLOURS = 64
"""Enough for letters with soft edges on a few grounds. The files are a third as large as a browser writes them."""
MAILS_KEPT = ("activation", "granted", "support_in", "callback_booked", "callback_moved")
KEPT = (
    "activate-*.de.800.light",
    *(
        f"activate-{state}.{how}"
        for state in ("sign-in", "pending", "granted", "approved", "expired", "no-right", "unknown")
        for how in ("en.800.light", "en.800.dark")
    ),
    *(f"activate-{state}.{language}.800.light" for state in ("pending", "granted") for language in ("es", "it")),
    "activate-pending.de.320.*",
    *(f"panel-{tab}.{language}.800.*" for tab in TABS for language in ("de", "en", "es")),
    *(f"panel-{view}.de.800.light" for view in ("granted", "locked", "called-back", "checked", "no-right", "closed")),
    "panel-queue.it.800.light",
    *(
        f"badge-{view}.{how}"
        for view in ("inside", "locked")
        for how in ("de.800.light", "en.800.dark", "es.320.light")
    ),
    "panel-activation.de.320.light",
    "panel-callback.de.320.dark",
    *(
        f"desk-{view}.{language}.800.*"
        for view in ("access", "requests", "callbacks")
        for language in ("de", "en", "es")
    ),
    *(f"desk-{view}.de.800.light" for view in ("entering", "inside", "asking", "taken", "moving")),
    "desk-callbacks.de.320.dark",
    *(f"mail-{kind}.{language}.*" for kind in MAILS_KEPT for language in ("de", "en")),
)
"""The pictures in docs/screenshots."""


@dataclass(frozen=True)
class Camera:
    """The pictures to take, and their folder."""

    folder: Path
    wanted: tuple[str, ...]

    def wants(self, what: str, language: str, widths: tuple[int, ...]) -> list[tuple[str, int, Scheme]]:
        """Return name, width and scheme of each picture to take of a view."""
        names = [(f"{what}.{language}.{width}.{scheme}", width, scheme) for width, scheme in product(widths, SCHEMES)]
        return [taken for taken in names if any(fnmatch(taken[0], pattern) for pattern in self.wanted)]

    def take(
        self,
        page: Page,
        wanted: list[tuple[str, int, Scheme]],
        *,
        of: Locator | None = None,
        only: Locator | None = None,
    ) -> None:
        """Take the pictures of a whole page, of the content of `of` with a margin, or of the element `only`."""
        page.mouse.move(0, 0)
        for name, width, scheme in wanted:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            page.emulate_media(color_scheme=scheme)
            if of:
                of.evaluate(WHOLE)
                height = int(of.evaluate("one => one.scrollHeight"))
                page.set_viewport_size({"width": width, "height": int(height * 1.12) + 20})
            picture = only.screenshot() if only else page.screenshot(full_page=of is None)
            taken = Image.open(BytesIO(picture)).convert("RGB")
            taken.quantize(COLOURS, dither=Image.Dither.NONE).save(self.folder / f"{name}.png", optimize=True)
            print(self.folder / f"{name}.png")


def pages(camera: Camera, browser: Browser, site: Site) -> None:
    """Take pictures of the page in each state."""
    for state, (language, locale) in product(STATES, LOCALES.items()):
        if wanted := camera.wants(f"activate-{state}", language, PAGE_WIDTHS):
            site.api.reset()
            site.api.locale = locale
            site.api.request["reason"] = REASONS[language]
            with visiting(browser, site, locale=locale) as browser_page:
                reach(browser_page, state)
                camera.take(browser_page.page, wanted)


def panels(camera: Camera, browser: Browser, folder: Path) -> None:
    """Take pictures of the panel, as high as its content."""
    with products.opened(folder) as place:
        for (view, get_there), (language, locale) in product(scenarios.VIEWS.items(), LOCALES.items()):
            if wanted := camera.wants(f"panel-{view}", language, PAGE_WIDTHS):
                with (
                    scenarios.at_acme(language, is_saturday=view == "closed"),
                    at_work(browser, place, locale=locale) as panel_page,
                ):
                    get_there(panel_page, locale)
                    camera.take(panel_page.page, wanted, of=panel_page.panel)


def badges(camera: Camera, browser: Browser, folder: Path) -> None:
    """Take pictures of the badge, with an agent in the account and after the account was locked."""
    with products.opened(folder) as place:
        for language, locale in LOCALES.items():
            wanted = {view: camera.wants(f"badge-{view}", language, PAGE_WIDTHS) for view in ("inside", "locked")}
            if not any(wanted.values()):
                continue
            with scenarios.at_acme(language), at_work(browser, place, locale=locale) as panel_page:
                panel_page.visits("anna", badge="", language=locale, time_zone="Europe/Berlin")
                badge = panel_page.page.locator("guestkey-badge")
                badge.locator("button").first.wait_for()
                camera.take(panel_page.page, wanted["inside"], only=badge)
                badge.locator(".guestkey-surface > button").press("Enter")
                badge.locator("button").first.wait_for(state="detached")
                camera.take(panel_page.page, wanted["locked"], only=badge)


def desks(camera: Camera, browser: Browser, folder: Path) -> None:
    """Take pictures of the desk, view by view."""
    with products.opened(folder) as place:
        for language, locale in LOCALES.items():
            wanted = {view: camera.wants(f"desk-{view}", language, PAGE_WIDTHS) for view in scenarios.AT_THE_DESK}
            if not any(wanted.values()):
                continue
            with (
                scenarios.at_acme(language, scenarios.busy_at_the_desk),
                at_desk(browser, place, locale=locale) as agent,
            ):
                agent.opens(language=locale)
                for view, get_there in scenarios.AT_THE_DESK.items():
                    get_there(agent)
                    camera.take(agent.page, wanted[view], only=agent.panel)
                    agent.page.set_viewport_size({"width": 800, "height": 1000})


def mails(camera: Camera, browser: Browser) -> None:
    """Take pictures of the mails' HTML part."""
    page = browser.new_page()
    for language, reason in REASONS.items():
        facts_of_kinds = samples.every_kind() | {
            compose.Kind.ACTIVATION: samples.asked(reason=reason),
            compose.Kind.SUPPORT_IN: samples.of_login(reason=reason),
            compose.Kind.CALLBACK_BOOKED: samples.of_callback(**CALLS[language]),
            compose.Kind.CALLBACK_MOVED: samples.of_callback(
                samples.WEDNESDAY_AT_FOUR, samples.TUESDAY_AT_TEN, version=1, **CALLS[language]
            ),
        }
        for kind, facts in facts_of_kinds.items():
            if wanted := camera.wants(f"mail-{kind}", language, MAIL_WIDTHS):
                page.set_content(compose.write(kind, language, facts).html)
                camera.take(page, wanted)


@contextmanager
def ready() -> Iterator[tuple[Browser, Site]]:
    path = chromium.found()
    if path is None:
        sys.exit("guestkey: there is no Chromium here")
    with opened(Path(tempfile.mkdtemp())) as site, chromium.opened(path) as browser:
        yield browser, site


def main(folder: Path, *wanted: str) -> None:
    """Take the pictures that match the patterns; without patterns, replace the pictures in docs."""
    folder.mkdir(parents=True, exist_ok=True)
    if not wanted:
        for old in folder.glob("*.png"):
            old.unlink()
    camera = Camera(folder, wanted or KEPT)
    with ready() as (browser, site):
        pages(camera, browser, site)
        mails(camera, browser)
        panels(camera, browser, Path(tempfile.mkdtemp()))
        badges(camera, browser, Path(tempfile.mkdtemp()))
        desks(camera, browser, Path(tempfile.mkdtemp()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
