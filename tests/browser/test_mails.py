"""The mails' HTML part in a browser: in a wide and a narrow window, in both colour schemes."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from guestkey.edge.mail import compose, i18n
from tests.browser.browser_page import COLOURS, is_wider_than_the_window
from tests.edge import samples

# A mail is shown inside a program with its own landmarks, so the best practice for pages does not apply.
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.mark.parametrize("kind", compose.Kind)
def test_every_mail_is_accessible(browser: Browser, kind: compose.Kind) -> None:
    facts = samples.every_kind()[kind]
    with browser.new_context() as context:
        page = context.new_page()
        for language in i18n.LANGUAGES:
            page.set_content(compose.write(kind, language, facts).html)
            page.set_viewport_size({"width": 320, "height": 640})
            assert not is_wider_than_the_window(page)
        page.set_viewport_size({"width": 600, "height": 640})
        page.emulate_media(color_scheme="light")
        in_light = Axe().run(page, options=WCAG)
        page.emulate_media(color_scheme="dark")
        in_dark = Axe().run(page, options=COLOURS)

    for found in (in_light, in_dark):
        assert found.violations_count == 0, found.generate_report()
