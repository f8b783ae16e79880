// Tab: pending requests, the form that gives a grant, and the live grants.

import { loadInto, runAction, runNext } from "./actions.js";
import { withIdempotencyKey } from "./api.js";
import { announce, button, buttons, checkbox, element, muted, onTyping, termsFields } from "./elements.js";
import { MAX_QUERY_LENGTH } from "./limits.js";
import { liveList } from "./panel.live.js";
import { requestList } from "./panel.requests.js";
import { endMoment, format, fullName, shortEndMoment } from "./texts.js";

/** @import { AccessLevel, Directory, Grant } from "../types/api" */
/** @import { ActionResult, PanelSession, Tab } from "../types/pages" */
/** @typedef {{ type: string, id: string, name: string, hint: string }} Choice */
/** @typedef {ReturnType<typeof liveList>} LiveList */

const MAX_CHOICES_SHOWN = 30;
/** Time for which the form waits for the requests above it. Later ones are announced, because they would move it. */
const PATIENCE_MILLISECONDS = 1000;

/**
 * @param {PanelSession} session
 * @returns {Promise<Tab>}
 */
export async function activation(session) {
  if (!session.me.may_grant) return (await import("./panel.right.js")).missingRight(session);
  const lock = element("section", { "aria-labelledby": "lock" });
  /** @type {LiveList} */
  const live = liveList(session, async (locked) => {
    const { showLock } = await import("./panel.lock.js");
    await showLock(session, lock, locked, live.refresh);
  });
  const strings = session.texts.activation;
  /** @param {Grant} grant @returns {ActionResult} */
  const given = (grant) => [
    sentence(grant, session, strings.grantedUntil, strings.grantedForGood),
    { text: strings.undo, press: () => live.undo(grant) },
  ];
  const requests = requestList(session, () => live.refresh(), given);
  live.refresh();
  await Promise.race([requests.begin(), new Promise((done) => setTimeout(done, PATIENCE_MILLISECONDS))]);
  requests.settle();
  return [[requests.place, form(session, live, given), live.place, lock], () => Promise.all([requests.refresh(), live.refresh()])];
}

// ------------------------------------------------------------------ giving a grant

/**
 * @param {PanelSession} session
 * @param {LiveList} live
 * @param {(grant: Grant) => ActionResult} given
 */
function form(session, live, given) {
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
  onTyping(search, searchAgain);
  searchAgain();
  /** @type {{ period: "1h", access: AccessLevel, may_export: boolean }} */
  const asked = { period: "1h", access: session.me.default_access, may_export: true };
  const { children, chosen } = termsFields(session, "give", asked, "change");
  const software = checkbox("automate", strings.automate);
  const empty = () => {
    delete choice.one;
    place.reset();
    searchAgain();
  };
  /** @param {Choice} one */
  const give = (one, run = runAction) =>
    run(session, place, async () => {
      const { type, id } = one;
      const may_automate = type === "department" && software.box.checked;
      const grant = await send({ grantee: { type, id }, ...chosen(), may_automate }, session.guestkey.give);
      session.emit("granted", grant);
      empty();
      await live.refresh();
      return given(grant);
    });
  const ask = () => {
    const { one } = choice;
    if (!one) {
      announce(place, strings.nobody, "error");
      search.focus();
      return;
    }
    const before = live.of(one);
    if (!before) give(one);
    else announce(place, sentence(before, session, strings.already, strings.alreadyForGood, shortEndMoment), "ok", { text: strings.extend, press: () => give(one, runNext) });
  };
  /** @type {HTMLFormElement} */
  const place = element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), ask()) },
    element("h3", {}, strings.heading),
    element("label", { for: "search" }, strings.search),
    search,
    found,
    ...children,
    software.label,
    buttons(button(strings.give, ask, "primary", { id: "give", part: "primary" })),
  );
  return place;
}

/**
 * Return a sentence about a grant: `until` for one that ends by time, `forGood` for a permanent one.
 * @param {Grant} grant
 * @param {PanelSession} session
 * @param {string} until
 * @param {string} forGood
 */
function sentence(grant, session, until, forGood, momentOf = endMoment) {
  const { grantee, ends_at } = grant;
  return format(ends_at ? until : forGood, { name: grantee.name, moment: ends_at && momentOf(ends_at, session) });
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
    ...agents.map((agent) => ({
      type: "agent",
      id: agent.id,
      name: fullName(agent, session),
      hint: [agent.departments.map((one) => names.get(one) ?? one).join(", "), agent.id].filter(Boolean).join(" · "),
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
