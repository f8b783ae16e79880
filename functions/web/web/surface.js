// The base of <guestkey-panel> and <guestkey-desk>: an element with tabs, which is a dialog, or with `inline` a part of
// the page. The property `token` is a function that returns the token, which is not stored.

import { loadInto } from "./actions.js";
import { api, OtherAccount, Refusal } from "./api.js";
import { announce, button, element } from "./elements.js";
import { guardPresses } from "./steady.js";
import { markSelected, newFrame } from "./tabs.js";
import { loadTexts, withTexts } from "./texts.js";

/** @import { Api, Me } from "../types/api" */
/** @import { Catalogues, Child, Language, Session, Tab } from "../types/pages" */
/** @typedef {() => string | Promise<string>} GetToken */
/** @typedef {Record<string, (session: any) => Tab | Promise<Tab>>} TabModule */
/** @typedef {Record<string, () => TabModule | Promise<TabModule>>} Tabs */
/** @typedef {{ zone: string, me?: Me }} SessionData */
/** @typedef {Session["emit"]} Emit */
/** @typedef {Session & { texts: { heading: string, close?: string, tabs: Record<string, string> } }} TabSession */
/** @typedef {{ session: TabSession, place?: HTMLElement, refresh?: () => unknown }} View */

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
  /** @type {Catalogues<any> | undefined} The further texts of all tabs but the first, loaded beside their modules. */
  laterCatalogues;
  /** @type {GetToken | undefined} */
  #token;
  #isStarted = false;
  #shadow = this.attachShadow({ mode: "open" });
  /** @type {Map<string, View>} */
  #views = new Map();
  #selected = "";
  /** @type {Api | undefined} The calls of the present account. */
  #guestkey;
  #account = 0;
  /** Ends the watch over the present account. */
  #watch = new AbortController();
  /** Ends with the element's place in the page, and the listeners outside of the element with it. */
  #connection = new AbortController();

  /**
   * A function that returns the token of the signed-in user, or a promise of it. With the token of another account the
   * element begins anew, and nothing of the account before is left.
   */
  set token(/** @type {GetToken} */ getToken) {
    this.#token = getToken;
    if (!this.#isStarted) this.#start();
    // With another account's token it begins anew by itself; without a token the account before must not stay either.
    else this.#guestkey?.checkAccount().catch((error) => error instanceof OtherAccount || this.#restart());
  }

  connectedCallback() {
    this.#shadow.adoptedStyleSheets = [sheet];
    if (Object.hasOwn(this, "token")) {
      // The page set the property before this module was loaded.
      const { token } = /** @type {{ token?: GetToken }} */ (this);
      delete (/** @type {{ token?: GetToken }} */ (this).token);
      this.token = /** @type {GetToken} */ (token);
    }
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    guardPresses(this.#shadow, signal);
    document.addEventListener("visibilitychange", this.#refresh, { signal });
    this.#start();
  }

  disconnectedCallback() {
    this.#connection.abort();
    this.#clear();
    this.#isStarted = false;
  }

  /**
   * Open the dialog, at a tab if it is named. The browser returns the focus when it is closed.
   * @param {string} [tab]
   */
  async open(tab = "") {
    if (this.isInline || this.#shadow.querySelector("dialog[open]")) {
      await this.#select(tab || this.#selected);
      return;
    }
    this.#selected = tab;
    const place = newPlace();
    const attributes = { part: "dialog", closedby: "any", "aria-label": "…", onclose: () => this.#clear() };
    const dialog = element("dialog", attributes, place);
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
   * @param {Emit} _emit
   */
  prepare(_guestkey, _emit) {}

  /**
   * Return the session data.
   * @param {Api} _guestkey
   * @param {Emit} _emit
   * @returns {SessionData | Promise<SessionData>}
   */
  loadSession(_guestkey, _emit) {
    throw new TypeError();
  }

  /**
   * Watch for changes that others make until the signal ends it, and call `refresh` at each.
   * @param {Api} _guestkey
   * @param {() => unknown} _refresh
   * @param {AbortSignal} _signal
   */
  watch(_guestkey, _refresh, _signal) {}

  /**
   * Return an element to show beside a failure to load.
   * @param {Language<any>} _language
   * @param {Api} _guestkey
   * @returns {Child}
   */
  helpAfterFailure(_language, _guestkey) {
    return null;
  }

  /**
   * Return the names of the tabs that the user sees: all, or those that the attribute `tabs` names.
   * @param {SessionData} [_session]
   */
  tabNames(_session) {
    const wanted = this.getAttribute("tabs")?.split(/[\s,]+/);
    return Object.keys(this.tabs).filter((name) => wanted?.includes(name) ?? true);
  }

  #start() {
    if (this.#isStarted || !this.isConnected || !this.#token) return;
    this.#isStarted = true;
    if (this.isInline) {
      const place = newPlace();
      this.#shadow.replaceChildren(place);
      this.#render(place);
    } else this.prepare(this.#newApi(), this.#ownEmit());
  }

  /** Return the function that sends the events of the present account, as long as it is that. */
  #ownEmit() {
    const account = this.#account;
    return /** @type {Emit} */ ((name, detail) => account === this.#account && this.emit(name, detail));
  }

  /** Begin anew, for another account. A dialog stays open. */
  #restart() {
    const place = this.#shadow.querySelector(".guestkey-surface");
    this.#account += 1;
    this.#views = new Map();
    if (!place) {
      this.prepare(this.#newApi(), this.#ownEmit());
      return;
    }
    const next = newPlace();
    place.replaceWith(next);
    this.#render(next);
  }

  #newApi() {
    const signedIn = async () => {
      try {
        return await this.#token?.();
      } catch {
        throw new Refusal(401, {});
      }
    };
    const address = this.getAttribute("api")?.replace(/\/?$/, "/") ?? new URL("..", import.meta.url).href;
    const guestkey = api(signedIn, address, {
      otherAccount: () => this.#guestkey === guestkey && this.#restart(),
      sessionOver: () => this.#guestkey === guestkey && this.emit("session-over", {}),
    });
    this.#guestkey = guestkey;
    return guestkey;
  }

  /**
   * Show the frame at once, which can be closed, and the first tab when the user is known.
   * @param {HTMLElement} place
   */
  async #render(place) {
    const frame = newFrame(this.isInline ? null : () => this.close(), (name) => this.#select(name));
    place.append(...frame.children);
    const preferred = this.getAttribute("language");
    const language = await this.#loadTexts(place, preferred);
    frame.show(language.texts, this.tabNames(), this.#selected);
    const [guestkey, emit] = [this.#newApi(), this.#ownEmit()];
    const afterFailure = (/** @type {any} */ error) => [
      error.status === 401 ? button(language.texts.signInAgain, () => emit("sign-in", {}), "primary") : null,
      this.helpAfterFailure(language, guestkey),
    ];
    const read = async () => {
      const [loaded] = await Promise.all([this.loadSession(guestkey, emit), stylesLoaded]);
      if (guestkey !== this.#guestkey) throw new OtherAccount();
      const shown = await this.#loadTexts(place, preferred, loaded.me?.locale);
      const zone = this.getAttribute("time-zone") ?? loaded.zone;
      const session = { ...shown, ...loaded, guestkey, zone, emit, afterFailure };
      const names = this.tabNames(session);
      this.#views = new Map(names.map((name) => [name, { session }]));
      this.#watch.abort();
      this.#watch = new AbortController();
      this.watch(guestkey, this.#refresh, this.#watch.signal);
      frame.show(shown.texts, names, this.#selected);
      return [];
    };
    const loading = element("div");
    frame.content.append(loading);
    await loadInto({ ...language, afterFailure }, loading, read, () => this.#select(this.#selected));
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
   * Show a tab, or the first one if there is none of this name. Its fields keep their text. While the user is not known,
   * the tab is only marked.
   * @param {string} wanted
   */
  async #select(wanted) {
    const panel = this.#shadow.getElementById("tabpanel");
    const name = this.#views.has(wanted) ? wanted : (this.#views.keys().next().value ?? wanted);
    this.#selected = name;
    markSelected(this.#shadow, name);
    const view = this.#views.get(name);
    if (!panel || !view) return;
    announce(panel, "");
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
      const isFirst = name === Object.keys(this.tabs)[0];
      const texts = isFirst ? view.session : withTexts(view.session, this.laterCatalogues);
      const [tab, session] = await Promise.all([this.tabs[name](), texts]);
      const [children, refresh] = await tab[name](session);
      view.refresh = refresh;
      return children;
    });
  }

  /** Reload the tab when the window becomes visible: its data may have changed in another window. */
  #refresh = () => document.visibilityState === "visible" && this.#views.get(this.#selected)?.refresh?.();

  #clear() {
    this.#watch.abort();
    this.#views = new Map();
    this.#shadow.replaceChildren();
  }
}

function newPlace() {
  return element("div", { class: "guestkey-surface", part: "panel" });
}
