// Tab: pending requests, the form that gives a grant, and the live grants.

import { readAll, withIdempotencyKey } from "./api.js";
import {
  announce,
  button,
  buttons,
  countdown,
  element,
  loadInto,
  muted,
  paragraph,
  periodFields,
  quoted,
  row,
  runAction,
  statusLine,
} from "./elements.js";
import { MAX_QUERY_LENGTH } from "./limits.js";
import { endMoment, exportText, format, inSentence, shortEndMoment } from "./texts.js";

/** @import { Directory, Grant, Request } from "../types/api" */
/** @import { PanelSession, Tab } from "../types/pages" */
/** @typedef {{ type: string, id: string, name: string, hint: string }} Choice */
/** @typedef {() => Promise<unknown>} Refresh */

const SEARCH_DELAY_MILLISECONDS = 250;
const MAX_CHOICES_SHOWN = 30;

/**
 * @param {PanelSession} session
 * @returns {Tab | Promise<Tab>}
 */
export function activation(session) {
  if (!session.me.may_grant) return missingRight(session);
  const requests = element("div");
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map();
  const live = element("section", { "aria-labelledby": "live" });
  /** @type {Refresh} */
  const refresh = () => Promise.all([showRequests(requests, cards, session, refresh), showLive(live, session)]);
  // The form is shown before the lists are loaded.
  refresh();
  return [[requests, form(session, refresh), live], refresh];
}

/**
 * Show a user without the right which colleagues hold it. The API's refusal names them.
 * @param {PanelSession} session
 * @returns {Promise<Tab>}
 */
async function missingRight({ guestkey, about, texts }) {
  const strings = texts.noRight;
  /** @type {any} */
  const refusal = await guestkey.requests().catch((error) => error);
  if (refusal.problem?.code !== "right_missing") throw refusal;
  /** @type {string[]} */
  const ask = refusal.problem.ask ?? [];
  return [
    [
      element("h3", {}, strings.heading),
      paragraph(format(strings.text, { account: about.name })),
      paragraph(ask.length > 0 ? strings.ask : strings.askAnybody),
      element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address))),
    ],
  ];
}

// ------------------------------------------------------------------ giving a grant

/**
 * @param {PanelSession} session
 * @param {Refresh} refresh
 */
function form(session, refresh) {
  const strings = session.texts.activation;
  const send = withIdempotencyKey();
  /** @type {Map<string, string>} */
  const names = new Map();
  /** @type {{ one?: Choice }} */
  const choice = {};
  const found = element("div", { class: "found", role: "radiogroup", "aria-label": strings.whom, id: "whom" });
  const search = element("input", { type: "search", id: "search", autocomplete: "off", maxlength: MAX_QUERY_LENGTH });
  const find = async () => choices(session, await session.guestkey.directory(search.value), names, choice);
  const searchAgain = () => loadInto(session, found, find);
  /** @type {ReturnType<typeof setTimeout>} */
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(searchAgain, SEARCH_DELAY_MILLISECONDS);
  });
  searchAgain();
  const { children, chosen } = periodFields(session, "give", "1h", true);
  const give = () => {
    const { one } = choice;
    if (!one) {
      announce(place, strings.nobody);
      search.focus();
      return;
    }
    runAction(session, place, async () => {
      const { type, id } = one;
      const grant = await send({ grantee: { type, id }, ...chosen() }, session.guestkey.give);
      session.emit("granted", grant);
      await refresh();
      return confirmation(grant, session);
    });
  };
  /** @type {HTMLElement} */
  const place = element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), give()) },
    element("h3", {}, strings.heading),
    element("label", { for: "search" }, strings.search),
    search,
    found,
    ...children,
    buttons(button(strings.give, give, "primary", { id: "give", part: "primary" })),
  );
  return place;
}

/**
 * @param {Grant} grant
 * @param {PanelSession} session
 */
function confirmation(grant, session) {
  const strings = session.texts.activation;
  const text = grant.ends_at ? strings.grantedUntil : strings.grantedForGood;
  return format(text, { name: grant.grantee.name, moment: grant.ends_at && endMoment(grant.ends_at, session) });
}

/**
 * Return the choices that a search found. The chosen one stays among them, even if the search did not find it.
 * @param {PanelSession} session
 * @param {Directory} found
 * @param {Map<string, string>} names
 * @param {{ one?: Choice }} choice
 */
function choices(session, { departments, agents }, names, choice) {
  const strings = session.texts.activation;
  for (const { id, name } of departments) names.set(id, name);
  /** @type {Choice[]} */
  const all = [
    ...departments.map(({ id, name }) => ({ type: "department", id, name, hint: strings.department })),
    ...agents.map(({ id, name, departments }) => ({
      type: "agent",
      id,
      name,
      hint: [departments.map((one) => names.get(one) ?? one).join(", "), id].filter(Boolean).join(" · "),
    })),
  ];
  /** @param {Choice} one */
  const isChosen = ({ type, id }) => choice.one?.type === type && choice.one.id === id;
  if (choice.one && !all.some(isChosen)) all.unshift(choice.one);
  /** @param {Choice} one */
  const shown = (one) => {
    const choose = () => (choice.one = one);
    const radio = element("input", { type: "radio", name: "grantee", id: `${one.type}-${one.id}`, onchange: choose });
    radio.checked = isChosen(one);
    return element(
      "label",
      { class: "choice" },
      radio,
      element("span", { dir: "auto" }, one.name),
      element("small", { dir: "auto" }, one.hint),
    );
  };
  if (all.length === 0) return [muted(strings.noneFound)];
  const more = all.length > MAX_CHOICES_SHOWN ? muted(strings.more) : null;
  return [...all.slice(0, MAX_CHOICES_SHOWN).map(shown), more];
}

// ------------------------------------------------------------------ pending requests

/**
 * Show the pending requests. A card outlives a reload, so its fields keep their values.
 * @param {HTMLElement} place
 * @param {Map<string, HTMLElement>} cards
 * @param {PanelSession} session
 * @param {Refresh} refresh
 */
function showRequests(place, cards, session, refresh) {
  return loadInto(session, place, async () => {
    const { items } = await session.guestkey.requests();
    for (const request of items) {
      const { request_id: id } = request;
      if (!cards.has(id)) cards.set(id, requestCard(request, session, refresh));
    }
    return items.map((request) => cards.get(request.request_id));
  });
}

/**
 * @param {Request} request
 * @param {PanelSession} session
 * @param {Refresh} refresh
 */
function requestCard(request, session, refresh) {
  const { texts } = session;
  const strings = texts.asked;
  const agent = request.agent.name;
  const { request_id: id, period, may_export, ticket } = request;
  const send = withIdempotencyKey();
  const { children, chosen } = periodFields(session, id, period, may_export);
  /** @param {() => Promise<unknown>} work */
  const submit = (work) =>
    runAction(session, place, async () => {
      try {
        await work();
      } catch (/** @type {any} */ error) {
        // Another user or the time was faster: the reload shows the current state.
        if (![409, 410].includes(error.status)) throw error;
      }
      await refresh();
    });
  const approve = () =>
    submit(async () => {
      /** @type {(body: object, key: string) => Promise<Grant>} */
      const approveRequest = (body, key) => session.guestkey.approve(id, body, key);
      session.emit("granted", await send(chosen(), approveRequest));
    });
  const decline = () => submit(() => session.guestkey.decline(id));
  /** @type {HTMLElement} */
  const place = element(
    "section",
    { class: "card", "aria-labelledby": `asked-${id}` },
    element("h3", { id: `asked-${id}` }, format(strings.heading, { agent })),
    quoted(request.reason),
    ticket && muted(format(strings.ticket, { ticket })),
    paragraph(format(strings.terms, { period: inSentence(texts.periods[period]), export: exportText(may_export, session) })),
    ...children,
    buttons(
      button(strings.approve, approve, "primary", { id: `approve-${id}` }),
      button(strings.decline, decline, null, { id: `decline-${id}` }),
    ),
  );
  return place;
}

// ------------------------------------------------------------------ live grants

/**
 * @param {HTMLElement} place
 * @param {PanelSession} session
 * @returns {Promise<void>}
 */
function showLive(place, session) {
  const strings = session.texts.live;
  return loadInto(session, place, async () => {
    const items = await readAll((query) => session.guestkey.grants({ state: "live", ...query }));
    const heading = element("h3", { id: "live", tabindex: "-1" }, strings.heading);
    const rows = items.map((grant) => liveRow(grant, place, session));
    const list = items.length > 0 ? element("ul", { class: "rows" }, ...rows) : muted(strings.nobody);
    return [heading, list, statusLine()];
  });
}

/**
 * @param {Grant} grant
 * @param {HTMLElement} place
 * @param {PanelSession} session
 */
function liveRow(grant, place, session) {
  const { texts } = session;
  const strings = texts.live;
  const until = grant.ends_at
    ? format(texts.until, { moment: shortEndMoment(grant.ends_at, session) })
    : texts.periods.permanent;
  const revoke = () =>
    runAction(session, place, async () => {
      session.emit("revoked", await revoked(grant, session));
      await showLive(place, session);
      place.querySelector("h3")?.focus();
    });
  const { type, id, name } = grant.grantee;
  const attributes = { id: `revoke-${grant.grant_id}`, "aria-label": format(strings.revokeWhom, { name }) };
  return row(
    name,
    [
      type === "agent" && id,
      `${until}, ${exportText(grant.may_export, session)}`,
      grant.ends_at && countdown(grant.ends_at, session, () => showLive(place, session)),
    ],
    button(strings.revoke, revoke, null, attributes),
  );
}

/**
 * @param {Grant} grant
 * @param {PanelSession} session
 */
function revoked(grant, { guestkey }) {
  return guestkey.revoke(grant.grant_id).catch((/** @type {any} */ error) => {
    // The time was faster: the access is over either way.
    if (error.problem?.code === "grant_ended") return grant;
    throw error;
  });
}
