// Whom to call: what is booked for a day, and the queue, first in first.

import {
  aside,
  button,
  buttons,
  change,
  clockOf,
  element,
  faulty,
  into,
  quiet,
  quoted,
  reason,
  row,
  say,
} from "./elements.js";
import { MAX_NOTE_LENGTH } from "./limits.js";
import { brief, clock, dateOf, day, fill, texts } from "./texts.js";

const NOON = "T12:00:00Z";

export function callbacks(session) {
  const said = texts.callbacks;
  const heading = element("h3", { tabindex: "-1" });
  const list = element("div", { class: "fields" });
  const remark = aside();
  const today = () => dateOf(session.guestkey.now(), session.zone);
  let chosen = null;
  let shown;
  const show = (date) => {
    shown = date;
    heading.textContent = day(date + NOON, "UTC");
    return session.support.callbacks(date);
  };
  const refresh = () =>
    into(list, async () => {
      let read = await show(chosen ?? today());
      // What time it is where the API is, only an answer says.
      if (!chosen && shown !== today()) read = await show(today());
      const { booked, waiting } = read;
      return [
        ...section(booked, said.nothing),
        element("h3", {}, fill(said.queue, { number: waiting.length })),
        ...section(waiting, said.nobody),
        clockOf(session),
      ];
    });
  const section = (some, nothing) =>
    some.length === 0 ? [quiet(nothing)] : [element("ul", { class: "rows" }, ...some.map((one) => rowOf(one, tab)))];
  const tab = { session, remark, refresh, rows: new Map() };
  const go = (date) => {
    chosen = date;
    remark.textContent = "";
    return refresh();
  };
  const by = (days) => () => go(dateOf(Date.parse(shown + NOON) + days * 24 * 60 * 60 * 1000, "UTC"));
  refresh();
  const days = element(
    "div",
    { class: "buttons" },
    button("‹", by(-1), null, { id: "before", "aria-label": said.before }),
    button(said.today, () => go(null), null, { id: "today" }),
    button("›", by(1), null, { id: "after", "aria-label": said.after }),
  );
  const again = button(texts.refresh, refresh, null, { id: "refresh" });
  return [[element("section", {}, days, heading, remark, list), buttons(again)], refresh];
}

/** Return the row of a call-back: as long as nothing changed the one there is, with what is typed in it. */
function rowOf(callback, tab, remark) {
  const text = JSON.stringify(callback);
  const known = tab.rows.get(callback.callback_id);
  if (known?.text === text) return known.row;
  const row = made(callback, tab, remark);
  tab.rows.set(callback.callback_id, { text, row });
  return row;
}

/** Return a call-back with what there is to be done about it. */
function made(callback, tab, remark = "") {
  const said = texts.callbacks;
  const { session } = tab;
  const { support } = session;
  const { callback_id: id, state, agent, starts_at, requested_at } = callback;
  const isOpen = state === "booked" || state === "waiting";
  /** Show how it stands after that. Where somebody was faster, all is read anew. */
  const act = (work, done, fields = {}) =>
    change(here, async () => {
      try {
        const now = await work();
        session.agentId = now.agent.id;
        // Read anew meanwhile, perhaps before this was done.
        if (!here.isConnected) return tab.refresh();
        const there = rowOf(now, tab, done);
        here.replaceWith(there);
        there.focus();
      } catch (error) {
        if (error.status !== 409) return said.invalid[faulty(error, fields)];
        await tab.refresh();
        tab.remark.textContent = reason(error);
      }
    });
  const take = button(said.take, () => act(() => support.take(id), said.taken), "primary", named("take"));
  const toClose = button(said.close, () => turn(), null, named("close"));

  function named(what) {
    return { id: `${what}-${id}`, "aria-describedby": `about-${id}` };
  }

  function turn() {
    here.lastChild.replaceWith(closing());
    here.querySelector("textarea").focus();
  }

  function closing() {
    const note = element("textarea", { id: `note-${id}`, rows: "2", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
    const close = (outcome) => () => {
      note.removeAttribute("aria-invalid");
      const order = { outcome, ...(note.value && { note: note.value }) };
      return act(() => support.close(id, order), said.closed, { note });
    };
    return element(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      element("label", { for: note.id }, said.note),
      note,
      buttons(
        button(said.reached, close("reached"), "primary", named("reached")),
        button(said.unreached, close("unreached"), null, named("unreached")),
      ),
    );
  }

  /** Whoever took it closes it. Who that is, is known once one has done something here. */
  function todo() {
    if (isOpen) return buttons(take);
    if (state !== "taken" || (session.agentId && session.agentId !== agent.id)) return buttons();
    return session.agentId ? closing() : buttons(toClose);
  }

  const number = element("a", { href: `tel:${callback.phone}`, class: "number" }, callback.phone);
  const here = row(
    starts_at ? `${clock(starts_at, session.zone)} · ${callback.tenant_id}` : callback.tenant_id,
    [
      starts_at ? null : fill(said.since, { moment: brief(requested_at, session.zone) }),
      element("p", { id: `about-${id}` }, quoted(callback.description)),
      element("p", {}, number, " ", element("span", { dir: "auto" }, callback.requested_by.name)),
      agent && fill(said.by, { name: agent.name }),
      callback.may_enter ? said.mayEnter : said.mayNotEnter,
    ],
    element("span", { class: `badge ${isOpen ? "live" : ""}` }, said.states[state]),
  );
  here.append(todo());
  say(here, remark);
  return here;
}
