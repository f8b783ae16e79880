// The base of <guestkey-panel> and <guestkey-desk>: an element with tabs, which is a dialog, or with `inline` a part of
// the page. The property `token` is a function that returns the token, which is not stored.

import { api, Refusal } from "./api.js";
import { button, element, loadInto } from "./elements.js";
import { loadTexts } from "./texts.js";

/** @import { Api, Me } from "../types/api" */
/** @import { Catalogues, Child, Session, Tab } from "../types/pages" */
/** @typedef {() => string | Promise<string>} GetToken */
/** @typedef {Record<string, (session: any) => Tab | Promise<Tab>>} TabModule */
/** @typedef {Record<string, () => TabModule | Promise<TabModule>>} Tabs */
/** @typedef {{ zone: string, me?: Me }} SessionData */
/** @typedef {Session & { texts: { heading: string, close?: string, tabs: Record<string, string> } }} TabSession */
/** @typedef {{ session: TabSession, place?: HTMLElement, refresh?: () => unknown }} View */

/** @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

const sheet = new CSSStyleSheet();
const stylesLoaded = fetch(new URL("./surface.css", import.meta.url))
  .then((response) => response.text())
  .then((text) => sheet.replace(text))
  // The element works without its styles.
  .catch(() => {});

/** An element with tabs. A subclass has the catalogues of its texts, its tabs and its session data. */
export class GuestkeySurface extends HTMLElement {
  /** @type {Catalogues<any>} */
  catalogues = {};
  /** @type {Tabs} */
  tabs = {};
  /** @type {GetToken | undefined} */
  #token;
  #isStarted = false;
  #shadow = this.attachShadow({ mode: "open" });
  /** @type {Map<string, View>} */
  #views = new Map();
  #selected = "";

  /** A function that returns the token of the signed-in user, or a promise of it. */
  set token(/** @type {GetToken} */ getToken) {
    this.#token = getToken;
    this.#start();
  }

  connectedCallback() {
    this.#shadow.adoptedStyleSheets = [sheet];
    if (Object.hasOwn(this, "token")) {
      // The page set the property before this module was loaded.
      const { token } = /** @type {{ token?: GetToken }} */ (this);
      delete (/** @type {{ token?: GetToken }} */ (this).token);
      this.token = /** @type {GetToken} */ (token);
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
    const place = newPlace();
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

  /**
   * Send an event to the page.
   * @param {string} name
   * @param {object} detail
   */
  emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`guestkey:${name}`, { detail, bubbles: true, composed: true }));
  }

  /**
   * Prepare an element that is a dialog, as soon as the user is known.
   * @param {Api} _guestkey
   */
  prepare(_guestkey) {}

  /**
   * Return the session data.
   * @param {Api} _guestkey
   * @returns {SessionData | Promise<SessionData>}
   */
  loadSession(_guestkey) {
    throw new TypeError();
  }

  /**
   * Return the names of the tabs that the user sees.
   * @param {SessionData} [_session]
   */
  tabNames(_session) {
    return Object.keys(this.tabs);
  }

  #start() {
    if (this.#isStarted || !this.isConnected || !this.#token) return;
    this.#isStarted = true;
    if (this.isInline) {
      const place = newPlace();
      this.#shadow.replaceChildren(place);
      this.#render(place);
    } else this.prepare(this.#api());
  }

  #api() {
    const signedIn = async () => {
      try {
        return await this.#token?.();
      } catch {
        throw new Refusal(401, {});
      }
    };
    return api(signedIn, this.getAttribute("api")?.replace(/\/?$/, "/") ?? new URL("..", import.meta.url).href);
  }

  /** @param {HTMLElement} place */
  async #render(place) {
    const preferred = this.getAttribute("language");
    const language = await this.#loadTexts(place, preferred);
    const guestkey = this.#api();
    const first = () => this.#select(Object.keys(this.tabs)[0]);
    const read = async () => {
      const [loaded] = await Promise.all([this.loadSession(guestkey), stylesLoaded]);
      return this.#tabs({
        ...(await this.#loadTexts(place, preferred, loaded.me?.locale)),
        ...loaded,
        guestkey,
        zone: this.getAttribute("time-zone") ?? loaded.zone,
        emit: (name, detail) => this.emit(name, detail),
      });
    };
    await loadInto(language, place, read, first);
  }

  /**
   * Load the texts in the first of these languages, or else in the browser's.
   * @param {HTMLElement} place
   * @param {...(string | null | undefined)} preferred
   */
  async #loadTexts(place, ...preferred) {
    const language = await loadTexts(this.catalogues, ...preferred.filter(Boolean), ...navigator.languages);
    place.lang = language.tag;
    place.parentElement?.setAttribute("aria-label", language.texts.heading);
    return language;
  }

  /**
   * @param {TabSession} session
   * @returns {Child[]}
   */
  #tabs(session) {
    const { texts } = session;
    const names = this.tabNames(session);
    /** @param {string} name */
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
      { role: "tablist", "aria-label": texts.heading, onkeydown: moveFocus },
      ...names.map(tab),
    );
    this.#views = new Map(names.map((name) => [name, { session }]));
    const close = this.isInline
      ? null
      : button("✕", () => this.close(), "close", { "aria-label": texts.close ?? null, part: "close" });
    return [
      element("header", {}, element("h2", {}, texts.heading), close),
      list,
      element("div", { role: "tabpanel", id: "tabpanel", tabindex: "0" }),
    ];
  }

  /**
   * Show a tab. Its fields keep their text.
   * @param {string} name
   */
  async #select(name) {
    const panel = this.#shadow.getElementById("tabpanel");
    const view = this.#views.get(name);
    if (!panel || !view) return;
    this.#selected = name;
    for (const tab of /** @type {NodeListOf<HTMLElement>} */ (this.#shadow.querySelectorAll("[role=tab]"))) {
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
    await loadInto(view.session, view.place, async () => {
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
}

function newPlace() {
  return element("div", { class: "guestkey-surface", part: "panel" });
}

/**
 * Move the focus from tab to tab with the arrow keys.
 * @param {KeyboardEvent & { currentTarget: Element, target: HTMLElement }} event
 */
function moveFocus(event) {
  const tabs = /** @type {HTMLElement[]} */ ([...event.currentTarget.children]);
  const here = tabs.indexOf(event.target);
  const there = { Home: 0, End: tabs.length - 1 }[event.key] ?? here + STEPS[event.key];
  if (Number.isNaN(there)) return;
  event.preventDefault();
  tabs.at(there % tabs.length)?.focus();
}
