// Tab: pending requests, the form that gives a grant, and the live grants.

import { readAll } from "./api.js";
import {
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
  withIdempotencyKey,
} from "./elements.js";
import { MAX_QUERY_LENGTH } from "./limits.js";
import { endMoment, exportText, format, inSentence, shortEndMoment, texts } from "./texts.js";

const SEARCH_DELAY_MILLISECONDS = 250;
const MAX_CHOICES_SHOWN = 30;

export function activation(session) {
  if (!session.me.may_grant) return missingRight(session);
  const requests = element("div");
  const cards = new Map();
  const live = element("section", { "aria-labelledby": "live" });
  const refresh = () => Promise.all([showRequests(requests, cards, session, refresh), showLive(live, session)]);
  // The form is shown before the lists are loaded.
  refresh();
  return [[requests, form(session, refresh), live], refresh];
}

/** Show a user without the right which colleagues hold it. The API's refusal names them. */
async function missingRight({ guestkey, about }) {
  const strings = texts.noRight;
  const refusal = await guestkey.requests().catch((error) => error);
  if (refusal.problem?.code !== "right_missing") throw refusal;
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

function form(session, refresh) {
  const strings = texts.activation;
  const send = withIdempotencyKey();
  const names = new Map();
  const choice = {};
  const found = element("div", { class: "found", role: "radiogroup", "aria-label": strings.whom, id: "whom" });
  const search = element("input", { type: "search", id: "search", autocomplete: "off", maxlength: MAX_QUERY_LENGTH });
  const find = async () => choices(await session.guestkey.directory(search.value), names, choice);
  const searchAgain = () => loadInto(found, find);
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(searchAgain, SEARCH_DELAY_MILLISECONDS);
  });
  searchAgain();
  const { children, chosen } = periodFields("give", "1h", true);
  const give = () => {
    if (!choice.one) {
      place.querySelector(".aside").textContent = strings.nobody;
      search.focus();
      return;
    }
    runAction(place, async () => {
      const { type, id } = choice.one;
      const grant = await send({ grantee: { type, id }, ...chosen() }, session.guestkey.give);
      session.emit("granted", grant);
      await refresh();
      return confirmation(grant, session);
    });
  };
  const place = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), give()) },
    element("h3", {}, strings.heading),
    element("label", { for: "search" }, strings.search),
    search,
    found,
    ...children,
    buttons(button(strings.give, give, "primary", { id: "give", part: "primary" })),
  );
  return place;
}

function confirmation(grant, { zone }) {
  const text = grant.ends_at ? texts.activation.grantedUntil : texts.activation.grantedForGood;
  return format(text, { name: grant.grantee.name, moment: grant.ends_at && endMoment(grant.ends_at, zone) });
}

/** Return the choices that a search found. The chosen one stays among them, even if the search did not find it. */
function choices({ departments, agents }, names, choice) {
  for (const { id, name } of departments) names.set(id, name);
  const all = [
    ...departments.map(({ id, name }) => ({ type: "department", id, name, hint: texts.activation.department })),
    ...agents.map(({ id, name, departments }) => ({
      type: "agent",
      id,
      name,
      hint: departments.map((one) => names.get(one) ?? one).join(", "),
    })),
  ];
  const isChosen = ({ type, id }) => choice.one?.type === type && choice.one.id === id;
  if (choice.one && !all.some(isChosen)) all.unshift(choice.one);
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
  if (all.length === 0) return [muted(texts.activation.noneFound)];
  const more = all.length > MAX_CHOICES_SHOWN ? muted(texts.activation.more) : null;
  return [...all.slice(0, MAX_CHOICES_SHOWN).map(shown), more];
}

// ------------------------------------------------------------------ pending requests

/** Show the pending requests. A card outlives a reload, so its fields keep their values. */
function showRequests(place, cards, session, refresh) {
  return loadInto(place, async () => {
    const { items } = await session.guestkey.requests();
    for (const request of items) {
      const { request_id: id } = request;
      if (!cards.has(id)) cards.set(id, requestCard(request, session, refresh));
    }
    return items.map((request) => cards.get(request.request_id));
  });
}

function requestCard(request, session, refresh) {
  const strings = texts.asked;
  const agent = request.agent.name;
  const id = request.request_id;
  const send = withIdempotencyKey();
  const { period, may_export } = request;
  const { children, chosen } = periodFields(id, period, may_export);
  const submit = (work) =>
    runAction(place, async () => {
      try {
        await work();
      } catch (error) {
        // Another user or the time was faster: the reload shows the current state.
        if (![409, 410].includes(error.status)) throw error;
      }
      await refresh();
    });
  const approve = () =>
    submit(async () => {
      const approveRequest = (body, key) => session.guestkey.approve(id, body, key);
      session.emit("granted", await send(chosen(), approveRequest));
    });
  const decline = () => submit(() => session.guestkey.decline(id));
  const place = element(
    "section",
    { class: "card", "aria-labelledby": `asked-${id}` },
    element("h3", { id: `asked-${id}` }, format(strings.heading, { agent })),
    quoted(request.reason),
    paragraph(format(strings.terms, { period: inSentence(texts.periods[period]), export: exportText(may_export) })),
    ...children,
    buttons(
      button(strings.approve, approve, "primary", { id: `approve-${id}` }),
      button(strings.decline, decline, null, { id: `decline-${id}` }),
    ),
  );
  return place;
}

// ------------------------------------------------------------------ live grants

function showLive(place, session) {
  return loadInto(place, async () => {
    const items = await readAll((query) => session.guestkey.grants({ state: "live", ...query }));
    const heading = element("h3", { id: "live", tabindex: "-1" }, texts.live.heading);
    const rows = items.map((grant) => liveRow(grant, place, session));
    const list = items.length > 0 ? element("ul", { class: "rows" }, ...rows) : muted(texts.live.nobody);
    return [heading, list, statusLine()];
  });
}

function liveRow(grant, place, session) {
  const strings = texts.live;
  const until = grant.ends_at
    ? format(texts.until, { moment: shortEndMoment(grant.ends_at, session.zone) })
    : texts.periods.permanent;
  const revoke = () =>
    runAction(place, async () => {
      session.emit("revoked", await revoked(grant, session));
      await showLive(place, session);
      place.querySelector("#live").focus();
    });
  const name = grant.grantee.name;
  const attributes = { id: `revoke-${grant.grant_id}`, "aria-label": format(strings.revokeWhom, { name }) };
  return row(
    name,
    [
      `${until}, ${exportText(grant.may_export)}`,
      grant.ends_at && countdown(grant.ends_at, session, () => showLive(place, session)),
    ],
    button(strings.revoke, revoke, null, attributes),
  );
}

async function revoked(grant, { guestkey }) {
  try {
    return await guestkey.revoke(grant.grant_id);
  } catch (error) {
    // The time was faster: the access is over either way.
    if (error.problem?.code === "grant_ended") return grant;
    throw error;
  }
}
