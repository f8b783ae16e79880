// Tab: the form that books a call-back, at a slot or in the queue; the open call-back; and the telephone numbers.

import { failureText, runAction, untilReleased } from "./actions.js";
import { withIdempotencyKey } from "./api.js";
import { announce, button, buttons, element, paragraph, quoted } from "./elements.js";
import { facts } from "./facts.js";
import { clearInvalid, markInvalid } from "./invalid.js";
import { MAX_DESCRIPTION_LENGTH, MAX_PHONE_LENGTH } from "./limits.js";
import { callbackCalls } from "./panel.callback.api.js";
import { contactCard } from "./panel.contact.js";
import { orReloadSlots, slotPicker } from "./slots.js";
import { format, moment } from "./texts.js";

/** @import { Callback, CallbackApi, Topic } from "../types/api" */
/** @import { LaterSession, Tab } from "../types/pages" */
/**
 * The tab's state: the session, its calls, the topics, the open call-back, and the place that shows it or the form.
 * @typedef {LaterSession & { calls: CallbackApi, topics: Topic[], open?: Callback | null, place: HTMLElement }} CallbackTab
 */

/**
 * @param {LaterSession} session
 * @returns {Promise<Tab>}
 */
export async function callback(session) {
  const { guestkey, about, me } = session;
  const calls = callbackCalls(guestkey);
  const [topics, open, contact] = await Promise.all([
    calls.topics(),
    findOpen(calls),
    guestkey.contact({ country: about.country, ...(me.locale && { language: me.locale }) }),
  ]);
  const place = element("div");
  /** @type {CallbackTab} */
  const tab = { ...session, calls, topics: topics.items, place };
  showCurrent(tab, open);
  const refresh = async () => {
    const before = tab.open;
    const current = await findOpen(calls).catch(() => before);
    await untilReleased(place);
    // The form keeps its text, unless a colleague has booked meanwhile. What the user did meanwhile is newer.
    if ((current || before) && tab.open === before) showCurrent(tab, current);
  };
  // While the support line is closed, the emergency line stands first.
  const numbers = contactCard(contact, session);
  return [contact.support.open_now ? [place, numbers] : [numbers, place], refresh];
}

/** @param {CallbackApi} calls */
async function findOpen(calls) {
  try {
    return await calls.open();
  } catch (/** @type {any} */ error) {
    if (error.problem?.code === "no_callback") return null;
    throw error;
  }
}

/**
 * Show the open call-back, or else the form; an unchanged call-back is not shown again.
 * @param {CallbackTab} tab
 * @param {Callback | null} [open]
 */
function showCurrent(tab, open) {
  if (tab.open && open && tab.open.version === open.version && tab.open.state === open.state) return;
  tab.open = open;
  tab.place.replaceChildren(open ? openCallback(tab, open) : bookingForm(tab));
}

/**
 * Replace the content of the tab after a button was pressed there, and move the focus to the new heading.
 * @param {CallbackTab} tab
 * @param {HTMLElement} place
 */
function swap(tab, place, remark = "") {
  tab.place.replaceChildren(place);
  announce(place, remark);
  place.querySelector("h3")?.focus();
}

/** @param {string} text */
function heading(text) {
  return element("h3", { tabindex: "-1" }, text);
}

// ------------------------------------------------------------------ the open call-back

/**
 * @param {CallbackTab} tab
 * @param {Callback} open
 */
function openCallback(tab, open) {
  const { texts } = tab;
  const strings = texts.waited;
  const again = () => swap(tab, openCallback(tab, open));
  const cancel = () =>
    runAction(tab, place, async () => {
      tab.emit("cancelled", await tab.calls.cancel(open.callback_id));
      tab.open = null;
      swap(tab, bookingForm(tab), strings.cancelled);
    });
  const confirmCancel = () => {
    const yes = button(strings.yes, cancel, "primary", { id: "yes" });
    place.querySelector(".buttons")?.replaceChildren(yes, button(texts.back, again));
    announce(place, strings.sure);
    yes.focus();
  };
  const canMove = tab.me.may_book_slot || open.stranded_by;
  /** @type {HTMLElement} */
  const place = element(
    "section",
    { class: "card" },
    heading(strings[/** @type {"booked" | "waiting" | "taken"} */ (open.state)]),
    open.stranded_by && paragraph(strings.stranded[open.stranded_by], "notice"),
    facts(
      [strings.when, whenOf(open, tab)],
      [texts.callback.topic, tab.topics.find((one) => one.id === open.topic)?.name ?? open.topic],
      [texts.callback.phone, open.phone_shown],
      open.agent ? [strings.agent, open.agent.name] : [strings.by, open.requested_by.name],
      [texts.callback.description, quoted(open.description)],
    ),
    buttons(
      canMove ? button(strings.move, () => swap(tab, moveForm(tab, open, again)), null, { id: "move" }) : null,
      button(strings.change, () => swap(tab, changeForm(tab, open, again)), null, { id: "change" }),
      button(strings.cancel, confirmCancel, null, { id: "cancel" }),
    ),
  );
  return place;
}

/**
 * Return when the user is called.
 * @param {Callback} open
 * @param {CallbackTab} tab
 */
function whenOf(open, tab) {
  return open.starts_at ? moment(open.starts_at, tab) : tab.texts.slots.queue;
}

/**
 * The form that puts the telephone number and the description right.
 * @param {CallbackTab} tab
 * @param {Callback} open
 * @param {() => void} back
 */
function changeForm(tab, open, back) {
  const strings = tab.texts.callback;
  const { phone, description, children } = textFields(tab, open);
  const change = () =>
    runAction(tab, place, async () => {
      clearInvalid(phone, description);
      try {
        const body = { phone: phone.value, description: description.value };
        tab.open = await tab.calls.correct(open.callback_id, body);
      } catch (error) {
        throw markInvalid(error, { description, phone }, strings.invalid);
      }
      tab.emit("booked", tab.open);
      swap(tab, openCallback(tab, tab.open), tab.texts.waited.changed);
    });
  /** @type {HTMLElement} */
  const place = element(
    "form",
    { class: "card", onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), change()) },
    heading(tab.texts.waited.change),
    ...children,
    buttons(button(tab.texts.waited.save, change, "primary", { id: "save" }), button(tab.texts.back, back)),
  );
  return place;
}

/**
 * The form that moves a call. It begins at the time that is booked. A call whose topic is gone can join the queue only.
 * @param {CallbackTab} tab
 * @param {Callback} open
 * @param {() => void} back
 */
function moveForm(tab, open, back) {
  const strings = tab.texts.waited;
  const hasTopic = tab.topics.some((one) => one.id === open.topic);
  const slots = hasTopic && tab.me.may_book_slot ? slotPicker(tab, () => tab.calls.slots(open.topic), { booked: open.starts_at }) : null;
  const move = () =>
    runAction(tab, place, async () => {
      const moved = await orReloadSlots(slots, tab.calls.move(open.callback_id, (await slots?.chosen()) ?? null));
      tab.open = moved;
      tab.emit("booked", moved);
      swap(tab, openCallback(tab, moved), strings.done);
    });
  const choices = [button(strings.move, move, "primary", { id: "move" }), button(tab.texts.back, back)];
  /** @type {HTMLElement} */
  const place = element(
    "section",
    { class: "card" },
    heading(strings.move),
    facts([strings.now, whenOf(open, tab)]),
    slots ? slots.place : paragraph(tab.texts.slots.queue, "notice"),
    buttons(...choices),
  );
  return place;
}

// ------------------------------------------------------------------ booking

/** @param {CallbackTab} tab */
function bookingForm(tab) {
  const strings = tab.texts.callback;
  const send = withIdempotencyKey();
  const items = tab.topics.map((one) => element("option", { value: one.id }, format(strings.topicMinutes, { ...one })));
  const topic = element("select", { id: "topic" }, ...items);
  const { phone, description, children } = textFields(tab);
  const slots = tab.me.may_book_slot ? slotPicker(tab, () => tab.calls.slots(topic.value)) : null;
  topic.addEventListener("change", () => slots?.reload());
  const book = () =>
    runAction(tab, place, async () => {
      clearInvalid(phone, description);
      const body = { topic: topic.value, description: description.value, phone: phone.value };
      const starts_at = await slots?.chosen();
      try {
        const booked = await orReloadSlots(slots, send(starts_at ? { ...body, starts_at } : body, tab.calls.book));
        tab.open = booked;
        tab.emit("booked", booked);
        swap(tab, openCallback(tab, booked), tab.texts.waited.done);
      } catch (/** @type {any} */ error) {
        const { callback } = error.problem ?? {};
        if (callback) return swap(tab, openCallback(tab, (tab.open = callback)), failureText(tab, error));
        throw markInvalid(error, { description, phone }, strings.invalid);
      }
    });
  /** @type {HTMLElement} */
  const place = element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => (event.preventDefault(), book()) },
    heading(strings.heading),
    element("label", { for: "topic" }, strings.topic),
    topic,
    slots ? slots.place : paragraph(strings.queueOnly, "notice"),
    ...children,
    buttons(button(strings.heading, book, "primary", { id: "book", part: "primary" })),
  );
  return place;
}

/**
 * Return the fields for the description and the telephone number.
 * @param {CallbackTab} tab
 * @param {Pick<Callback, "description" | "phone_shown">} [before]
 */
function textFields({ texts }, before) {
  const strings = texts.callback;
  const described = { id: "phone", "aria-describedby": "phone-hint", autocomplete: "tel" };
  const phone = element("input", { type: "tel", maxlength: MAX_PHONE_LENGTH, ...described });
  const description = element("textarea", { id: "description", rows: "3", maxlength: MAX_DESCRIPTION_LENGTH, dir: "auto" });
  [phone.value, description.value] = [before?.phone_shown ?? "", before?.description ?? ""];
  const children = [
    element("label", { for: "description" }, strings.description),
    description,
    element("label", { for: "phone" }, strings.phone),
    phone,
    element("p", { class: "quiet", id: "phone-hint" }, strings.phoneHint),
  ];
  return { phone, description, children };
}
