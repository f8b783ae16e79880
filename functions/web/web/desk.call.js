// One call-back at the desk: who waits for it, what it is about, and the actions that its state allows.

import { runAction } from "./actions.js";
import { clock, dateOf } from "./days.js";
import { cancelling, closing, handing, moving } from "./desk.changes.js";
import { clockThere, languageName } from "./desk.customer.js";
import { button, buttons, element, muted, paragraph, quoted, row } from "./elements.js";
import { markInvalid } from "./invalid.js";
import { format, shortMoment, zoneName } from "./texts.js";

/** @import { SupportCallback, Topic } from "../types/api" */
/** @import { DeskSession } from "../types/pages" */
/** @import { Call } from "./desk.changes.js" */
/** @typedef {{ text: string, row: HTMLElement, update: () => void }} KnownRow */
/**
 * The tab's state. The agent's own id is known as soon as they have taken a call-back; `day` is the one shown.
 * @typedef {{
 *   session: DeskSession, refresh: () => Promise<void>, rows: Map<string, KnownRow>, day: string, topics: Topic[],
 *   agentId?: string,
 * }} CallbacksTab
 */

/** Codes of refusals that mean: the call-back is not as it is shown. */
const OUTDATED = ["already_taken", "callback_closed", "not_yours", "not_found"];

/**
 * Return the row of a call-back. An unchanged call-back keeps its row and the text typed there.
 * @param {SupportCallback} callback
 * @param {CallbacksTab} tab
 */
export function rowFor(callback, tab) {
  const text = JSON.stringify(callback);
  const known = tab.rows.get(callback.callback_id);
  const entry = known?.text === text ? known : { text, ...newRow(callback, tab) };
  tab.rows.set(callback.callback_id, entry);
  entry.update();
  return entry.row;
}

/**
 * @param {SupportCallback} callback
 * @param {CallbacksTab} tab
 */
function newRow(callback, tab) {
  const { session } = tab;
  const strings = session.texts.callbacks;
  const { callback_id: id, state, agent, starts_at, customer, stranded_by } = callback;
  const isOpen = state === "booked" || state === "waiting";
  const name = customer?.name ?? callback.tenant_id;
  const localTime = muted("");
  const topic = tab.topics.find((one) => one.id === callback.topic);
  const language = callback.language && format(strings.language, { language: languageName(callback.language, session) });
  const number = element("a", { href: `tel:${callback.phone}`, class: "number" }, callback.phone_shown);
  const current = row(
    name,
    [
      format(strings.customer, { name: customer?.customer_name ?? callback.tenant_id }),
      stranded_by && paragraph(strings.stranded[stranded_by], "notice"),
      starts_at ? null : format(strings.since, { moment: shortMoment(callback.requested_at, session) }),
      [topic?.name ?? callback.topic, language].filter(Boolean).join(" · "),
      element("p", { id: `about-${id}` }, quoted(callback.description)),
      element("p", {}, number, " ", element("span", { dir: "auto" }, callback.requested_by.name)),
      localTime,
      agent && format(strings.by, { name: agent.name }),
      callback.may_enter ? strings.mayEnter : strings.mayNotEnter,
    ],
    element("span", { class: `badge ${isOpen ? "live" : ""}` }, strings.states[state]),
  );

  /** Renew the parts that depend on the time and on the shown day. */
  function update() {
    const title = current.querySelector("strong");
    if (title && starts_at) title.textContent = `${when(starts_at)} · ${name}`;
    const at = starts_at ?? new Date(session.guestkey.now()).toISOString();
    const there = customer && { ...session, zone: customer.time_zone };
    const moment = there && clockThere(there.zone, at, session);
    localTime.textContent = there && moment && format(strings.localTime, { moment, zone: zoneName(new Date(at), there) });
    localTime.hidden = !moment;
  }

  /** @param {string} at */
  const when = (at) => (dateOf(Date.parse(at), session.zone) === tab.day ? clock(at, session) : shortMoment(at, session));

  /**
   * Run an action and show the new state. Reloads the tab if another agent or the customer was faster.
   * @type {Call["act"]}
   */
  const act = (work, done, fields = {}) =>
    runAction(session, current, async () => {
      try {
        const result = await work();
        // A reload replaced this row meanwhile, perhaps with the old state.
        if (!current.isConnected) return tab.refresh();
        const updated = rowFor(result, tab);
        current.replaceWith(updated);
        updated.focus();
        return typeof done === "string" ? done : done(result);
      } catch (/** @type {any} */ error) {
        if (!OUTDATED.includes(error.problem?.code)) throw markInvalid(error, fields, strings.invalid);
        await tab.refresh();
        throw error;
      }
    });

  /** @param {string} what */
  const attributes = (what) => ({ id: `${what}-${id}`, "aria-describedby": `about-${id}` });
  /** @type {Call} */
  const call = { callback, tab, act, attributes };

  /**
   * Return a button that opens a form in place of the actions. On the way back a note typed there is there again.
   * @param {string} what
   * @param {string} text
   * @param {(call: Call, back: () => void) => HTMLElement} form
   */
  function opener(what, text, form) {
    const open = () => {
      const opened = form(call, () => (opened.replaceWith(actions), node.focus()));
      actions.replaceWith(opened);
      opened.querySelector("h4")?.focus();
    };
    const node = button(text, open, null, attributes(what));
    return node;
  }

  function allowed() {
    if (!isOpen && state !== "taken") return [buttons()];
    const isOwn = state === "taken" && agent?.id === tab.agentId;
    const take = async () => {
      const taken = await session.support.take(id);
      tab.agentId = taken.agent?.id;
      return taken;
    };
    const release = () => act(() => session.support.release(id), strings.released);
    return [
      isOwn ? closing(call) : null,
      buttons(
        isOpen ? button(strings.take, () => act(take, strings.taken), "primary", attributes("take")) : null,
        isOwn ? button(strings.release, release, null, attributes("release")) : null,
        isOwn ? opener("hand", strings.hand, handing) : null,
        // A waiting call about a removed topic can move nowhere.
        topic || starts_at ? opener("move", strings.move, moving) : null,
        opener("cancel", strings.cancel, cancelling),
      ),
    ];
  }

  const actions = element("div", { class: "fields" }, ...allowed());
  current.append(actions);
  return { row: current, update };
}
