"""axe-core in a page: the rules to check, the pages to check, and an assertion that nothing violates the rules."""

from typing import Any

from axe_playwright_python.base import AxeResults
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.rows_and_columns import IS_NIGHTLY

WCAG = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    }
}
MAIL = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
"""A mail is shown inside a program with its own landmarks, so the best practice for pages does not apply."""
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""All that the dark scheme changes."""
_SCRIPT = Axe().axe_script
_KINDS_OF_ELEMENTS = """() => {
  const names = (one) => [...one.attributes].map(({ name }) => name).sort();
  const kind = (one) => [one.tagName, one.className, one.getAttribute("style"), ...names(one)].join(" ");
  const path = (one) => (one === document.body ? "" : `${path(one.parentElement)} > ${kind(one)}`);
  return [...document.body.querySelectorAll("*")].map(path);
}"""


def has_new_elements(page: Page, seen: set[str]) -> bool:
    """Return whether the page has a kind of element, or one in a place, not seen before, and add it.

    Pages that consist of the same elements have the same violations, so axe runs once for each kind, and each night on
    every page.
    """
    kinds = {*page.evaluate(_KINDS_OF_ELEMENTS)}
    is_new = IS_NIGHTLY or not kinds <= seen
    seen |= kinds
    return is_new


def require_no_violation(page: Page, rules: dict[str, Any]) -> None:
    """Assert that axe finds no violation of the rules. The script, half a megabyte, is sent to a page once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    found = AxeResults(page.evaluate("rules => axe.run(rules)", rules | {"resultTypes": ["violations"]}))
    assert found.violations_count == 0, found.generate_report()
