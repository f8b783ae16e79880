"""The notices of the panel after a change, and where they stand; and presses on controls that moved meanwhile."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, Route, expect

from tests import factories
from tests.browser import panel_page as panel_pages
from tests.browser.browser_page import AS_SERVED, hold
from tests.browser.panel_page import at_work
from tests.browser.product import Product
from tests.browser.scenarios import live, may_enter
from tests.calls import call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, DORA, GIULIA, SVEN
from tests.rows_and_columns import probes

PanelPage = panel_pages.PanelPage[Product]
SUPPORT = {"grantee": {"type": "department", "id": "support"}, "period": "permanent"}
YEAR = timedelta(days=365)
SIZES = [(1280, 720), (390, 664)]


def does(panel_page: PanelPage, action: str) -> None:
    """Press the button of an action in the first row of notices."""
    panel_page.panel.locator(".notices button", has_text=panel_pages.loosely(action)).click()


def is_in_sight(panel_page: PanelPage, notice: Locator) -> bool:
    """Say whether a notice lies inside the visible part of the dialog."""
    inner, outer, window = notice.bounding_box(), panel_page.frame.bounding_box(), panel_page.page.viewport_size
    assert inner and outer and window
    top, bottom = outer["y"], min(outer["y"] + outer["height"], window["height"])
    return top <= inner["y"] and inner["y"] + inner["height"] <= bottom


@pytest.fixture
def guarded(browser: Browser, product: Product) -> Iterator[PanelPage]:
    """A user whose presses are guarded, as everywhere outside of the tests."""
    with at_work(browser, product, settling=AS_SERVED) as somebody:
        yield somebody


# ------------------------------------------------------------------ notices


@pytest.mark.parametrize("size", probes(SIZES[-1], rest=SIZES[:-1]), ids=str)
def test_after_each_change_the_notice_is_in_sight(panel_page: PanelPage, size: tuple[int, int]) -> None:
    approved, declined = factories.requested(), factories.requested()
    panel_page.page.set_viewport_size({"width": size[0], "height": size[1]})
    panel_page.opens()
    for selector, text in [
        (f"#approve-{approved.request_id}", "Sven Brandt hat jetzt Zugang bis"),
        (f"#decline-{declined.request_id}", "Die Anfrage von Sven Brandt · sven ist abgelehnt."),
    ]:
        panel_page.press(selector)
        panel_page.expects_status(text)
        assert is_in_sight(panel_page, panel_page.panel.locator(".said p")), selector
    panel_page.press("#department-support")
    panel_page.press("#give")
    panel_page.expects_status("Support hat jetzt Zugang bis")
    assert is_in_sight(panel_page, panel_page.panel.locator(".said p"))
    panel_page.press(f"#revoke-{live()[0]['grant_id']}")
    panel_page.expects_status("hat keinen Zugang mehr")
    assert is_in_sight(panel_page, panel_page.panel.locator(".said p"))


def test_a_grant_can_be_undone_at_once_and_the_form_is_empty(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.press("#agent-sven")
    panel_page.page.locator("#period-give").select_option("1mo")
    panel_page.page.locator("#export-give").check()
    panel_page.press("#give")
    panel_page.expects_status("Sven Brandt hat jetzt Zugang bis")
    assert may_enter()
    expect(panel_page.page.locator("#agent-sven")).not_to_be_checked()
    expect(panel_page.page.locator("#period-give")).to_have_value("1h")
    expect(panel_page.page.locator("#export-give")).not_to_be_checked()
    does(panel_page, "Rückgängig machen")
    panel_page.expects_status("Sven Brandt hat keinen Zugang mehr.")

    assert not may_enter()


def test_who_has_access_already_is_given_more_only_when_confirmed(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    panel_page.opens()
    panel_page.reads("Bis 23.11.2026, 14:00 Uhr")
    panel_page.press("#agent-sven")
    panel_page.press("#give")
    panel_page.expects_status("Sven Brandt hat schon Zugang bis 23.11.2026, 14:00 Uhr.")
    assert len(live()) == 1
    does(panel_page, "Trotzdem erlauben")
    panel_page.expects_status("Sven Brandt hat jetzt Zugang bis")

    assert len(live()) == 2


def test_an_error_is_marked_and_read_out_and_stands_at_its_field(panel_page: PanelPage) -> None:
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.page.locator("#description").fill("Der Import steht still")
    panel_page.page.locator("#phone").fill("12")
    panel_page.press("#book")
    expect(panel_page.panel.locator(".said .error")).to_have_text("Bitte prüfen Sie die Telefonnummer.")

    expect(panel_page.page.locator("#phone-error")).to_have_text("Bitte prüfen Sie die Telefonnummer.")
    expect(panel_page.page.locator("#phone")).to_have_attribute("aria-describedby", "phone-hint phone-error")
    panel_page.page.locator("#phone").fill("+49 241 44686122")
    panel_page.press("#book")
    panel_page.expects_status("Der Rückruf ist vereinbart.")


# ------------------------------------------------------------------ people inside, and getting everybody out


def test_revoking_says_through_what_somebody_still_comes_in(panel_page: PanelPage) -> None:
    own = factories.grant(SVEN)
    call("POST", "/v1/grants", SUPPORT, caller=ANNA)
    call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "Import"}, caller=SVEN)
    panel_page.opens()
    panel_page.reads("Sven Brandt · sven ist in Ihrem Konto, seit 23.11.2026, 13:00 Uhr.")
    panel_page.press(f"#revoke-{own.grant_id}")
    panel_page.expects_status("Sven Brandt kommt weiter herein durch: Support, Unbefristet. Auch widerrufen?")
    assert may_enter()
    does(panel_page, "Auch widerrufen")
    panel_page.expects_status("Support hat keinen Zugang mehr.")

    assert not may_enter()
    assert "ist in Ihrem Konto" not in panel_page.text


def test_all_grants_of_one_person_are_one_row_with_one_button(panel_page: PanelPage) -> None:
    for _ in range(3):
        factories.grant(SVEN)
    panel_page.opens()
    rows = panel_page.panel.locator(".rows > li")
    expect(rows).to_have_count(1)
    rows.get_by_role("button", name="Sven Brandt").click()
    panel_page.expects_status("Sven Brandt hat keinen Zugang mehr.")

    assert live() == []


def test_two_people_of_one_name_who_ask_and_who_are_in_are_told_apart_by_their_ids(panel_page: PanelPage) -> None:
    factories.agent("sven-2", "support", name="Sven Brandt")
    both = (SVEN, SVEN.but(sub="sven-2"))
    for who in both:
        factories.requested(who)
        factories.grant(who)
        factories.login(who)
    panel_page.opens()
    rows = panel_page.panel.locator(".rows > li")
    expect(rows).to_have_count(2)
    for who in both:
        panel_page.reads(f"Sven Brandt · {who.id} bittet um Zugang")
        panel_page.reads(f"Sven Brandt · {who.id} ist in Ihrem Konto")
        label = panel_pages.loosely(f"Zugang von Sven Brandt · {who.id} widerrufen")
        expect(rows.get_by_role("button", name=label)).to_have_count(1)


def test_all_access_is_revoked_with_two_presses(panel_page: PanelPage) -> None:
    factories.grant(SVEN)
    call("POST", "/v1/grants", SUPPORT, caller=ANNA)
    panel_page.opens()
    panel_page.press("#end-all")
    panel_page.expects_status("Wirklich alle 2 Zugänge widerrufen?")
    assert len(live()) == 2
    does(panel_page, "Ja, alle widerrufen")
    panel_page.expects_status("Vom Support hat niemand mehr Zugang.")

    assert live() == []


def test_a_grant_whose_review_is_due_comes_first_and_is_kept_or_revoked(panel_page: PanelPage) -> None:
    kept, revoked = (factories.grant(who, period="permanent", at=MONDAY_NOON - YEAR) for who in ("support", SVEN))
    factories.grant(DORA, period="permanent")
    panel_page.opens()
    rows, badge = panel_page.panel.locator(".rows > li"), ".badge.due"
    expect(rows).to_have_count(3)
    expect(rows.locator(badge)).to_have_text(["Bitte prüfen: besteht seit mehr als 180 Tagen"] * 2)
    expect(rows.last).to_contain_text("Dora")
    expect(rows.last.get_by_role("button", name="Behalten")).to_have_count(0)
    panel_page.press(f"#keep-{kept.grant_id}")
    panel_page.expects_status("Der Zugang von Support bleibt, bis Sie ihn widerrufen.")
    expect(rows.locator(badge)).to_have_count(1)
    expect(rows.first).to_contain_text("Sven Brandt")
    expect(rows.first.locator(badge)).to_be_visible()
    panel_page.press(f"#revoke-{revoked.grant_id}")
    expect(rows.locator(badge)).to_have_count(0)

    assert factories.what_happened()[-2:] == ["grant.kept", "grant.revoked"]
    assert [grant["review_due"] for grant in live()] == [False, False]


# ------------------------------------------------------------------ what arrives meanwhile


@pytest.mark.parametrize("seconds", probes(1.5, rest=[3]))
def test_requests_that_arrive_late_move_nothing(guarded: PanelPage, seconds: float) -> None:
    request = factories.requested()
    held: list[Route] = []
    guarded.page.route("**/v1/requests?*", partial(hold, held))
    guarded.opens()
    guarded.page.wait_for_timeout(seconds * 1000)
    before = guarded.page.locator("#give").bounding_box()
    held[0].continue_()
    arrived = guarded.panel.locator(".arrived", has_text=panel_pages.loosely("Neue Anfragen: 1"))
    expect(arrived).to_be_visible()
    assert guarded.page.locator("#give").bounding_box() == before
    guarded.page.wait_for_timeout(600)
    arrived.get_by_role("button").click()

    expect(guarded.page.locator(f"#approve-{request.request_id}")).to_be_visible()
    expect(guarded.panel.locator(".arrived p")).to_have_count(0)


def test_a_request_that_somebody_else_answered_says_so_in_its_place(panel_page: PanelPage) -> None:
    request = factories.requested()
    panel_page.opens()
    expect(panel_page.page.locator(f"#approve-{request.request_id}")).to_be_visible()
    before = panel_page.page.locator("#give").bounding_box()
    call("POST", f"/v1/requests/{request.request_id}/decline", {}, caller=GIULIA)
    panel_page.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    panel_page.reads("hat das abgelehnt: Montag, 23. November 2026, 13:00 Uhr")

    expect(panel_page.page.locator(f"#approve-{request.request_id}")).to_have_count(0)
    assert panel_page.page.locator("#give").bounding_box() == before


@pytest.mark.nightly("a neighbour of this test asks it of the same code")
def test_an_answer_that_came_too_late_tells_who_was_faster(panel_page: PanelPage) -> None:
    request = factories.requested()
    panel_page.opens()
    call("POST", f"/v1/requests/{request.request_id}/approve", {}, caller=GIULIA)
    panel_page.press(f"#approve-{request.request_id}")
    panel_page.expects_status("hat das erlaubt: Montag, 23. November 2026, 13:00 Uhr")

    assert len(live()) == 1


# ------------------------------------------------------------------ presses


def test_a_control_that_has_just_appeared_or_moved_ignores_a_press(guarded: PanelPage) -> None:
    guarded.opens()
    guarded.page.wait_for_timeout(600)
    guarded.press("#agent-sven")
    guarded.page.evaluate(
        """() => {
            const place = document.querySelector("guestkey-panel").shadowRoot.querySelector("#whom");
            place.before(Object.assign(document.createElement("p"), { textContent: "moves what is below" }));
        }"""
    )
    guarded.press("#give")
    assert live() == []
    guarded.page.wait_for_timeout(600)
    guarded.press("#give")
    guarded.expects_status("Sven Brandt hat jetzt Zugang bis")

    assert len(live()) == 1


def test_a_press_by_key_counts_at_once_and_scrolling_ignores_nothing(guarded: PanelPage) -> None:
    guarded.page.set_viewport_size({"width": 390, "height": 400})
    guarded.opens()
    guarded.page.locator("#agent-sven").focus()
    guarded.page.keyboard.press("Space")
    guarded.page.wait_for_timeout(600)
    guarded.page.mouse.move(200, 300)
    guarded.page.mouse.wheel(0, 250)
    guarded.page.wait_for_timeout(100)
    guarded.press("#give")
    guarded.expects_status("Sven Brandt hat jetzt Zugang bis")


DELAYED = """milliseconds => {
  const now = window.fetch;
  window.fetch = async (address, ...rest) => {
    if (String(address).includes("/v1/")) await new Promise((done) => setTimeout(done, milliseconds));
    return now(address, ...rest);
  };
}"""
WATCHED = """() => {
  const CONTROLS = "button, label, input, select, textarea, a, summary";
  const root = document.querySelector("guestkey-panel").shadowRoot;
  const seen = [];
  window.wrong = [];
  window.counted = 0;
  let [x, y] = [0, 0];
  addEventListener("mousemove", (event) => ([x, y] = [event.clientX, event.clientY]));
  setInterval(() => {
    seen.push({ at: performance.now(), x, y, control: root.elementFromPoint(x, y)?.closest(CONTROLS) });
  }, 20);
  root.addEventListener("click", (event) => {
    const control = event.target.closest(CONTROLS);
    // A press on a label is sent on to its field.
    if (!control || root.elementFromPoint(event.clientX, event.clientY)?.closest(CONTROLS) !== control) return;
    window.counted += 1;
    const before = seen.filter(({ at }) => at > performance.now() - 480 && at < performance.now() - 40);
    const there = before.filter((one) => one.x === event.clientX && one.y === event.clientY);
    if (there.some((one) => one.control !== control)) window.wrong.push(control.id || control.textContent);
  });
}"""
"""Compare each press that counts with the control under the pointer in the half second before."""


@pytest.mark.parametrize("seconds", probes(1, rest=[0, 3, 5]))
def test_no_press_does_what_was_not_under_the_pointer_half_a_second_before(guarded: PanelPage, seconds: int) -> None:
    factories.requested()
    for _ in range(3):
        factories.grant(SVEN)
    guarded.visits()
    guarded.press("#help")
    guarded.page.evaluate(DELAYED, seconds * 1000)
    guarded.page.evaluate(WATCHED)
    guarded.press("#support")
    for tab in ("activation", "grants", "logins", "callback"):
        guarded.page.locator(f"#tab-{tab}").focus()
        guarded.page.keyboard.press("Enter")
        for y in (300, 420, 540, 660):
            guarded.page.mouse.move(640, y)
            for _ in range(round(2 * (3 * seconds + 1.5))):
                guarded.page.mouse.click(640, y)
                guarded.page.wait_for_timeout(130)

    assert guarded.page.evaluate("window.wrong") == []
    assert guarded.page.evaluate("window.counted") > 0


# ------------------------------------------------------------------ ways in, and out


def test_a_user_without_the_right_reaches_call_backs_by_the_phone_icon(panel_page: PanelPage) -> None:
    panel_page.visits("ben")
    panel_page.press("#call-icon")
    panel_page.sees("callback")
    panel_page.page.locator("#description").fill("The import stands still")
    panel_page.page.locator("#phone").fill("+44 20 7946 0123")
    panel_page.press("#book")
    panel_page.expects_status("The call-back is arranged.")


def test_only_the_tabs_that_are_named_are_shown(panel_page: PanelPage) -> None:
    panel_page.visits("ben", tabs="callback about", inline="")
    panel_page.sees("callback")

    assert panel_page.panel.get_by_role("tab").all_inner_texts() == ["Call-back", "About"]


@pytest.mark.nightly("a neighbour of this test asks it of the same code")
def test_a_panel_that_loads_can_be_closed(panel_page: PanelPage) -> None:
    held: list[Route] = []
    panel_page.visits()
    panel_page.press("#help")
    panel_page.page.route("**/v1/**", partial(hold, held))
    panel_page.press("#support")
    expect(panel_page.panel.get_by_role("tab")).to_have_count(5)
    panel_page.press(".close")
    expect(panel_page.page.locator("dialog")).to_have_count(0)


def test_when_nothing_can_be_loaded_the_panel_says_how_support_is_reached(panel_page: PanelPage) -> None:
    panel_page.visits()
    panel_page.press("#help")
    panel_page.page.route("**/v1/about", lambda route: route.abort())
    panel_page.press("#support")
    panel_page.reads("Die Verbindung brach ab.")
    panel_page.reads("+49 241 446 86 122")
    panel_page.reads("assistenzaclienti@onOffice.com")

    expect(panel_page.page.locator(".close")).to_be_visible()


def test_when_the_session_is_over_a_button_asks_the_page_to_sign_in(panel_page: PanelPage) -> None:
    panel_page.visits()
    panel_page.press("#help")
    panel_page.page.route("**/host/token?*", lambda route: route.fulfill(status=401))
    panel_page.press("#support")
    panel_page.reads("Ihre Anmeldung ist abgelaufen.")
    panel_page.panel.get_by_role("button", name="Anmelden").click()

    assert panel_page.events[-2:] == ["guestkey:session-over", "guestkey:sign-in"]


def test_a_call_that_is_moved_begins_at_its_own_time(panel_page: PanelPage) -> None:
    factories.callback(starts_at=MONDAY_NOON + timedelta(days=2, hours=3))
    panel_page.opens()
    panel_page.goes_to("callback")
    panel_page.press("#move")

    panel_page.reads("Bisher")
    panel_page.reads("Mittwoch, 25. November 2026, 16:00 Uhr")
    expect(panel_page.page.locator("#day")).to_have_value("Mittwoch, 25. November")
    expect(panel_page.panel.get_by_role("radio", name="16:00")).to_be_checked()
