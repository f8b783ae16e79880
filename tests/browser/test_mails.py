"""The mails' HTML part in a browser: in a wide and a narrow window, in both colour schemes."""

import pytest
from playwright.sync_api import Browser

from guestkey.edge.mail import compose, i18n
from tests.browser.axe import COLOURS, MAIL, has_new_elements, require_no_violation
from tests.browser.browser_page import is_wider_than_the_window
from tests.edge import samples


@pytest.mark.parametrize("kind", compose.Kind)
def test_every_mail_is_accessible(browser: Browser, elements_seen: set[str], kind: compose.Kind) -> None:
    facts = samples.every_kind()[kind]
    with browser.new_context() as context:
        page = context.new_page()
        for language in i18n.LANGUAGES:
            page.set_content(compose.write(kind, language, facts).html)
            page.set_viewport_size({"width": 320, "height": 640})
            assert not is_wider_than_the_window(page)
        page.set_viewport_size({"width": 600, "height": 640})
        if has_new_elements(page, elements_seen):
            page.emulate_media(color_scheme="light")
            require_no_violation(page, MAIL)
            page.emulate_media(color_scheme="dark")
            require_no_violation(page, COLOURS)
