// Tab: the form that books a call-back, at a slot or in the queue; the open call-back; and the telephone numbers.

import { Unreachable } from "./api.js";
import {
  announce,
  button,
  buttons,
  element,
  facts,
  failureText,
  loadInto,
  markInvalid,
  muted,
  paragraph,
  quoted,
  runAction,
  withIdempotencyKey,
  zoneNote,
} from "./elements.js";
import { MAX_DESCRIPTION_LENGTH, MAX_PHONE_LENGTH } from "./limits.js";
import { clock, day, format, moment, money, texts } from "./texts.js";

export async function callback(session) {
  const { guestkey, about, me } = session;
  const [topics, open, contact] = await Promise.all([
    guestkey.topics(),
    findOpen(guestkey),
    guestkey.contact({ country: about.country, ...(me.locale && { language: me.locale }) }),
  ]);
  const place = element("div");
  const tab = { ...session, topics: topics.items, place };
  showCurrent(tab, open);
  const refresh = async () => {
    const current = await findOpen(guestkey).catch(() => undefined);
    // The form keeps its text, unless a colleague has booked meanwhile.
    if (current !== undefined && (current || tab.open)) showCurrent(tab, current);
  };
  return [[place, phoneNumbers(contact, session)], refresh];
}

async function findOpen(guestkey) {
  try {
    return await guestkey.callback();
  } catch (error) {
    if (error.problem?.code === "no_callback") return null;
    throw error;
  }
}

/** Show the open call-back, or else the form; an unchanged call-back is not shown again. */
function showCurrent(tab, open) {
  if (tab.open && open && tab.open.version === open.version && tab.open.state === open.state) return;
  tab.open = open;
  tab.place.replaceChildren(open ? openCallback(tab, open) : bookingForm(tab));
}

/** Replace the content of the tab after a button was pressed there, and move the focus to the new heading. */
function swap(tab, place, remark = "") {
  tab.place.replaceChildren(place);
  announce(place, remark);
  place.querySelector("h3").focus();
}

function heading(text) {
  return element("h3", { tabindex: "-1" }, text);
}

// ------------------------------------------------------------------ the open call-back

function openCallback(tab, open) {
  const strings = texts.waited;
  const again = () => swap(tab, openCallback(tab, open));
  const cancel = () =>
    runAction(place, async () => {
      tab.emit("cancelled", await tab.guestkey.cancel(open.callback_id));
      tab.open = null;
      swap(tab, bookingForm(tab), strings.cancelled);
    });
  const confirmCancel = () => {
    const yes = button(strings.yes, cancel, "primary", { id: "yes" });
    place.querySelector(".buttons").replaceChildren(yes, button(texts.back, again));
    announce(place, strings.sure);
    yes.focus();
  };
  const canMove = open.state !== "taken" && tab.me.may_book_slot;
  const move = () => swap(tab, moveForm(tab, open, again));
  const place = element(
    "section",
    { class: "card" },
    heading(strings[open.state]),
    facts(
      [strings.when, open.starts_at ? moment(open.starts_at, tab.zone) : texts.slots.queue],
      [texts.callback.topic, tab.topics.find((one) => one.id === open.topic)?.name ?? open.topic],
      [texts.callback.phone, open.phone_shown],
      open.agent ? [strings.agent, open.agent.name] : [strings.by, open.requested_by.name],
      [texts.callback.description, quoted(open.description)],
    ),
    buttons(
      canMove ? button(strings.move, move, null, { id: "move" }) : null,
      button(strings.cancel, confirmCancel, null, { id: "cancel" }),
    ),
  );
  return place;
}

function moveForm(tab, open, back) {
  const strings = texts.waited;
  const slots = slotPicker(tab, () => open.topic);
  const move = () =>
    runAction(place, async () => {
      tab.open = await orReloadSlots(slots, tab.guestkey.move(open.callback_id, await slots.chosen()));
      tab.emit("booked", tab.open);
      swap(tab, openCallback(tab, tab.open), strings.done);
    });
  const choices = [button(strings.move, move, "primary", { id: "move" }), button(texts.back, back)];
  const place = element(
    "section",
    { class: "card" },
    heading(strings.move),
    slots.place,
    buttons(...choices),
  );
  return place;
}

// ------------------------------------------------------------------ booking

function bookingForm(tab) {
  const strings = texts.callback;
  const send = withIdempotencyKey();
  const option = ({ id, ...topic }) => element("option", { value: id }, format(strings.topicMinutes, topic));
  const topic = element("select", { id: "topic" }, ...tab.topics.map(option));
  const described = { id: "phone", "aria-describedby": "phone-hint", autocomplete: "tel" };
  const phone = element("input", { type: "tel", maxlength: MAX_PHONE_LENGTH, ...described });
  const text = { rows: "3", maxlength: MAX_DESCRIPTION_LENGTH, dir: "auto" };
  const description = element("textarea", { id: "description", ...text });
  const slots = tab.me.may_book_slot ? slotPicker(tab, () => topic.value) : null;
  topic.addEventListener("change", () => slots?.reload());
  const book = () =>
    runAction(place, async () => {
      for (const field of [phone, description]) field.removeAttribute("aria-invalid");
      const body = { topic: topic.value, description: description.value, phone: phone.value };
      const starts_at = await slots?.chosen();
      try {
        tab.open = await orReloadSlots(slots, send(starts_at ? { ...body, starts_at } : body, tab.guestkey.book));
        tab.emit("booked", tab.open);
        swap(tab, openCallback(tab, tab.open), texts.waited.done);
      } catch (error) {
        const { callback } = error.problem ?? {};
        if (callback) return swap(tab, openCallback(tab, (tab.open = callback)), failureText(error));
        return strings.invalid[markInvalid(error, { description, phone })];
      }
    });
  const place = element(
    "form",
    { onsubmit: (event) => (event.preventDefault(), book()) },
    heading(strings.heading),
    element("label", { for: "topic" }, strings.topic),
    topic,
    slots ? slots.place : paragraph(strings.queueOnly, "notice"),
    element("label", { for: "description" }, strings.description),
    description,
    element("label", { for: "phone" }, strings.phone),
    phone,
    element("p", { class: "quiet", id: "phone-hint" }, strings.phoneHint),
    buttons(button(strings.heading, book, "primary", { id: "book", part: "primary" })),
  );
  return place;
}

// ------------------------------------------------------------------ slots

/** Return the choice of a day and a time, in the tenant's time zone. No time means the queue. */
function slotPicker(tab, topic) {
  const strings = texts.slots;
  const place = element("div", { class: "fields" });
  let [chosenDay, loading, isLoaded] = [];
  let starts_at = null;
  const read = async () => {
    isLoaded = false;
    const { items } = await tab.guestkey.slots(topic());
    const days = Map.groupBy(
      items.filter(({ free }) => free > 0),
      (slot) => day(slot.starts_at, tab.zone),
    );
    const times = element("div", { class: "times", role: "radiogroup", "aria-label": strings.time });
    const option = (name) => element("option", { selected: name === chosenDay }, name);
    const queue = element("option", { value: "" }, strings.queue);
    const select = element("select", { id: "day" }, ...[...days.keys()].map(option), queue);
    const showTimes = () => {
      chosenDay = select.value;
      const slots = days.get(chosenDay) ?? [];
      // The chosen time stays chosen as long as it is offered.
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
    isLoaded = true;
    return [element("label", { for: "day" }, strings.day), select, times, zoneNote(tab)];
  };
  const reload = () => (loading = loadInto(place, read));
  /** Return the chosen time. Throws if the slots could not be loaded, because no slots is not a choice of the queue. */
  const chosen = async () => {
    await loading;
    if (!isLoaded) throw new Unreachable();
    return starts_at;
  };
  reload();
  return { place, reload, chosen };
}

/** Return the result of a booking. Reloads the free slots if the slot was taken meanwhile. */
async function orReloadSlots(slots, booking) {
  try {
    return await booking;
  } catch (error) {
    if (["slot_taken", "slot_not_offered"].includes(error.problem?.code)) await slots?.reload();
    throw error;
  }
}

// ------------------------------------------------------------------ telephone

/** Show support's telephone number or, while support is closed, the emergency line with its promise and fee. */
function phoneNumbers({ support, emergency }, { zone }) {
  const strings = texts.contact;
  const number = (phone) => element("a", { href: `tel:${phone.replace(/[^+\d]/g, "")}` }, phone);
  if (support.open_now) return support.phone && element("p", {}, `${strings.open} `, number(support.phone));
  const opensAt = support.opens_at && moment(support.opens_at, zone);
  const opens = opensAt ? format(strings.closedUntil, { moment: opensAt }) : strings.closed;
  if (!emergency.phone) return paragraph(opens, "notice");
  const { fee, answered_within_hours: hours } = emergency;
  return element(
    "section",
    { class: "card", "aria-labelledby": "emergency" },
    element("h3", { id: "emergency" }, strings.emergency),
    paragraph(opens),
    element("p", { class: "number" }, number(emergency.phone)),
    hours && paragraph(format(strings.promise, { hours })),
    fee && paragraph(format(strings.fee, { amount: money(fee), minutes: fee.per_started_minutes })),
  );
}
