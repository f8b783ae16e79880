// The first tab: who asks to be let in, whom to let in, and who is in now.

import { whole } from "./api.js";
import {
  aside,
  button,
  buttons,
  change,
  countdown,
  element,
  into,
  keyed,
  paragraph,
  quiet,
  quoted,
  row,
  terms,
} from "./elements.js";
import { MAX_QUERY_LENGTH } from "./limits.js";
import { briefEnd, end as endOf, exporting, fill, inSentence, texts } from "./texts.js";

const TYPING = 250;
const MOST_SHOWN = 30;

export function activation(session) {
  if (!session.me.may_grant) return whomToAsk(session);
  const asking = element("div");
  const cards = new Map();
  const live = element("section", { "aria-labelledby": "live" });
  const refresh = () => Promise.all([showRequests(asking, cards, session, refresh), showLive(live, session)]);
  // The form does not wait for them.
  refresh();
  return [[asking, form(session, refresh), live], refresh];
}

/** Say why somebody who does not hold the right cannot let support in, and who can. */
async function whomToAsk({ guestkey, about }) {
  const said = texts.noRight;
  const refusal = await guestkey.requests().catch((error) => error);
  if (refusal.problem?.code !== "right_missing") throw refusal;
  const ask = refusal.problem.ask ?? [];
  return [
    [
      element("h3", {}, said.heading),
      paragraph(fill(said.text, { account: about.name })),
      paragraph(ask.length > 0 ? said.ask : said.askAnybody),
      element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address))),
    ],
  ];
}

// ------------------------------------------------------------------ letting somebody in

function form(session, refresh) {
  const said = texts.activation;
  const send = keyed();
  const names = new Map();
  const choice = {};
  const found = element("div", { class: "found", role: "radiogroup", "aria-label": said.whom, id: "whom" });
  const search = element("input", { type: "search", id: "search", autocomplete: "off", maxlength: MAX_QUERY_LENGTH });
  const look = () => into(found, async () => choices(await session.guestkey.directory(search.value), names, choice));
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(look, TYPING);
  });
  look();
  const { children, chosen } = terms("give", "1h", true);
  const give = () => {
    if (!choice.one) {
      place.querySelector(".aside").textContent = said.nobody;
      search.focus();
      return;
    }
    change(place, async () => {
      const { type, id } = choice.one;
      const grant = await send({ grantee: { type, id }, ...chosen() }, session.guestkey.give);
      session.tell("granted", grant);
      await refresh();
      return granted(grant, session);
    });
  };
  const place = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), give()) },
    element("h3", {}, said.heading),
    element("label", { for: "search" }, said.search),
    search,
    found,
    ...children,
    buttons(button(said.give, give, "primary", { id: "give", part: "primary" })),
  );
  return place;
}

function granted(grant, { zone }) {
  const said = grant.ends_at ? texts.activation.grantedUntil : texts.activation.grantedForGood;
  return fill(said, { name: grant.grantee.name, moment: grant.ends_at && endOf(grant.ends_at, zone) });
}

/** Return whom one can choose. Who was chosen before is among them, whatever is searched for, and still chosen. */
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
  if (all.length === 0) return [quiet(texts.activation.noneFound)];
  const more = all.length > MOST_SHOWN ? quiet(texts.activation.more) : null;
  return [...all.slice(0, MOST_SHOWN).map(shown), more];
}

// ------------------------------------------------------------------ who asks

/** Show who asks. A card that is there already stays, with whatever was chosen on it. */
function showRequests(place, cards, session, refresh) {
  return into(place, async () => {
    const { items } = await session.guestkey.requests();
    for (const request of items) {
      const { request_id: id } = request;
      if (!cards.has(id)) cards.set(id, asked(request, session, refresh));
    }
    return items.map((request) => cards.get(request.request_id));
  });
}

function asked(request, session, refresh) {
  const said = texts.asked;
  const agent = request.agent.name;
  const id = request.request_id;
  const send = keyed();
  const { period, may_export } = request;
  const { children, chosen } = terms(id, period, may_export);
  const answer = (work) =>
    change(place, async () => {
      try {
        await work();
      } catch (error) {
        // Somebody, or time, was faster: what is shown is no longer so.
        if (![409, 410].includes(error.status)) throw error;
      }
      await refresh();
    });
  const approve = () =>
    answer(async () => {
      const order = (terms, key) => session.guestkey.approve(id, terms, key);
      session.tell("granted", await send(chosen(), order));
    });
  const decline = () => answer(() => session.guestkey.decline(id));
  const place = element(
    "section",
    { class: "card", "aria-labelledby": `asked-${id}` },
    element("h3", { id: `asked-${id}` }, fill(said.heading, { agent })),
    quoted(request.reason),
    paragraph(fill(said.terms, { period: inSentence(texts.periods[period]), export: exporting(may_export) })),
    ...children,
    buttons(
      button(said.approve, approve, "primary", { id: `approve-${id}` }),
      button(said.decline, decline, null, { id: `decline-${id}` }),
    ),
  );
  return place;
}

// ------------------------------------------------------------------ who is in

function showLive(place, session) {
  return into(place, async () => {
    const items = await whole((query) => session.guestkey.grants({ state: "live", ...query }));
    const heading = element("h3", { id: "live", tabindex: "-1" }, texts.live.heading);
    const rows = items.map((grant) => inNow(grant, place, session));
    return [heading, items.length > 0 ? element("ul", { class: "rows" }, ...rows) : quiet(texts.live.nobody), aside()];
  });
}

function inNow(grant, place, session) {
  const said = texts.live;
  const until = grant.ends_at
    ? fill(texts.until, { moment: briefEnd(grant.ends_at, session.zone) })
    : texts.periods.permanent;
  const revoke = () =>
    change(place, async () => {
      session.tell("revoked", await revoked(grant, session));
      await showLive(place, session);
      place.querySelector("#live").focus();
    });
  const name = grant.grantee.name;
  const attributes = { id: `revoke-${grant.grant_id}`, "aria-label": fill(said.revokeWhom, { name }) };
  return row(
    name,
    [
      `${until}, ${exporting(grant.may_export)}`,
      grant.ends_at && countdown(grant.ends_at, session, () => showLive(place, session)),
    ],
    button(said.revoke, revoke, null, attributes),
  );
}

async function revoked(grant, { guestkey }) {
  try {
    return await guestkey.revoke(grant.grant_id);
  } catch (error) {
    // Time was faster: it is over either way.
    if (error.problem?.code === "grant_ended") return grant;
    throw error;
  }
}
