// <guestkey-panel>: the element for a customer's users, opened from the vendor's help menu. It is a dialog, or with
// `inline` a part of the page. The property `token` is a function that returns the token, which is not stored.

import { api, Refusal } from "./api.js";
import { announce, button, buttons, element, facts, loadInto } from "./elements.js";
import { loadTexts, texts } from "./texts.js";

const CATALOGUES = {
  de: () => import("./panel.de.js"),
  "de-AT": () => import("./panel.de-at.js"),
  "de-CH": () => import("./panel.de-ch.js"),
  en: () => import("./panel.en.js"),
  es: () => import("./panel.es.js"),
  it: () => import("./panel.it.js"),
};
const TABS = {
  activation: () => import("./panel.activation.js"),
  grants: () => import("./panel.history.js"),
  logins: () => import("./panel.history.js"),
  callback: () => import("./panel.callback.js"),
  about: () => ({ about }),
};
const TABS_NEEDING_RIGHT = ["grants", "logins"];
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

const sheet = new CSSStyleSheet();
const stylesLoaded = fetch(new URL("./panel.css", import.meta.url))
  .then((response) => response.text())
  .then((text) => sheet.replace(text))
  // The panel works without its styles.
  .catch(() => {});

/** The panel. The agents' desk is a subclass with other catalogues, tabs and session data. */
export class GuestkeyPanel extends HTMLElement {
  catalogues = CATALOGUES;
  tabs = TABS;
  #token;
  #isStarted = false;
  #shadow = this.attachShadow({ mode: "open" });
  #views = new Map();
  #selected;

  /** A function that returns the token of the signed-in user, or a promise of it. */
  set token(getToken) {
    this.#token = getToken;
    this.#start();
  }

  connectedCallback() {
    this.#shadow.adoptedStyleSheets = [sheet];
    if (Object.hasOwn(this, "token")) {
      // The page set the property before this module was loaded.
      const { token } = this;
      delete this.token;
      this.token = token;
    }
    document.addEventListener("visibilitychange", this.#refresh);
    this.#start();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#refresh);
    this.#clear();
    this.#isStarted = false;
  }

  /** Open the dialog. The browser returns the focus when it is closed. */
  async open() {
    if (this.#shadow.querySelector("dialog[open]") || this.isInline) return;
    const place = element("div", { class: "panel", part: "panel" });
    const dialog = element("dialog", { part: "dialog", "aria-label": "…", onclose: () => this.#clear() }, place);
    this.#shadow.replaceChildren(dialog);
    dialog.showModal();
    await this.#render(place);
  }

  get isInline() {
    return this.hasAttribute("inline");
  }

  close() {
    this.#shadow.querySelector("dialog")?.close();
  }

  #start() {
    if (this.#isStarted || !this.isConnected || !this.#token) return;
    this.#isStarted = true;
    if (this.isInline) {
      const place = element("div", { class: "panel", part: "panel" });
      this.#shadow.replaceChildren(place);
      this.#render(place);
    } else if (this.#hidesWithoutRight) {
      this.#api()
        .me()
        .then((me) => this.#emit("right", { may_grant: me.may_grant }))
        // If the API does not response, the host shows its menu entry.
        .catch(() => {});
    }
  }

  get #hidesWithoutRight() {
    return this.getAttribute("hide-without-right") !== "off";
  }

  #api() {
    const signedIn = async () => {
      try {
        return await this.#token();
      } catch {
        throw new Refusal(401, {});
      }
    };
    return api(signedIn, this.getAttribute("api")?.replace(/\/?$/, "/") ?? new URL("..", import.meta.url).href);
  }

  async #render(place) {
    const language = this.getAttribute("language");
    await this.#loadTexts(place, language);
    const guestkey = this.#api();
    const first = () => this.#select(Object.keys(this.tabs)[0]);
    const read = async () => {
      const [loaded] = await Promise.all([this.loadSession(guestkey), stylesLoaded]);
      await this.#loadTexts(place, language, loaded.me?.locale);
      return this.#tabs({
        ...loaded,
        guestkey,
        zone: this.getAttribute("time-zone") ?? loaded.zone,
        emit: (name, detail) => this.#emit(name, detail),
      });
    };
    await loadInto(place, read, first);
  }

  /** Return the session data: the user, the account and its time zone. Two requests, then the panel is shown. */
  async loadSession(guestkey) {
    const [me, about] = await Promise.all([guestkey.me(), guestkey.about()]);
    this.#emit("right", { may_grant: me.may_grant });
    if (this.isInline) this.hidden = this.#hidesWithoutRight && !me.may_grant;
    return { me, about, zone: about.time_zone };
  }

  async #loadTexts(place, ...preferred) {
    place.lang = await loadTexts(this.catalogues, ...preferred.filter(Boolean), ...navigator.languages);
    place.parentElement?.setAttribute("aria-label", texts.heading);
  }

  #tabs(session) {
    const names = Object.keys(this.tabs).filter((name) => session.me?.may_grant || !TABS_NEEDING_RIGHT.includes(name));
    const tab = (name) =>
      element(
        "button",
        {
          type: "button",
          role: "tab",
          id: `tab-${name}`,
          part: "tab",
          "aria-controls": "tabpanel",
          onclick: () => this.#select(name),
        },
        texts.tabs[name],
      );
    const list = element(
      "div",
      { role: "tablist", "aria-label": texts.heading, onkeydown: (event) => moveFocus(event) },
      ...names.map(tab),
    );
    this.#views = new Map(names.map((name) => [name, { session }]));
    const close = this.isInline
      ? null
      : button("✕", () => this.close(), "close", { "aria-label": texts.close, part: "close" });
    return [
      element("header", {}, element("h2", {}, texts.heading), close),
      list,
      element("div", { role: "tabpanel", id: "tabpanel", tabindex: "0" }),
    ];
  }

  /** Show a tab. Its fields keep their text. */
  async #select(name) {
    const panel = this.#shadow.getElementById("tabpanel");
    const view = this.#views.get(name);
    if (!panel || !view) return;
    this.#selected = name;
    for (const tab of this.#shadow.querySelectorAll("[role=tab]")) {
      const isThis = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(isThis));
      tab.tabIndex = isThis ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    panel.dataset.tab = name;
    if (view.place) {
      panel.replaceChildren(view.place);
      view.refresh?.();
      return;
    }
    view.place = element("div");
    panel.replaceChildren(view.place);
    await loadInto(view.place, async () => {
      const tab = await this.tabs[name]();
      const [children, refresh] = await tab[name](view.session);
      view.refresh = refresh;
      return children;
    });
  }

  /** Reload the tab when the window becomes visible: its data may have changed in another window. */
  #refresh = () => {
    if (document.visibilityState === "visible") this.#views.get(this.#selected)?.refresh?.();
  };

  #clear() {
    this.#views = new Map();
    this.#shadow.replaceChildren();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`guestkey:${name}`, { detail, bubbles: true, composed: true }));
  }
}

/** The data that support asks for on the telephone: customer name and version. */
function about({ me, about }) {
  const strings = texts.about;
  const rows = [
    [strings.tenant, about.tenant_id],
    [strings.name, about.name],
    [strings.version, about.version],
    [strings.user, me.name],
  ];
  const copy = async () => {
    const text = rows.map(([label, value]) => `${label}: ${value}`).join("\n");
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    announce(place, isDone ? strings.copied : strings.notCopied);
  };
  const place = element(
    "section",
    {},
    element("h3", {}, strings.heading),
    facts(...rows),
    buttons(button(strings.copy, copy, null, { id: "copy" })),
  );
  return [[place]];
}

/** Move the focus from tab to tab with the arrow keys. */
function moveFocus(event) {
  const tabs = [...event.currentTarget.children];
  const here = tabs.indexOf(event.target);
  const there = { Home: 0, End: tabs.length - 1 }[event.key] ?? here + STEPS[event.key];
  if (Number.isNaN(there)) return;
  event.preventDefault();
  tabs.at(there % tabs.length).focus();
}

customElements.define("guestkey-panel", GuestkeyPanel);
