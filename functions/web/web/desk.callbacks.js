// Tab: the call-backs booked for a day, and the queue in order of arrival.

import { clearInvalid, loadInto, markInvalid, runAction } from "./actions.js";
import { announce, button, buttons, element, muted, quoted, row, zoneNote } from "./elements.js";
import { MAX_NOTE_LENGTH } from "./limits.js";
import { clock, dateOf, day, format, shortMoment } from "./texts.js";

/** @import { SupportCallback } from "../types/api" */
/** @import { DeskSession, Field, Tab } from "../types/pages" */
/** @typedef {{ text: string, row: HTMLElement }} KnownRow */
/**
 * @typedef {{ session: DeskSession, refresh: () => Promise<void>, rows: Map<string, KnownRow> }}
 *   CallbacksTab
 */

const NOON = "T12:00:00Z";

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
  /** @type {string} */
  let shown;
  /** @param {string} date */
  const show = (date) => {
    shown = date;
    heading.textContent = day(date + NOON, { ...session, zone: "UTC" });
    return session.support.callbacks(date);
  };
  /** @type {() => Promise<void>} */
  const refresh = () =>
    loadInto(session, list, async () => {
      let read = await show(chosen ?? today());
      // The first response sets the API's clock, and with it which day is today.
      if (!chosen && shown !== today()) read = await show(today());
      const { booked, waiting } = read;
      return () => [
        ...section(booked, strings.nothing),
        element("h3", {}, format(strings.queue, { number: waiting.length })),
        ...section(waiting, strings.nobody),
        zoneNote(session),
      ];
    });
  /**
   * @param {SupportCallback[]} some
   * @param {string} nothing
   */
  const section = (some, nothing) =>
    some.length === 0 ? [muted(nothing)] : [element("ul", { class: "rows" }, ...some.map((one) => rowFor(one, tab)))];
  /** @type {CallbacksTab} */
  const tab = { session, refresh, rows: new Map() };
  /** @param {string | null} date */
  const showDay = (date) => {
    chosen = date;
    announce(list, "");
    return refresh();
  };
  /** @param {number} days */
  const shiftDays = (days) => () => showDay(dateOf(Date.parse(shown + NOON) + days * 24 * 60 * 60 * 1000, "UTC"));
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

/**
 * Return the row of a call-back. An unchanged call-back keeps its row and the text typed there.
 * @param {SupportCallback} callback
 * @param {CallbacksTab} tab
 */
function rowFor(callback, tab) {
  const text = JSON.stringify(callback);
  const known = tab.rows.get(callback.callback_id);
  if (known?.text === text) return known.row;
  const row = newRow(callback, tab);
  tab.rows.set(callback.callback_id, { text, row });
  return row;
}

/**
 * Return a new row with the actions that the call-back's state allows.
 * @param {SupportCallback} callback
 * @param {CallbacksTab} tab
 * @returns {HTMLElement}
 */
function newRow(callback, tab) {
  const { session } = tab;
  const strings = session.texts.callbacks;
  const { support } = session;
  /** @type {Record<string, string>} */
  const invalid = strings.invalid;
  const { callback_id: id, state, agent, starts_at, requested_at } = callback;
  const isOpen = state === "booked" || state === "waiting";
  /**
   * Run an action and show the new state. Reloads the tab if another agent was faster.
   * @param {() => Promise<SupportCallback>} work
   * @param {string} done
   * @param {Record<string, Field>} fields
   */
  const act = (work, done, fields = {}) =>
    runAction(session, current, async () => {
      try {
        const result = await work();
        session.agentId = result.agent?.id;
        // A reload replaced this row meanwhile, perhaps with the old state.
        if (!current.isConnected) return tab.refresh();
        const updated = rowFor(result, tab);
        current.replaceWith(updated);
        updated.focus();
        return done;
      } catch (/** @type {any} */ error) {
        if (error.status !== 409) throw markInvalid(error, fields, invalid);
        await tab.refresh();
        throw error;
      }
    });
  const take = button(strings.take, () => act(() => support.take(id), strings.taken), "primary", attributes("take"));
  const toClose = button(strings.close, () => swap(), null, attributes("close"));

  /** @param {string} what */
  function attributes(what) {
    return { id: `${what}-${id}`, "aria-describedby": `about-${id}` };
  }

  function swap() {
    current.lastElementChild?.replaceWith(closing());
    current.querySelector("textarea")?.focus();
  }

  function closing() {
    const note = element("textarea", { id: `note-${id}`, rows: "2", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
    /** @param {string} outcome */
    const close = (outcome) => () => {
      clearInvalid(note);
      const body = { outcome, ...(note.value && { note: note.value }) };
      return act(() => support.close(id, body), strings.closed, { note });
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

  /** Only the agent who took a call-back closes it. The agent's id is known after their first action here. */
  function actions() {
    if (isOpen) return buttons(take);
    if (state !== "taken" || (session.agentId && session.agentId !== agent?.id)) return buttons();
    return session.agentId ? closing() : buttons(toClose);
  }

  const number = element("a", { href: `tel:${callback.phone}`, class: "number" }, callback.phone);
  const current = row(
    starts_at ? `${clock(starts_at, session)} · ${callback.tenant_id}` : callback.tenant_id,
    [
      starts_at ? null : format(strings.since, { moment: shortMoment(requested_at, session) }),
      element("p", { id: `about-${id}` }, quoted(callback.description)),
      element("p", {}, number, " ", element("span", { dir: "auto" }, callback.requested_by.name)),
      agent && format(strings.by, { name: agent.name }),
      callback.may_enter ? strings.mayEnter : strings.mayNotEnter,
    ],
    element("span", { class: `badge ${isOpen ? "live" : ""}` }, strings.states[state]),
  );
  current.append(actions());
  return current;
}
