// The lockdown in the first tab of the panel: one press locks all access, and another lifts the lock.

import { loadInto, runAction } from "./actions.js";
import { announce, button, element, muted, paragraph, quoted } from "./elements.js";
import { format, shortMoment, withTexts } from "./texts.js";

/** @import { Lock } from "../types/api" */
/** @import { Catalogues, LockTexts, PanelSession } from "../types/pages" */

/** @type {Catalogues<any>} */
const CATALOGUES = {
  de: () => import("./panel.lock.de.js"),
  "de-AT": () => import("./panel.lock.de-at.js"),
  "de-CH": () => import("./panel.lock.de-ch.js"),
  en: () => import("./panel.lock.en.js"),
  es: () => import("./panel.lock.es.js"),
  it: () => import("./panel.lock.it.js"),
};
/** Frames for which the module waits until its place is in the page. */
const MAX_FRAMES = 240;
/** @type {WeakMap<Element, string>} The lock that each place shows, as JSON. */
const shown = new WeakMap();

/**
 * Show in a place whether the account is locked, with what can be done about it. A lock is announced, too, because the
 * place is at the end of the tab.
 * @param {PanelSession} session
 * @param {HTMLElement} place
 * @param {Lock | null} locked
 * @param {() => Promise<unknown>} refresh Reloads the list of live grants, and with it this place.
 */
export async function showLock(session, place, locked, refresh) {
  const language = /** @type {PanelSession<LockTexts>} */ (await withTexts(session, CATALOGUES));
  for (let frame = 0; !place.isConnected && frame < MAX_FRAMES; frame++) await new Promise(requestAnimationFrame);
  const state = JSON.stringify(locked);
  if (shown.get(place) === state) return;
  const before = shown.get(place);
  shown.set(place, state);
  await loadInto(language, place, async () =>
    locked ? lockedNow(language, place, locked, refresh) : unlocked(language, place, refresh),
  );
  const isOwn = place.dataset.own === "";
  delete place.dataset.own;
  if (locked && !isOwn) announce(place, lockText(locked, language));
  else if (isOwn && before) place.querySelector("h3")?.focus();
}

/**
 * @param {PanelSession<LockTexts>} session
 * @param {HTMLElement} place
 * @param {() => Promise<unknown>} refresh
 */
function unlocked(session, place, refresh) {
  const strings = session.texts.lock;
  const lock = () =>
    change(session, place, refresh, async () => {
      session.emit("locked", await session.guestkey.call("PUT", "v1/lockdown", { body: {} }));
      return strings.done;
    });
  return [heading(session), muted(strings.hint), pressable(button(strings.lock, lock, null, { id: "lock-now" }))];
}

/**
 * @param {PanelSession<LockTexts>} session
 * @param {HTMLElement} place
 * @param {Lock} locked
 * @param {() => Promise<unknown>} refresh
 */
function lockedNow(session, place, locked, refresh) {
  const strings = session.texts.lock;
  /** @param {boolean} keep_grants */
  const lift = (keep_grants) =>
    change(session, place, refresh, async () => {
      const lifted = await session.guestkey.call("DELETE", "v1/lockdown", { body: { keep_grants } });
      session.emit("unlocked", lifted);
      return lifted.kept_grants ? strings.kept : strings.ended;
    });
  return [
    heading(session),
    paragraph(lockText(locked, session)),
    ...(locked.reason ? [quoted(locked.reason)] : []),
    pressable(
      button(strings.lift, () => lift(false), null, { id: "lift" }),
      button(strings.liftAndKeep, () => lift(true), null, { id: "lift-and-keep" }),
    ),
  ];
}

/**
 * @param {PanelSession<LockTexts>} session
 * @param {HTMLElement} place
 * @param {() => Promise<unknown>} refresh
 * @param {() => Promise<string>} work
 */
function change(session, place, refresh, work) {
  return runAction(session, place, async () => {
    place.dataset.own = "";
    try {
      return await work();
    } finally {
      await refresh();
    }
  });
}

/** @param {PanelSession<LockTexts>} session */
function heading({ texts }) {
  return element("h3", { id: "lock", tabindex: "-1" }, texts.lock.heading);
}

/** @param {...HTMLElement} nodes */
function pressable(...nodes) {
  return element("div", { class: "buttons" }, ...nodes);
}

/**
 * @param {Lock} lock
 * @param {PanelSession<LockTexts>} session
 */
function lockText({ locked_at, locked_by }, session) {
  const strings = session.texts.lock;
  const values = { name: locked_by?.name, moment: locked_at ? shortMoment(locked_at, session) : "–" };
  return format(locked_by ? strings.by : strings.byNobody, values);
}
