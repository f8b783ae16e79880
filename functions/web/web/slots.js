// The choice of a day and a time for a call-back.

import { loadInto } from "./actions.js";
import { Unreachable } from "./api.js";
import { element, zoneNote } from "./elements.js";
import { clock, day } from "./texts.js";

/** @import { Callback, FreeSlot } from "../types/api" */
/** @import { CallbackTab } from "./panel.callback.js" */
/** @typedef {ReturnType<typeof slotPicker>} SlotPicker */

/**
 * Return the choice of a day and a time, in the tenant's time zone. No time means the queue.
 * @param {CallbackTab} tab
 * @param {() => string} topic
 * @param {string | null} booked The time to begin with, which the call itself may keep.
 */
export function slotPicker(tab, topic, booked = null) {
  const strings = tab.texts.slots;
  const place = element("div", { class: "fields" });
  let chosenDay = booked ? day(booked, tab) : "";
  /** @type {Promise<void>} */
  let loading;
  let isLoaded = false;
  /** @type {string | null} */
  let starts_at = booked;
  const read = async () => {
    isLoaded = false;
    const { items } = await tab.guestkey.slots(topic());
    const days = Map.groupBy(
      withBooked(items, booked).filter(({ free, starts_at: at }) => free > 0 || at === booked),
      (slot) => day(slot.starts_at, tab),
    );
    const times = element("div", { class: "times", role: "radiogroup", "aria-label": strings.time });
    /** @param {string} name */
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
    /** @param {FreeSlot} slot */
    const time = (slot) => {
      const choose = () => (starts_at = slot.starts_at);
      const radio = element("input", { type: "radio", name: "slot", onchange: choose });
      radio.checked = slot.starts_at === starts_at;
      return element("label", { class: "time" }, radio, element("span", {}, clock(slot.starts_at, tab)));
    };
    select.addEventListener("change", showTimes);
    showTimes();
    isLoaded = true;
    return [element("label", { for: "day" }, strings.day), select, times, zoneNote(tab)];
  };
  const reload = () => (loading = loadInto(tab, place, read));
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
 * @param {SlotPicker | null} slots
 * @param {Promise<Callback>} booking
 */
export async function orReloadSlots(slots, booking) {
  try {
    return await booking;
  } catch (/** @type {any} */ error) {
    if (["slot_taken", "slot_not_offered"].includes(error.problem?.code)) await slots?.reload();
    throw error;
  }
}
