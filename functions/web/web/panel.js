// <guestkey-panel>: what a customer's user sees in the vendor's own help menu. It opens as a dialog, or stands in the
// page with `inline`. The token comes from the property `token`, a function that returns one, and is kept nowhere.

import { api, Refusal } from "./api.js";
import { button, buttons, element, facts, into, say } from "./elements.js";
import { speak, texts } from "./texts.js";

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
const WANT_RIGHT = ["grants", "logins"];
const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

const sheet = new CSSStyleSheet();
const dressed = fetch(new URL("./panel.css", import.meta.url))
  .then((answer) => answer.text())
  .then((text) => sheet.replace(text))
  // Without it the panel is plain, and works.
  .catch(() => {});

/** What it speaks, what there is to see and for whom, another element on the same ground may say otherwise. */
export class GuestkeyPanel extends HTMLElement {
  catalogues = CATALOGUES;
  tabs = TABS;
  #token;
  #hasBegun = false;
  #shadow = this.attachShadow({ mode: "open" });
  #views = new Map();
  #selected;

  /** A function that returns the token of the user who is signed in, or a promise of it. */
  set token(give) {
    this.#token = give;
    this.#begin();
  }

  connectedCallback() {
    this.#shadow.adoptedStyleSheets = [sheet];
    if (Object.hasOwn(this, "token")) {
      // Set before this module was there.
      const { token } = this;
      delete this.token;
      this.token = token;
    }
    document.addEventListener("visibilitychange", this.#refresh);
    this.#begin();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#refresh);
    this.#empty();
    this.#hasBegun = false;
  }

  /** Open the dialog. The focus goes back to where it was when it is closed. */
  async open() {
    if (this.#shadow.querySelector("dialog[open]") || this.isInline) return;
    const place = element("div", { class: "panel", part: "panel" });
    const dialog = element("dialog", { part: "dialog", "aria-label": "…", onclose: () => this.#empty() }, place);
    this.#shadow.replaceChildren(dialog);
    dialog.showModal();
    await this.#fill(place);
  }

  get isInline() {
    return this.hasAttribute("inline");
  }

  close() {
    this.#shadow.querySelector("dialog")?.close();
  }

  #begin() {
    if (this.#hasBegun || !this.isConnected || !this.#token) return;
    this.#hasBegun = true;
    if (this.isInline) {
      const place = element("div", { class: "panel", part: "panel" });
      this.#shadow.replaceChildren(place);
      this.#fill(place);
    } else if (this.#hides) {
      this.#api()
        .me()
        .then((me) => this.#tell("right", { may_grant: me.may_grant }))
        // Whoever cannot be asked about is not left out.
        .catch(() => {});
    }
  }

  get #hides() {
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

  async #fill(place) {
    const language = this.getAttribute("language");
    await this.#speak(place, language);
    const guestkey = this.#api();
    const first = () => this.#select(Object.keys(this.tabs)[0]);
    const read = async () => {
      const [met] = await Promise.all([this.meet(guestkey), dressed]);
      await this.#speak(place, language, met.me?.locale);
      return this.#tabs({
        ...met,
        guestkey,
        zone: this.getAttribute("time-zone") ?? met.zone,
        tell: (what, detail) => this.#tell(what, detail),
      });
    };
    await into(place, read, first);
  }

  /** Return who it is, and whose clock counts: two questions, and then there is something to see. */
  async meet(guestkey) {
    const [me, about] = await Promise.all([guestkey.me(), guestkey.about()]);
    this.#tell("right", { may_grant: me.may_grant });
    if (this.isInline) this.hidden = this.#hides && !me.may_grant;
    return { me, about, zone: about.time_zone };
  }

  async #speak(place, ...wanted) {
    place.lang = await speak(this.catalogues, ...wanted.filter(Boolean), ...navigator.languages);
    place.parentElement?.setAttribute("aria-label", texts.heading);
  }

  #tabs(session) {
    const names = Object.keys(this.tabs).filter((name) => session.me?.may_grant || !WANT_RIGHT.includes(name));
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
      { role: "tablist", "aria-label": texts.heading, onkeydown: (event) => step(event) },
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

  /** Show a tab; what was typed there before is still there. */
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
    await into(view.place, async () => {
      const tab = await this.tabs[name]();
      const [children, refresh] = await tab[name](view.session);
      view.refresh = refresh;
      return children;
    });
  }

  /** Read anew what somebody may have changed in another window. */
  #refresh = () => {
    if (document.visibilityState === "visible") this.#views.get(this.#selected)?.refresh?.();
  };

  #empty() {
    this.#views = new Map();
    this.#shadow.replaceChildren();
  }

  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(`guestkey:${what}`, { detail, bubbles: true, composed: true }));
  }
}

/** What one is asked on the telephone: the customer's name and the version. */
function about({ me, about }) {
  const said = texts.about;
  const rows = [
    [said.tenant, about.tenant_id],
    [said.name, about.name],
    [said.version, about.version],
    [said.user, me.name],
  ];
  const copy = async () => {
    const text = rows.map(([label, value]) => `${label}: ${value}`).join("\n");
    const isDone = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    say(place, isDone ? said.copied : said.notCopied);
  };
  const place = element(
    "section",
    {},
    element("h3", {}, said.heading),
    facts(...rows),
    buttons(button(said.copy, copy, null, { id: "copy" })),
  );
  return [[place]];
}

/** Let the arrow keys lead from tab to tab. */
function step(event) {
  const tabs = [...event.currentTarget.children];
  const here = tabs.indexOf(event.target);
  const there = { Home: 0, End: tabs.length - 1 }[event.key] ?? here + STEPS[event.key];
  if (Number.isNaN(there)) return;
  event.preventDefault();
  tabs.at(there % tabs.length).focus();
}

customElements.define("guestkey-panel", GuestkeyPanel);
