"""Every state of the activation page, and the steps to it."""

from collections.abc import Callable

from guestkey import errors
from tests.browser.browser_page import BrowserPage
from tests.browser.site import (
    ANSWERED_AT,
    ENDS_AT,
    GRANT_ID,
    a_grant,
    a_request,
    breaks_after,
    breaks_before,
    refuses,
    unauthorized,
)

BY_GIULIA = {"answered_at": ANSWERED_AT, "answered_by": {"user_id": "giulia", "name": "Giulia Galli"}}
ANNA_SAID_YES = {
    "state": "approved",
    "answered_at": ANSWERED_AT,
    "answered_by": {"user_id": "anna", "name": "Anna Albrecht"},
    "grant_id": GRANT_ID,
}


def signing_in(browser_page: BrowserPage) -> None:
    browser_page.open()


def cancelled(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.sign_in("cancel")


def failed(browser_page: BrowserPage) -> None:
    browser_page.open(f"{browser_page.site.url}/activate?code=stolen&state=forged")


def unreachable(browser_page: BrowserPage) -> None:
    browser_page.open()
    browser_page.page.route("**/.well-known/openid-configuration", lambda route: route.abort())
    browser_page.press("button.primary")


def session_over(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", unauthorized)
    browser_page.open_as()
    browser_page.press("button.primary")


def incomplete(browser_page: BrowserPage) -> None:
    browser_page.open(f"{browser_page.site.url}/activate#01M8EX")


def requests(browser_page: BrowserPage) -> None:
    other = {"id": "dora", "name": "Dora Vogel"}
    browser_page.site.api.later = [a_request(request_id="01M8EXAMP1E0REQVEST0000002", agent=other, reason="<b>Import")]
    browser_page.open(f"{browser_page.site.url}/activate/")
    browser_page.sees("incomplete")
    browser_page.sign_in()


def no_requests(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"state": "withdrawn"}
    browser_page.open(f"{browser_page.site.url}/activate#01M8EX")
    browser_page.sign_in()


def chosen(browser_page: BrowserPage) -> None:
    requests(browser_page)
    browser_page.sees("requests")
    browser_page.press(".requests li:last-child button")


def pending(browser_page: BrowserPage) -> None:
    browser_page.open_as()


def pending_again(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", breaks_before)
    browser_page.open_as()
    browser_page.press("button.primary")
    browser_page.sees("unsure")
    browser_page.press("button.primary")


def pending_without_export(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"may_export": False, "period": "permanent"}
    browser_page.open_as()


def declining(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.press(".buttons button:nth-child(2)")


def declining_in_vain(browser_page: BrowserPage) -> None:
    declining(browser_page)
    browser_page.page.locator("#note").fill("Bitte \u202erufen Sie an")
    browser_page.press("button.primary")
    browser_page.page.locator("#note-invalid").wait_for()


def declined_now(browser_page: BrowserPage) -> None:
    declining(browser_page)
    browser_page.page.locator("#note").fill("Bitte rufen Sie mich vorher an.")
    browser_page.press("button.primary")


def granted(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.press("button.primary")


def granted_until_midnight(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.page.locator("#period").select_option("today")
    browser_page.press("button.primary")


def pending_for_good(browser_page: BrowserPage) -> None:
    browser_page.open_as()
    browser_page.page.locator("#period").select_option("permanent")
    browser_page.page.locator("#may-export").check()


def granted_for_good(browser_page: BrowserPage) -> None:
    pending_for_good(browser_page)
    browser_page.press("button.primary")


def ending(browser_page: BrowserPage) -> None:
    granted(browser_page)
    browser_page.sees("granted")
    browser_page.press(".buttons button")


def over(browser_page: BrowserPage) -> None:
    ending(browser_page)
    browser_page.sees("ending")
    browser_page.press("button.primary")


def approved(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= ANNA_SAID_YES
    browser_page.site.api.grant = a_grant()
    browser_page.open_as()


def approved_and_revoked(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= ANNA_SAID_YES
    browser_page.site.api.grant = a_grant(state="revoked", revoked_at="2026-11-23T14:05:00Z")
    browser_page.open_as()


def approved_and_ended(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= ANNA_SAID_YES | BY_GIULIA
    browser_page.site.api.grant = a_grant(state="ended", ends_at=ENDS_AT["4h"])
    browser_page.open_as()


def declined(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"state": "declined", "note": "Bitte rufen Sie mich vorher an."} | BY_GIULIA
    browser_page.open_as()


def withdrawn(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"state": "withdrawn"}
    browser_page.open_as()


def expired(browser_page: BrowserPage) -> None:
    browser_page.site.api.request |= {"state": "expired"}
    browser_page.open_as()


def no_right(browser_page: BrowserPage) -> None:
    browser_page.open_as("ben")


def unknown(browser_page: BrowserPage) -> None:
    browser_page.open_as("carla")


def acting(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail(f"GET {browser_page.site.api.request['request_id']}", refuses(errors.ActingForAnother()))
    browser_page.open_as()


def full(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", refuses(errors.TooManyGrants()))
    browser_page.open_as()
    browser_page.press("button.primary")


def barred(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", refuses(errors.LockedDown()))
    browser_page.open_as()
    browser_page.press("button.primary")


def trouble(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("GET about", refuses(errors.Busy(retry_after=1)))
    browser_page.open_as()


def unsure(browser_page: BrowserPage) -> None:
    browser_page.site.api.fail("POST approve", breaks_after)
    browser_page.open_as()
    browser_page.press("button.primary")


def grant_signing_in(browser_page: BrowserPage) -> None:
    browser_page.open(browser_page.site.grant_link)


def grant_live(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant()
    browser_page.open_as("anna", browser_page.site.grant_link)


def grant_for_good(browser_page: BrowserPage) -> None:
    department = {"type": "department", "id": "support", "name": "Support"}
    browser_page.site.api.grant = a_grant(grantee=department, period="permanent", ends_at=None, may_export=True)
    browser_page.open_as("anna", browser_page.site.grant_link)


def grant_ending(browser_page: BrowserPage) -> None:
    grant_live(browser_page)
    browser_page.sees("grant-live")
    browser_page.press(".buttons button")


def grant_over(browser_page: BrowserPage) -> None:
    grant_ending(browser_page)
    browser_page.sees("grant-ending")
    browser_page.press("button.primary")


def grant_ended(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant(state="ended")
    browser_page.open_as("anna", browser_page.site.grant_link)


def grant_unknown(browser_page: BrowserPage) -> None:
    browser_page.site.api.grant = a_grant()
    browser_page.open_as("carla", browser_page.site.grant_link)


STATES: dict[str, tuple[str, Callable[[BrowserPage], None]]] = {
    "sign-in": ("sign-in", signing_in),
    "cancelled": ("not-signed-in-cancelled", cancelled),
    "failed": ("not-signed-in-failed", failed),
    "unreachable": ("not-signed-in-unreachable", unreachable),
    "session-over": ("not-signed-in-over", session_over),
    "incomplete": ("incomplete", incomplete),
    "requests": ("requests", requests),
    "no-requests": ("requests-none", no_requests),
    "chosen": ("pending", chosen),
    "pending": ("pending", pending),
    "pending-again": ("pending", pending_again),
    "pending-without-export": ("pending", pending_without_export),
    "pending-for-good": ("pending", pending_for_good),
    "declining": ("declining", declining),
    "declining-in-vain": ("declining", declining_in_vain),
    "declined-now": ("declined", declined_now),
    "granted": ("granted", granted),
    "granted-for-good": ("granted", granted_for_good),
    "granted-until-midnight": ("granted", granted_until_midnight),
    "ending": ("ending", ending),
    "over": ("over", over),
    "approved": ("approved-live", approved),
    "approved-and-revoked": ("approved-revoked", approved_and_revoked),
    "approved-and-ended": ("approved-ended", approved_and_ended),
    "declined": ("declined", declined),
    "withdrawn": ("withdrawn", withdrawn),
    "expired": ("expired", expired),
    "no-right": ("no-right", no_right),
    "unknown": ("unknown", unknown),
    "acting": ("unfit", acting),
    "full": ("full", full),
    "barred": ("barred", barred),
    "trouble": ("trouble", trouble),
    "unsure": ("unsure", unsure),
    "grant-sign-in": ("sign-in", grant_signing_in),
    "grant-live": ("grant-live", grant_live),
    "grant-for-good": ("grant-live", grant_for_good),
    "grant-ending": ("grant-ending", grant_ending),
    "grant-over": ("grant-over", grant_over),
    "grant-ended": ("grant-over", grant_ended),
    "grant-unknown": ("grant-unknown", grant_unknown),
}
"""The `data-state` of each state and the steps to it, by name."""
TOUCHED = {"pending-for-good": "#may-export", "declining-in-vain": "#note"}
"""States whose focus is not on the heading: on the last control used, or on the field to correct."""


def reach(browser_page: BrowserPage, name: str) -> None:
    """Bring the page into a state, and assert that it is shown."""
    state, get_there = STATES[name]
    get_there(browser_page)
    browser_page.sees(state, focus=TOUCHED.get(name, "h1"))
