// <guestkey-panel>: the element for a customer's users, opened from the vendor's help menu.

import { element } from "./elements.js";
import { GuestkeySurface } from "./surface.js";
import { withTexts } from "./texts.js";

/** @import { About, Api, Contact } from "../types/api" */
/** @import { Catalogues, Language, PanelTexts } from "../types/pages" */
/** @import { Emit, SessionData, Tabs } from "./surface.js" */

/** @type {Catalogues<PanelTexts>} */
const CATALOGUES = {
  de: () => import("./panel.de.js"),
  "de-AT": () => import("./panel.de-at.js"),
  "de-CH": () => import("./panel.de-ch.js"),
  en: () => import("./panel.en.js"),
  es: () => import("./panel.es.js"),
  it: () => import("./panel.it.js"),
};
/** The texts of all tabs but the first. @type {Catalogues<any>} */
const LATER_CATALOGUES = {
  de: () => import("./panel.later.de.js"),
  "de-AT": () => import("./panel.later.de-at.js"),
  "de-CH": () => import("./panel.later.de-ch.js"),
  en: () => import("./panel.later.en.js"),
  es: () => import("./panel.later.es.js"),
  it: () => import("./panel.later.it.js"),
};
/** @type {Tabs} */
const TABS = {
  activation: () => import("./panel.activation.js"),
  grants: () => import("./panel.history.js"),
  logins: () => import("./panel.history.js"),
  callback: () => import("./panel.callback.js"),
  about: () => import("./panel.about.js"),
};
const TABS_NEEDING_RIGHT = ["grants", "logins"];

class GuestkeyPanel extends GuestkeySurface {
  catalogues = CATALOGUES;
  tabs = TABS;
  laterCatalogues = LATER_CATALOGUES;
  /** @type {About | undefined} */
  #about;
  /** @type {Contact | undefined} The latest one, for the case that nothing can be loaded. */
  #contact;

  /**
   * Tell the page whether the user holds the right, so that it hides its menu entry if not.
   * @param {Api} guestkey
   * @param {Emit} emit
   */
  prepare(guestkey, emit) {
    if (!this.#hidesWithoutRight) return;
    guestkey
      .me()
      .then((me) => emit("right", { may_grant: me.may_grant }))
      // If the API does not respond, the page shows its menu entry.
      .catch(() => {});
  }

  /**
   * Return the session data: the user, the account and its time zone. Two requests, then the panel is shown.
   * @param {Api} guestkey
   * @param {Emit} emit
   */
  async loadSession(guestkey, emit) {
    const [me, about] = await Promise.all([guestkey.me(), guestkey.about()]);
    emit("right", { may_grant: me.may_grant });
    this.#about = about;
    if (this.isInline) this.hidden = this.#hidesWithoutRight && !me.may_grant && !this.hasAttribute("tabs");
    return { me, about, zone: about.time_zone };
  }

  /**
   * Ask every few seconds whether anything changed, once the panel is shown.
   * @param {Api} guestkey
   * @param {() => unknown} refresh
   * @param {AbortSignal} signal
   */
  watch(guestkey, refresh, signal) {
    import("./panel.watch.js")
      .then(({ watch }) => watch(guestkey, refresh, signal))
      // Without it the panel is read again whenever its window becomes visible.
      .catch(() => {});
  }

  /** @param {SessionData} [session] Before it is known, all tabs are shown. */
  tabNames(session) {
    const may_grant = session?.me?.may_grant ?? true;
    return super.tabNames().filter((name) => may_grant || !TABS_NEEDING_RIGHT.includes(name));
  }

  /**
   * Return how support is reached, which needs no sign-in. It is loaded when it is needed.
   * @param {Language<PanelTexts>} language
   * @param {Api} guestkey
   */
  helpAfterFailure(language, guestkey) {
    const place = element("div");
    Promise.all([import("./panel.contact.js"), withTexts(language, LATER_CATALOGUES)])
      .then(async ([{ showContact }, texts]) => {
        this.#contact = await showContact(place, guestkey, texts, this.#about, this.#contact);
      })
      // The failure before it is shown already.
      .catch(() => {});
    return place;
  }

  get #hidesWithoutRight() {
    return this.getAttribute("hide-without-right") !== "off";
  }
}

customElements.define("guestkey-panel", GuestkeyPanel);
