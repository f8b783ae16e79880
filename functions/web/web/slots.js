// The choice of a day and a time for a call-back.

import { loadInto } from "./actions.js";
import { Unreachable } from "./api.js";
import { clock, day, zoneNote } from "./days.js";
import { element } from "./elements.js";

/** @import { FreeSlot } from "../types/api" */
/** @import { Session } from "../types/pages" */
/** @typedef {ReturnType<typeof slotPicker>} SlotPicker */
/**
 * The time to begin with, which the call itself may keep; what tells the picker's ids from those of others in the
 * element; and a remark on a time.
 * @typedef {{ booked?: string | null, name?: string, remark?: (at: string) => string | null }} SlotOptions
 */

/**
 * Return the choice of a day and a time, in the session's time zone. No time means the queue.
 * @param {Session} session
 * @param {() => Promise<{ items: FreeSlot[] }>} find
 * @param {SlotOptions} options
 */
export function slotPicker(session, find, { booked = null, name = "", remark = () => null } = {}) {
  const strings = session.texts.slots;
  const place = element("div", { class: "fields" });
  let chosenDay = booked ? day(booked, session) : "";
  /** @type {Promise<void>} */
  let loading;
  let isLoaded = false;
  /** @type {string | null} */
  let starts_at = booked;
  const read = async () => {
    isLoaded = false;
    const { items } = await find();
    const days = Map.groupBy(
      withBooked(items, booked).filter(({ free, starts_at: at }) => free > 0 || at === booked),
      (slot) => day(slot.starts_at, session),
    );
    const times = element("div", { class: "times", role: "radiogroup", "aria-label": strings.time });
    /** @param {string} text */
    const option = (text) => element("option", { selected: text === chosenDay }, text);
    const queue = element("option", { value: "" }, strings.queue);
    const select = element("select", { id: `day${name}` }, ...[...days.keys()].map(option), queue);
    const showTimes = () => {
      chosenDay = select.value;
      const slots = days.get(chosenDay) ?? [];
      // The chosen time stays chosen as long as it is offered.
      starts_at = (slots.find((slot) => slot.starts_at === starts_at) ?? slots[0])?.starts_at ?? null;
      times.replaceChildren(...slots.map(time));
    };
    /** @param {FreeSlot} slot */
    const time = (slot) => {
      const choose = () => (starts_at = slot.starts_at);
      const radio = element("input", { type: "radio", name: `slot${name}`, onchange: choose });
      radio.checked = slot.starts_at === starts_at;
      const aside = remark(slot.starts_at);
      const text = element("span", {}, clock(slot.starts_at, session));
      return element("label", { class: "time" }, radio, text, aside && element("small", {}, aside));
    };
    select.addEventListener("change", showTimes);
    showTimes();
    isLoaded = true;
    return [element("label", { for: select.id }, strings.day), select, times, zoneNote(session)];
  };
  const reload = () => (loading = loadInto(session, place, read));
  /** Return the chosen time. Throws if the slots could not be loaded, because no slots is not a choice of the queue. */
  const chosen = async () => {
    await loading;
    if (!isLoaded) throw new Unreachable();
    return starts_at;
  };
  reload();
  return { place, reload, chosen };
}

/**
 * Return the slots, among them the one that the call has: it may have no free place left, or not be offered any more.
 * @param {FreeSlot[]} slots
 * @param {string | null} booked
 */
function withBooked(slots, booked) {
  if (!booked || slots.some(({ starts_at }) => starts_at === booked)) return slots;
  const all = [...slots, { starts_at: booked, ends_at: booked, free: 0 }];
  return all.sort((one, other) => one.starts_at.localeCompare(other.starts_at));
}

/**
 * Return the result of a booking. Reloads the free slots if the slot was taken meanwhile.
 * @template Result
 * @param {SlotPicker | null} slots
 * @param {Promise<Result>} booking
 */
export async function orReloadSlots(slots, booking) {
  try {
    return await booking;
  } catch (/** @type {any} */ error) {
    if (["slot_taken", "slot_not_offered"].includes(error.problem?.code)) await slots?.reload();
    throw error;
  }
}
