// <guestkey-desk>: the element for the vendor's agents, in a page of the vendor's. It is the panel with other tabs, and
// always inline.

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

  /** Return the session data. Needs no request; the time zone is the browser's. */
  loadSession(guestkey) {
    return { support: support(guestkey), zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  }
}

customElements.define("guestkey-desk", GuestkeyDesk);
