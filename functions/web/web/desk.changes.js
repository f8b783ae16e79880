// The forms that change a call-back: the outcome of the call, another agent, another time, or a cancellation.

import { loadInto } from "./actions.js";
import { clockThere } from "./desk.customer.js";
import { button, buttons, element, muted, paragraph } from "./elements.js";
import { facts } from "./facts.js";
import { clearInvalid } from "./invalid.js";
import { MAX_NOTE_LENGTH, MAX_REASON_LENGTH } from "./limits.js";
import { orReloadSlots, slotPicker } from "./slots.js";
import { format, shortMoment, zoneName } from "./texts.js";

/** @import { SupportCallback } from "../types/api" */
/** @import { Child, Field } from "../types/pages" */
/** @import { CallbacksTab } from "./desk.call.js" */
/** @typedef {string | ((result: SupportCallback) => string)} Done The text that says what was done. */
/**
 * A call-back and its tab, the function that runs an action of it, and the attributes of an element that belongs to it.
 * @typedef {{
 *   callback: SupportCallback, tab: CallbacksTab, attributes: (what: string) => { id: string },
 *   act: (work: () => Promise<SupportCallback>, done: Done, fields?: Record<string, Field>) => Promise<void>,
 * }} Call
 */

/**
 * Return the form that records the outcome of the call. Only the agent who took a call-back closes it.
 * @param {Call} call
 */
export function closing({ callback: { callback_id: id }, tab: { session }, act, attributes }) {
  const strings = session.texts.callbacks;
  const note = element("textarea", { id: `note-${id}`, rows: "2", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
  /** @param {string} outcome */
  const close = (outcome) => () => {
    clearInvalid(note);
    const body = { outcome, ...(note.value && { note: note.value }) };
    return act(() => session.support.close(id, body), strings.closed, { note });
  };
  return element(
    "form",
    { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    element("label", { for: note.id }, strings.note),
    note,
    buttons(
      button(strings.reached, close("reached"), "primary", attributes("reached")),
      button(strings.unreached, close("unreached"), null, attributes("unreached")),
    ),
  );
}

/**
 * Return the form that hands a call-back on to a colleague.
 * @param {Call} call
 * @param {() => void} back
 */
export function handing(call, back) {
  const { session, agentId } = call.tab;
  const strings = session.texts.callbacks;
  const { callback_id: id } = call.callback;
  const select = element("select", { id: `colleague-${id}` });
  const place = element("div", { class: "fields" });
  loadInto(session, place, async () => {
    const { agents, departments } = await session.support.colleagues();
    const names = new Map(departments.map((one) => [one.id, one.name]));
    const options = agents
      .filter((one) => one.id !== agentId)
      .sort((one, other) => one.name.localeCompare(other.name))
      .map((one) => {
        const hints = [one.name, ...one.departments.map((department) => names.get(department) ?? department), one.id];
        return element("option", { value: one.id, "data-name": one.name }, hints.join(" · "));
      });
    if (options.length === 0) return [muted(strings.noColleagues)];
    select.replaceChildren(...options);
    return [element("label", { for: select.id }, strings.colleague), select];
  });
  const hand = () => {
    const [chosen] = select.selectedOptions;
    if (!chosen) return;
    clearInvalid(select);
    const done = format(strings.handed, { name: chosen.dataset.name });
    call.act(() => session.support.hand(id, select.value), done, { agent_id: select });
  };
  return changeForm(call, "hand", strings.hand, hand, back, place);
}

/**
 * Return the form that moves a call-back, and begins at the booked time. A call-back whose topic the desk no
 * longer offers can move to the queue only.
 * @param {Call} call
 * @param {() => void} back
 */
export function moving(call, back) {
  const { session, topics } = call.tab;
  const strings = session.texts.callbacks;
  const { callback_id: id, starts_at, topic, customer, state, version } = call.callback;
  /** @param {string} at */
  const remark = (at) => customer && clockThere(customer.time_zone, at, session);
  const options = { booked: starts_at, name: `-${id}`, remark };
  const now = new Date(session.guestkey.now());
  const isElsewhere = customer && clockThere(customer.time_zone, now.toISOString(), session);
  const there = isElsewhere && { ...session, zone: customer.time_zone };
  const hasTopic = topics.some((one) => one.id === topic);
  const slots = hasTopic ? slotPicker(session, () => session.support.slots(topic), options) : null;
  const { reason, children } = reasonField(call);
  const move = () => {
    clearInvalid(reason);
    const work = async () => {
      const body = { starts_at: (await slots?.chosen()) ?? null, reason: reason.value };
      return orReloadSlots(slots, session.support.move(id, body));
    };
    return call.act(work, (moved) => (moved.version === version ? strings.unmoved : strings.moved), { reason });
  };
  const before = starts_at ? shortMoment(starts_at, session) : session.texts.slots.queue;
  return changeForm(
    call,
    "move",
    strings.move,
    move,
    back,
    facts([strings.now, before]),
    slots ? slots.place : paragraph(session.texts.slots.queue, "notice"),
    slots && there && muted(format(strings.remark, { zone: zoneName(now, there) })),
    state === "taken" ? muted(strings.freed) : null,
    ...children,
  );
}

/**
 * Return the form that cancels a call-back.
 * @param {Call} call
 * @param {() => void} back
 */
export function cancelling(call, back) {
  const { session } = call.tab;
  const strings = session.texts.callbacks;
  const { reason, children } = reasonField(call);
  const cancel = () => {
    clearInvalid(reason);
    const work = () => session.support.cancel(call.callback.callback_id, reason.value);
    return call.act(work, strings.cancelled, { reason });
  };
  return changeForm(call, "cancel", strings.cancel, cancel, back, ...children);
}

/**
 * Return the field for the reason of a change, which the customer reads.
 * @param {Call} call
 */
function reasonField({ callback: { callback_id: id, mail }, tab: { session } }) {
  const strings = session.texts.callbacks;
  const hint = element("p", { class: "quiet", id: `mailed-${id}` }, mail === "none" ? strings.notMailed : strings.mailed);
  const described = { "aria-describedby": hint.id, maxlength: MAX_REASON_LENGTH, dir: "auto" };
  const reason = element("textarea", { id: `why-${id}`, rows: "2", ...described });
  return { reason, children: [element("label", { for: reason.id }, session.texts.reason), reason, hint] };
}

/**
 * Return a form with a heading, a button that changes the call-back, and one that goes back.
 * @param {Call} call
 * @param {string} what
 * @param {string} text
 * @param {() => unknown} change
 * @param {() => void} back
 * @param {...Child} fields
 */
function changeForm({ tab: { session }, attributes }, what, text, change, back, ...fields) {
  const heading = element("h4", { ...attributes(`form-${what}`), tabindex: "-1" }, text);
  const onsubmit = (/** @type {Event} */ event) => (event.preventDefault(), change());
  return element(
    "form",
    { class: "card", "aria-labelledby": heading.id, onsubmit },
    heading,
    ...fields,
    buttons(
      button(text, change, "primary", attributes(`do-${what}`)),
      button(session.texts.back, back, null, attributes(`back-${what}`)),
    ),
  );
}
