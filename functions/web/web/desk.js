// <guestkey-desk>: the element for the vendor's agents, in a page of the vendor's. It is always inline.

import { support } from "./desk.api.js";
import { GuestkeySurface } from "./surface.js";

/** @import { Api } from "../types/api" */
/** @import { Catalogues, DeskTexts } from "../types/pages" */
/** @import { Tabs } from "./surface.js" */

/** @type {Catalogues<DeskTexts>} */
const CATALOGUES = {
  de: () => import("./desk.de.js"),
  "de-AT": () => import("./desk.de-at.js"),
  "de-CH": () => import("./desk.de-ch.js"),
  en: () => import("./desk.en.js"),
  es: () => import("./desk.es.js"),
  it: () => import("./desk.it.js"),
};
/** @type {Tabs} */
const TABS = {
  access: () => import("./desk.access.js"),
  requests: () => import("./desk.requests.js"),
  callbacks: () => import("./desk.callbacks.js"),
};

class GuestkeyDesk extends GuestkeySurface {
  catalogues = CATALOGUES;
  tabs = TABS;

  get isInline() {
    return true;
  }

  /**
   * Return the session data. Needs no request; the time zone is the browser's.
   * @param {Api} guestkey
   */
  loadSession(guestkey) {
    return { support: support(guestkey), zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }
}

customElements.define("guestkey-desk", GuestkeyDesk);
