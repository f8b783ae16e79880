// Tab: the call-backs booked for a day, those that the agent has taken for other days, and the queue in order of arrival.

import { loadInto } from "./actions.js";
import { addDays, dateOf, day, zoneNote } from "./days.js";
import { rowFor } from "./desk.call.js";
import { announce, button, buttons, element, muted } from "./elements.js";
import { format } from "./texts.js";

/** @import { SupportCallback } from "../types/api" */
/** @import { DeskSession, Tab } from "../types/pages" */
/** @import { CallbacksTab } from "./desk.call.js" */

const NOON = "T12:00:00Z";
/** Time after which a row shows the present time at its customer's again. */
const TICK_MILLISECONDS = 10_000;

/**
 * @param {DeskSession} session
 * @returns {Tab}
 */
export function callbacks(session) {
  const { texts } = session;
  const strings = texts.callbacks;
  const heading = element("h3", { tabindex: "-1" });
  const list = element("div", { class: "fields" });
  const today = () => dateOf(session.guestkey.now(), session.zone);
  /** @type {string | null} */
  let chosen = null;
  /** @type {ReturnType<typeof setInterval>} */
  let clock;
  /** @param {string} date */
  const show = (date) => {
    tab.day = date;
    heading.textContent = day(date + NOON, { ...session, zone: "UTC" });
    return session.support.callbacks({ day: date, language: session.tag });
  };
  /** @type {() => Promise<void>} */
  const refresh = () => {
    clearInterval(clock);
    clock = setInterval(tick, TICK_MILLISECONDS);
    return loadInto(session, list, async () => {
      let read = await show(chosen ?? today());
      // The first response sets the API's clock, and with it which day is today.
      if (!chosen && tab.day !== today()) read = await show(today());
      const { booked, waiting, taken, topics } = read;
      const listed = new Set([...booked, ...waiting].map((one) => one.callback_id));
      const elsewhere = taken.filter((one) => !listed.has(one.callback_id));
      return () => {
        tab.topics = topics;
        tab.agentId = taken[0]?.agent?.id ?? tab.agentId;
        return [
          ...section(booked, strings.nothing),
          ...(elsewhere.length > 0 ? [element("h3", {}, strings.elsewhere), ...section(elsewhere, "")] : []),
          element("h3", {}, format(strings.queue, { number: waiting.length })),
          ...section(waiting, strings.nobody),
          zoneNote(session),
        ];
      };
    });
  };
  const tick = () => {
    if (!list.isConnected) clearInterval(clock);
    for (const { update } of tab.rows.values()) update();
  };
  /**
   * @param {SupportCallback[]} some
   * @param {string} nothing
   */
  const section = (some, nothing) =>
    some.length === 0 ? [muted(nothing)] : [element("ul", { class: "rows" }, ...some.map((one) => rowFor(one, tab)))];
  /** @type {CallbacksTab} */
  const tab = { session, refresh, rows: new Map(), day: "", topics: [] };
  /** @param {string | null} date */
  const showDay = (date) => {
    chosen = date;
    announce(list, "");
    return refresh();
  };
  /** @param {number} days */
  const shiftDays = (days) => () => showDay(addDays(tab.day, days));
  refresh();
  const days = element(
    "div",
    { class: "buttons" },
    button("‹", shiftDays(-1), null, { id: "before", "aria-label": strings.before }),
    button(strings.today, () => showDay(null), null, { id: "today" }),
    button("›", shiftDays(1), null, { id: "after", "aria-label": strings.after }),
  );
  const again = button(texts.refresh, refresh, null, { id: "refresh" });
  return [[element("section", {}, days, heading, list), buttons(again)], refresh];
}
