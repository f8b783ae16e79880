"""Pictures of the page in each state: `python -m tests.browser.screenshots FOLDER [STATE ...]`, to be looked at."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.chromium import NAMES, SWITCHES
from tests.browser.site import opened
from tests.browser.states import STATES
from tests.browser.visitor import Scheme, visiting

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WINDOW = {"width": 800, "height": 600}


def main(folder: Path, *wanted: str, languages: tuple[str, ...] = ("de-DE", "en-GB")) -> None:
    """Take a picture of each state, in each language, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    chromium = next(filter(None, map(shutil.which, NAMES)))
    with (
        opened(Path(tempfile.mkdtemp())) as site,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=SWITCHES) as browser,
    ):
        for language in languages:
            for name in wanted or STATES:
                site.api.reset()
                site.api.locale = language
                state, get_there = STATES[name]
                with visiting(browser, site, locale=language, viewport=WINDOW) as visitor:
                    get_there(visitor)
                    visitor.sees(state) if name != "declining-in-vain" else None
                    for scheme in SCHEMES:
                        visitor.page.emulate_media(color_scheme=scheme)
                        picture = folder / f"{name}.{language[:2]}.{scheme}.png"
                        visitor.page.screenshot(path=picture, full_page=True)
                        print(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
