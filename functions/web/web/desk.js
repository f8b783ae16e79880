// <guestkey-desk>: what the vendor's agents work with, in a page of the vendor's own. It stands on the panel's ground,
// with other tabs, and always in the page.

import { support } from "./desk.api.js";
import { GuestkeyPanel } from "./panel.js";

const CATALOGUES = {
  de: () => import("./desk.de.js"),
  "de-AT": () => import("./desk.de-at.js"),
  "de-CH": () => import("./desk.de-ch.js"),
  en: () => import("./desk.en.js"),
  es: () => import("./desk.es.js"),
  it: () => import("./desk.it.js"),
};
const TABS = {
  access: () => import("./desk.access.js"),
  requests: () => import("./desk.requests.js"),
  callbacks: () => import("./desk.callbacks.js"),
};

class GuestkeyDesk extends GuestkeyPanel {
  catalogues = CATALOGUES;
  tabs = TABS;
  isInline = true;

  /** Nothing is asked about agents, and the clock is their browser's. */
  meet(guestkey) {
    return { support: support(guestkey), zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }
}

customElements.define("guestkey-desk", GuestkeyDesk);
