// To be called back: at a slot that one chooses or from the queue; the call one waits for; and what to do meanwhile.

import { Unreachable } from "./api.js";
import {
  button,
  buttons,
  change,
  clockOf,
  element,
  facts,
  faulty,
  into,
  keyed,
  paragraph,
  quiet,
  quoted,
  reason,
  say,
} from "./elements.js";
import { MAX_DESCRIPTION_LENGTH, MAX_PHONE_LENGTH } from "./limits.js";
import { clock, day, fill, moment, money, texts } from "./texts.js";

export async function callback(session) {
  const { guestkey, about, me } = session;
  const [topics, open, contact] = await Promise.all([
    guestkey.topics(),
    openOne(guestkey),
    guestkey.contact({ country: about.country, ...(me.locale && { language: me.locale }) }),
  ]);
  const place = element("div");
  const tab = { ...session, topics: topics.items, place };
  present(tab, open);
  const refresh = async () => {
    const now = await openOne(guestkey).catch(() => undefined);
    // What is being typed stays, unless a colleague was faster.
    if (now !== undefined && (now || tab.open)) present(tab, now);
  };
  return [[place, phoneNumbers(contact, session)], refresh];
}

async function openOne(guestkey) {
  try {
    return await guestkey.callback();
  } catch (error) {
    if (error.problem?.code === "no_callback") return null;
    throw error;
  }
}

/** Show the call that is waited for, or else how to ask for one, unless that is what is shown. */
function present(tab, open) {
  if (tab.open && open && tab.open.version === open.version && tab.open.state === open.state) return;
  tab.open = open;
  tab.place.replaceChildren(open ? waited(tab, open) : form(tab));
}

/** Show something else in the tab, because somebody pressed a button there: the focus goes along. */
function turn(tab, place, remark = "") {
  tab.place.replaceChildren(place);
  say(place, remark);
  place.querySelector("h3").focus();
}

function heading(text) {
  return element("h3", { tabindex: "-1" }, text);
}

// ------------------------------------------------------------------ the one that is waited for

function waited(tab, open) {
  const said = texts.waited;
  const again = () => turn(tab, waited(tab, open));
  const cancel = () =>
    change(place, async () => {
      tab.tell("cancelled", await tab.guestkey.cancel(open.callback_id));
      tab.open = null;
      turn(tab, form(tab), said.cancelled);
    });
  const sure = () => {
    const yes = button(said.yes, cancel, "primary", { id: "yes" });
    place.querySelector(".buttons").replaceChildren(yes, button(texts.back, again));
    say(place, said.sure);
    yes.focus();
  };
  const canMove = open.state !== "taken" && tab.me.may_book_slot;
  const move = () => turn(tab, moving(tab, open, again));
  const place = element(
    "section",
    { class: "card" },
    heading(said[open.state]),
    facts(
      [said.when, open.starts_at ? moment(open.starts_at, tab.zone) : texts.slots.queue],
      [texts.callback.topic, tab.topics.find((one) => one.id === open.topic)?.name ?? open.topic],
      [texts.callback.phone, open.phone_shown],
      open.agent ? [said.agent, open.agent.name] : [said.by, open.requested_by.name],
      [texts.callback.description, quoted(open.description)],
    ),
    buttons(
      canMove ? button(said.move, move, null, { id: "move" }) : null,
      button(said.cancel, sure, null, { id: "cancel" }),
    ),
  );
  return place;
}

function moving(tab, open, back) {
  const said = texts.waited;
  const slots = slotsOf(tab, () => open.topic);
  const move = () =>
    change(place, async () => {
      tab.open = await orOthers(slots, tab.guestkey.move(open.callback_id, await slots.chosen()));
      tab.tell("booked", tab.open);
      turn(tab, waited(tab, tab.open), said.done);
    });
  const choices = [button(said.move, move, "primary", { id: "move" }), button(texts.back, back)];
  const place = element(
    "section",
    { class: "card" },
    heading(said.move),
    slots.place,
    buttons(...choices),
  );
  return place;
}

// ------------------------------------------------------------------ asking for one

function form(tab) {
  const said = texts.callback;
  const send = keyed();
  const option = ({ id, ...topic }) => element("option", { value: id }, fill(said.topicMinutes, topic));
  const topic = element("select", { id: "topic" }, ...tab.topics.map(option));
  const described = { id: "phone", "aria-describedby": "phone-hint", autocomplete: "tel" };
  const phone = element("input", { type: "tel", maxlength: MAX_PHONE_LENGTH, ...described });
  const description = element("textarea", { id: "description", rows: "3", maxlength: MAX_DESCRIPTION_LENGTH, dir: "auto" });
  const slots = tab.me.may_book_slot ? slotsOf(tab, () => topic.value) : null;
  topic.addEventListener("change", () => slots?.look());
  const book = () =>
    change(place, async () => {
      for (const field of [phone, description]) field.removeAttribute("aria-invalid");
      const order = { topic: topic.value, description: description.value, phone: phone.value };
      const starts_at = await slots?.chosen();
      try {
        tab.open = await orOthers(slots, send(starts_at ? { ...order, starts_at } : order, tab.guestkey.book));
        tab.tell("booked", tab.open);
        turn(tab, waited(tab, tab.open), texts.waited.done);
      } catch (error) {
        const { callback } = error.problem ?? {};
        if (callback) return turn(tab, waited(tab, (tab.open = callback)), reason(error));
        return said.invalid[faulty(error, { description, phone })];
      }
    });
  const place = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), book()) },
    heading(said.heading),
    element("label", { for: "topic" }, said.topic),
    topic,
    slots ? slots.place : paragraph(said.queueOnly, "notice"),
    element("label", { for: "description" }, said.description),
    description,
    element("label", { for: "phone" }, said.phone),
    phone,
    element("p", { class: "quiet", id: "phone-hint" }, said.phoneHint),
    buttons(button(said.heading, book, "primary", { id: "book", part: "primary" })),
  );
  return place;
}

// ------------------------------------------------------------------ slots

/** Return the choice of a day and a time, of the tenant's own clock; and with no time chosen, the queue. */
function slotsOf(tab, topic) {
  const said = texts.slots;
  const place = element("div", { class: "fields" });
  let [chosenDay, looking, isThere] = [];
  let starts_at = null;
  const read = async () => {
    isThere = false;
    const { items } = await tab.guestkey.slots(topic());
    const days = Map.groupBy(
      items.filter(({ free }) => free > 0),
      (slot) => day(slot.starts_at, tab.zone),
    );
    const times = element("div", { class: "times", role: "radiogroup", "aria-label": said.time });
    const option = (name) => element("option", { selected: name === chosenDay }, name);
    const queue = element("option", { value: "" }, said.queue);
    const select = element("select", { id: "day" }, ...[...days.keys()].map(option), queue);
    const showTimes = () => {
      chosenDay = select.value;
      const slots = days.get(chosenDay) ?? [];
      // What was chosen before stays so, as long as it is there.
      starts_at = (slots.find((slot) => slot.starts_at === starts_at) ?? slots[0])?.starts_at ?? null;
      times.replaceChildren(...slots.map(time));
    };
    const time = (slot) => {
      const choose = () => (starts_at = slot.starts_at);
      const radio = element("input", { type: "radio", name: "slot", onchange: choose });
      radio.checked = slot.starts_at === starts_at;
      return element("label", { class: "time" }, radio, element("span", {}, clock(slot.starts_at, tab.zone)));
    };
    select.addEventListener("change", showTimes);
    showTimes();
    isThere = true;
    return [element("label", { for: "day" }, said.day), select, times, clockOf(tab)];
  };
  const look = () => (looking = into(place, read));
  /** Return the time that was chosen, once it is known what there is: to know nothing is not to prefer the queue. */
  const chosen = async () => {
    await looking;
    if (!isThere) throw new Unreachable();
    return starts_at;
  };
  look();
  return { place, look, chosen };
}

/** Wait for a booking; where somebody else was faster, show what is still free. */
async function orOthers(slots, booking) {
  try {
    return await booking;
  } catch (error) {
    if (["slot_taken", "slot_not_offered"].includes(error.problem?.code)) await slots?.look();
    throw error;
  }
}

// ------------------------------------------------------------------ telephone

/** Say how support is reached by telephone, and while it is closed, what the emergency line promises and costs. */
function phoneNumbers({ support, emergency }, { zone }) {
  const said = texts.contact;
  const number = (phone) => element("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}` }, phone);
  if (support.open_now) return support.phone && element("p", {}, `${said.open} `, number(support.phone));
  const opens = support.opens_at ? fill(said.closedUntil, { moment: moment(support.opens_at, zone) }) : said.closed;
  if (!emergency.phone) return paragraph(opens, "notice");
  const { fee, answered_within_hours: hours } = emergency;
  return element(
    "section",
    { class: "card", "aria-labelledby": "emergency" },
    element("h3", { id: "emergency" }, said.emergency),
    paragraph(opens),
    element("p", { class: "number" }, number(emergency.phone)),
    hours && paragraph(fill(said.promise, { hours })),
    fee && paragraph(fill(said.fee, { amount: money(fee), minutes: fee.per_started_minutes })),
  );
}
