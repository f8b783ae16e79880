// <guestkey-badge>: tells every user of the customer who from support is in the account now. A user with the right can
// end the access, or lock the account. It asks the API by itself, and needs no other module of the panel.

import { SECOND, poller } from "./poll.js";

/** @import { Inside, Presence } from "../types/api" */
/** @import { BadgeTexts, Catalogues } from "../types/pages" */
/** @typedef {() => string | Promise<string>} GetToken */

/** @type {Catalogues<BadgeTexts>} */
const CATALOGUES = {
  de: () => import("./badge.de.js"),
  "de-AT": () => import("./badge.de-at.js"),
  "de-CH": () => import("./badge.de-ch.js"),
  en: () => import("./badge.en.js"),
  es: () => import("./badge.es.js"),
  it: () => import("./badge.it.js"),
};
const TIMEOUT_MILLISECONDS = 15 * SECOND;
/** Time for which a button must have been shown before a press with a pointer counts. */
const SETTLE_MILLISECONDS = SECOND / 2;
const TOO_MANY = 429;

const sheet = new CSSStyleSheet();
fetch(new URL("./badge.css", import.meta.url))
  .then((response) => response.text())
  .then((text) => sheet.replace(text))
  // The element works without its styles.
  .catch(() => {});

class GuestkeyBadge extends HTMLElement {
  /** @type {GetToken | undefined} */
  #token;
  /** @type {ReturnType<typeof poller> | undefined} */
  #poller;
  #shadow = this.attachShadow({ mode: "open" });
  #connection = new AbortController();
  /** @type {{ tag: string, texts: BadgeTexts } | undefined} */
  #language;
  #etag = "";
  /** @type {Presence | undefined} */
  #presence;
  #answeredAt = 0;
  #shown = "";
  #shownAt = 0;

  /** A function that returns the token of the signed-in user, or a promise of it. It is called before each request. */
  set token(/** @type {GetToken} */ getToken) {
    this.#token = getToken;
    this.#begin();
  }

  connectedCallback() {
    this.#shadow.adoptedStyleSheets = [sheet];
    this.#connection = new AbortController();
    const { signal } = this.#connection;
    const wake = () => (document.visibilityState === "visible" ? this.#poller?.now() : this.#poller?.pause());
    document.addEventListener("visibilitychange", wake, { signal });
    addEventListener("focus", wake, { signal });
    if (Object.hasOwn(this, "token")) {
      // The page set the property before this module was loaded.
      const { token } = /** @type {{ token?: GetToken }} */ (this);
      delete (/** @type {{ token?: GetToken }} */ (this).token);
      this.#token = token;
    }
    this.#begin();
  }

  disconnectedCallback() {
    this.#connection.abort();
    this.#poller?.stop();
    this.#forget();
  }

  /** Begin anew, perhaps for another account: nothing of the one before is left. */
  #begin() {
    this.#poller?.stop();
    this.#forget();
    if (!this.#token || !this.isConnected) return;
    const isVisible = () => document.visibilityState === "visible";
    this.#poller = poller({ ask: () => this.#ask(), isVisible });
    this.#poller.now();
  }

  #forget() {
    this.#etag = "";
    this.#presence = undefined;
    this.#show([]);
  }

  /** Ask who is in, show it, and return the milliseconds until that changes by the clock. */
  async #ask() {
    const mine = this.#poller;
    try {
      const response = await this.#send("GET", "presence");
      if (mine !== this.#poller) return null;
      if (response.status !== 304) {
        if (!response.ok) {
          // The token is of somebody who may not ask. A page tells by setting the property again.
          if (response.status < 500 && response.status !== TOO_MANY) this.#refused(response.status);
          throw new TypeError();
        }
        this.#presence = await response.json();
        this.#etag = response.headers.get("ETag") ?? "";
      }
      // The time at the API, because a browser's clock may be wrong.
      const date = Date.parse(response.headers.get("Date") ?? "") || Date.now();
      this.#answeredAt = date;
      await this.#render();
      const change = this.#presence?.next_change_at;
      return change ? Date.parse(change) - date : null;
    } catch (error) {
      if (mine === this.#poller) await this.#render(true);
      throw error;
    }
  }

  /** @param {number} status */
  #refused(status) {
    this.#poller?.stop();
    this.#forget();
    if (status === 401) this.#emit("session-over", {});
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async #send(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${await this.#token?.()}` };
    if (body) headers["Content-Type"] = "application/json";
    if (method === "GET" && this.#etag) headers["If-None-Match"] = this.#etag;
    return fetch(new URL(`v1/${path}`, this.getAttribute("api") ?? new URL("..", import.meta.url)), {
      method,
      headers,
      body: body && JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    });
  }

  /** Show the last answer; with its time if there is no newer one. */
  async #render(isOld = false) {
    const { texts, tag } = (this.#language ??= await loadTexts(this));
    const presence = this.#presence;
    if (!presence) return;
    const clock = (/** @type {string | number} */ at) => timeOf(at, this.#answeredAt, tag, this.getAttribute("time-zone"));
    const { items, locked } = presence;
    /** @type {{ one: Inside | null, text: string }[]} */
    const lines = items.map((one) => ({ one, text: sentence(texts.inside, { name: who(one), moment: clock(one.since) }) }));
    if (locked) lines.push({ one: null, text: sentence(texts.locked, { moment: locked.locked_at ? clock(locked.locked_at) : "–" }) });
    const old = isOld && sentence(texts.old, { moment: clock(this.#answeredAt) });
    const state = JSON.stringify([lines, old, tag]);
    if (state === this.#shown) return;
    this.#shown = state;
    const mayEnd = !locked && items.some((one) => one.grant_ids);
    const status = node("div", { role: "status" });
    for (const { one, text } of lines) {
      const end = mayEnd && one?.grant_ids && this.#button(texts.end, () => this.#end(one), sentence(texts.endOf, { name: one.agent.name }));
      status.append(node("p", { dir: "auto" }, text, ...(end ? [end] : [])));
    }
    if (old && lines.length > 0) status.append(node("p", { class: "quiet" }, old));
    const lock = mayEnd ? [this.#button(texts.lock, () => this.#lock())] : [];
    this.#show(lines.length > 0 ? [status, ...lock] : []);
  }

  /** @param {Node[]} children */
  #show(children) {
    if (children.length === 0) this.#shown = "";
    this.#shownAt = performance.now();
    const tag = this.#language?.tag ?? "";
    // The status stays in the page while it is empty: screen readers read out what comes into one that is there.
    const place = node("div", { class: "guestkey-surface", part: "badge", lang: tag }, ...children);
    this.#shadow.replaceChildren(place);
  }

  /**
   * @param {string} text
   * @param {() => Promise<unknown>} onPress
   * @param {string} [label]
   */
  #button(text, onPress, label) {
    const button = node("button", { type: "button", ...(label && { "aria-label": label }) }, text);
    button.addEventListener("click", async (event) => {
      // What has just appeared was not meant. A press by key has the focus.
      if (button.ariaDisabled || (event.detail && performance.now() - this.#shownAt < SETTLE_MILLISECONDS)) return;
      const disable = (/** @type {string | null} */ is) => this.#shadow.querySelectorAll("button").forEach((one) => (one.ariaDisabled = is));
      disable("true");
      try {
        await onPress();
      } catch {
        this.#shadow.querySelector("[role=status]")?.append(node("p", { class: "error" }, this.#language?.texts.failed ?? ""));
      }
      disable(null);
      this.#shown = "";
      await this.#poller?.now();
    });
    return button;
  }

  /** @param {Inside} one */
  async #end({ grant_ids }) {
    for (const id of grant_ids ?? []) await this.#change("revoked", "DELETE", `grants/${encodeURIComponent(id)}`);
  }

  #lock() {
    return this.#change("locked", "PUT", "lockdown", {});
  }

  /**
   * Change something, and tell the page. A conflict is no failure: the time was faster, and the access is over.
   * @param {string} event
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   */
  async #change(event, method, path, body) {
    const response = await this.#send(method, path, body);
    if (response.ok) this.#emit(event, await response.json());
    else if (response.status !== 409) throw new TypeError();
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`guestkey:${name}`, { detail, bubbles: true, composed: true }));
  }
}

/**
 * Return an agent's name with the names of departments.
 * @param {Inside} one
 */
function who({ agent: { name }, department_names: names }) {
  return names.length > 0 ? `${name} (${names.join(", ")})` : name;
}

/**
 * @param {string} text
 * @param {Record<string, string>} values
 */
function sentence(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/**
 * Return the time of day, with the date unless it is today.
 * @param {string | number} at
 * @param {number} now
 * @param {string} tag
 * @param {string | null} zone
 */
function timeOf(at, now, tag, zone) {
  const timeZone = zone ?? undefined;
  const [moment, day] = [new Date(at), (/** @type {Date} */ date) => date.toLocaleDateString("en", { timeZone })];
  const time = moment.toLocaleTimeString(tag, { hour: "2-digit", minute: "2-digit", timeZone });
  return day(moment) === day(new Date(now)) ? time : `${moment.toLocaleDateString(tag, { day: "numeric", month: "short", timeZone })}, ${time}`;
}

/**
 * Return the texts of an element, by its own language, or else that of the page or the browser.
 * @param {HTMLElement} badge
 */
async function loadTexts(badge) {
  const wanted = badge.getAttribute("language") ?? badge.closest("[lang]")?.getAttribute("lang") ?? navigator.language;
  const [language, region = ""] = wanted.replace("_", "-").split("-");
  const tags = [`${language.toLowerCase()}-${region.toUpperCase()}`, language.toLowerCase(), "en"];
  const tag = /** @type {string} */ (tags.find((one) => one in CATALOGUES));
  return { tag: tag === "en" ? "en-GB" : tag, texts: (await CATALOGUES[tag]()).default };
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
function node(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

customElements.define("guestkey-badge", GuestkeyBadge);
