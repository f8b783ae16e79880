"""Every state the page can stand in, and how somebody gets there."""

from collections.abc import Callable

from guestkey import errors
from tests.browser.site import (
    ANSWERED_AT,
    ENDS_AT,
    GRANT_ID,
    a_grant,
    breaks_after,
    breaks_before,
    refuses,
    unauthorized,
)
from tests.browser.visitor import Visitor

BY_GIULIA = {"answered_at": ANSWERED_AT, "answered_by": {"user_id": "giulia", "name": "Giulia Galli"}}
ANNA_SAID_YES = {
    "state": "approved",
    "answered_at": ANSWERED_AT,
    "answered_by": {"user_id": "anna", "name": "Anna Albrecht"},
    "grant_id": GRANT_ID,
}


def signing_in(visitor: Visitor) -> None:
    visitor.open()


def cancelled(visitor: Visitor) -> None:
    visitor.open()
    visitor.sign_in("cancel")


def failed(visitor: Visitor) -> None:
    visitor.open(f"{visitor.site.url}/activate?code=stolen&state=forged")


def unreachable(visitor: Visitor) -> None:
    visitor.open()
    visitor.page.route("**/.well-known/openid-configuration", lambda route: route.abort())
    visitor.press("button.primary")


def session_over(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", unauthorized)
    visitor.come_as()
    visitor.press("button.primary")


def incomplete(visitor: Visitor) -> None:
    visitor.open(f"{visitor.site.url}/activate#01M8EX")


def pending(visitor: Visitor) -> None:
    visitor.come_as()


def pending_again(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", breaks_before)
    visitor.come_as()
    visitor.press("button.primary")
    visitor.sees("unsure")
    visitor.press("button.primary")


def pending_without_export(visitor: Visitor) -> None:
    visitor.site.api.request |= {"may_export": False, "period": "permanent"}
    visitor.come_as()


def declining(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.press(".buttons button:nth-child(2)")


def declining_in_vain(visitor: Visitor) -> None:
    declining(visitor)
    visitor.page.locator("#note").fill("Bitte \u202erufen Sie an")
    visitor.press("button.primary")
    visitor.page.locator("#note-invalid").wait_for()


def declined_now(visitor: Visitor) -> None:
    declining(visitor)
    visitor.page.locator("#note").fill("Bitte rufen Sie mich vorher an.")
    visitor.press("button.primary")


def granted(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.press("button.primary")


def granted_until_midnight(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.page.locator("#period").select_option("today")
    visitor.press("button.primary")


def pending_for_good(visitor: Visitor) -> None:
    visitor.come_as()
    visitor.page.locator("#period").select_option("permanent")
    visitor.page.locator("#may-export").check()


def granted_for_good(visitor: Visitor) -> None:
    pending_for_good(visitor)
    visitor.press("button.primary")


def ending(visitor: Visitor) -> None:
    granted(visitor)
    visitor.sees("granted")
    visitor.press(".buttons button")


def over(visitor: Visitor) -> None:
    ending(visitor)
    visitor.sees("ending")
    visitor.press("button.primary")


def approved(visitor: Visitor) -> None:
    visitor.site.api.request |= ANNA_SAID_YES
    visitor.site.api.grant = a_grant()
    visitor.come_as()


def approved_and_revoked(visitor: Visitor) -> None:
    visitor.site.api.request |= ANNA_SAID_YES
    visitor.site.api.grant = a_grant(state="revoked", revoked_at="2026-11-23T14:05:00Z")
    visitor.come_as()


def approved_and_ended(visitor: Visitor) -> None:
    visitor.site.api.request |= ANNA_SAID_YES | BY_GIULIA
    visitor.site.api.grant = a_grant(state="ended", ends_at=ENDS_AT["4h"])
    visitor.come_as()


def declined(visitor: Visitor) -> None:
    visitor.site.api.request |= {"state": "declined", "note": "Bitte rufen Sie mich vorher an."} | BY_GIULIA
    visitor.come_as()


def withdrawn(visitor: Visitor) -> None:
    visitor.site.api.request |= {"state": "withdrawn"}
    visitor.come_as()


def expired(visitor: Visitor) -> None:
    visitor.site.api.request |= {"state": "expired"}
    visitor.come_as()


def no_right(visitor: Visitor) -> None:
    visitor.come_as("ben")


def unknown(visitor: Visitor) -> None:
    visitor.come_as("carla")


def acting(visitor: Visitor) -> None:
    visitor.site.api.fail(f"GET {visitor.site.api.request['request_id']}", refuses(errors.ActingForAnother()))
    visitor.come_as()


def agent_gone(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", refuses(errors.GranteeUnknown()))
    visitor.come_as()
    visitor.press("button.primary")


def full(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", refuses(errors.TooManyGrants()))
    visitor.come_as()
    visitor.press("button.primary")


def trouble(visitor: Visitor) -> None:
    visitor.site.api.fail("GET about", refuses(errors.Busy(retry_after=1)))
    visitor.come_as()


def unsure(visitor: Visitor) -> None:
    visitor.site.api.fail("POST approve", breaks_after)
    visitor.come_as()
    visitor.press("button.primary")


STATES: dict[str, tuple[str, Callable[[Visitor], None]]] = {
    "sign-in": ("sign-in", signing_in),
    "cancelled": ("not-signed-in-cancelled", cancelled),
    "failed": ("not-signed-in-failed", failed),
    "unreachable": ("not-signed-in-unreachable", unreachable),
    "session-over": ("not-signed-in-over", session_over),
    "incomplete": ("incomplete", incomplete),
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
    "agent-gone": ("gone", agent_gone),
    "full": ("full", full),
    "trouble": ("trouble", trouble),
    "unsure": ("unsure", unsure),
}
"""What `main` says it is, and how to get there, by a name of the tests' own."""
TOUCHED = {"pending-for-good": "#may-export", "declining-in-vain": "#note"}
"""Where the focus is not on the heading: on what was used last, or on what has to be mended."""


def reach(visitor: Visitor, name: str) -> None:
    """Bring the page into that state, and see that it stands in it."""
    state, get_there = STATES[name]
    get_there(visitor)
    visitor.sees(state, focus=TOUCHED.get(name, "h1"))
