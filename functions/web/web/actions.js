// Runs actions and loads content into places of an element, and shows their progress, results and failures.

import { Refusal, Unreachable } from "./api.js";
import { announce, button, element, muted, setDisabled } from "./elements.js";

/** @import { ActionResult, Children, FailingLanguage, Language } from "../types/pages" */

const SLOW_HINT_MILLISECONDS = 4000;
const DOUBLE_CLICK_MILLISECONDS = 600;
const latestStatus = new WeakMap();
/** @type {WeakMap<Element, Promise<void>>} The action that runs in a place, with the pause after it. */
const running = new WeakMap();

/**
 * Return the result of a promise; call `showHint` if it takes longer than four seconds.
 * @template Result
 * @param {Promise<Result>} promise
 * @param {() => unknown} showHint
 */
export function withSlowHint(promise, showHint) {
  const timer = setTimeout(showHint, SLOW_HINT_MILLISECONDS);
  return promise.finally(() => clearTimeout(timer));
}

/**
 * Wait until nothing in a place is pressed: a button that is replaced or moved before its release gets no click. In
 * quirks mode, `:active` alone finds only links.
 * @param {Element} place
 */
export async function untilReleased(place) {
  while (place.querySelector(":active:not(html)")) await new Promise(requestAnimationFrame);
}

/**
 * Load children into a place. On a failure show the reason and a button to try again. The focused element keeps the
 * focus, a pressed one stays until it is released, and the result of an earlier load, known by its status, is dropped.
 * `read` returns the children or, if they contain elements that are shown already, a function that builds them.
 * @param {FailingLanguage} session
 * @param {Element} place
 * @param {() => Promise<Children | (() => Children)>} read
 * @returns {Promise<void>}
 */
export async function loadInto(session, place, read, then = () => {}) {
  const { texts } = session;
  const status = muted(texts.loading);
  latestStatus.set(place, status);
  if (!place.hasChildNodes()) place.append(status);
  let children, next;
  try {
    children = await withSlowHint(read(), () => (status.textContent = texts.slow));
    next = then;
  } catch (error) {
    const again = () => loadInto(session, place, read, then);
    children = [...failure(session, error, again), ...(session.afterFailure?.(error) ?? [])];
  }
  await untilReleased(place);
  if (latestStatus.get(place) !== status) return;
  const root = /** @type {Document | ShadowRoot} */ (place.getRootNode());
  const focused = place.contains(root.activeElement) && root.activeElement?.id;
  if (typeof children === "function") children = children();
  place.replaceChildren(.../** @type {Node[]} */ (children.filter(Boolean)));
  if (running.has(place)) setDisabled(place);
  if (focused && !root.activeElement) root.getElementById(focused)?.focus();
  next?.();
}

/**
 * Return the reason of a failure to load, and a button to try again.
 * @param {Language} session
 * @param {unknown} error
 * @param {() => unknown} again
 */
export function failure(session, error, again) {
  const alert = element("p", { role: "alert", class: "notice" }, failureText(session, error));
  return [alert, button(session.texts.again, again, null, { id: "again" })];
}

/**
 * Run an action of a place and announce its result: a text, or a text and what can be done about it. Only one action of
 * a place runs at a time. The buttons stay disabled a moment longer, so that the second half of a double click does not
 * press a new button at the same spot.
 * @param {Language} session
 * @param {Element} place
 * @param {() => Promise<ActionResult>} work
 */
export async function runAction(session, place, work) {
  if (running.has(place)) return;
  /** @type {() => void} */
  let end = () => {};
  running.set(place, new Promise((done) => (end = done)));
  setDisabled(place);
  // The place may be replaced meanwhile, its element is not.
  const where = place.closest(".guestkey-surface") ?? place;
  announce(where, session.texts.loading, "busy");
  try {
    const result = await withSlowHint(work(), () => announce(where, session.texts.slow, "busy"));
    const [text, ...actions] = Array.isArray(result) ? result : [result ?? ""];
    // An action without a result has said itself what happened, or there is nothing to say.
    if (text || where.querySelector(".busy")) announce(where, text, "ok", ...actions);
  } catch (error) {
    announce(where, failureText(session, error), "error");
  }
  setDisabled(place);
  setTimeout(() => {
    running.delete(place);
    setDisabled(place, false);
    end();
  }, DOUBLE_CLICK_MILLISECONDS);
}

/**
 * Run an action that the notice of another one offers, as soon as that one is over.
 * @param {Language} session
 * @param {Element} place
 * @param {() => Promise<ActionResult>} work
 */
export async function runNext(session, place, work) {
  await running.get(place);
  return runAction(session, place, work);
}

/**
 * Return the text that explains a failure to the user. Any other error is a bug and goes to the console.
 * @param {Language} session
 * @param {unknown} error
 */
export function failureText({ texts }, error) {
  if (error instanceof InputInvalid) return error.message;
  if (error instanceof Unreachable) return texts.failed.unreachable;
  if (!(error instanceof Refusal)) {
    reportError(error);
    return texts.failed.other;
  }
  return error.status === 401 ? texts.failed.over : (texts.failed[error.problem.code ?? ""] ?? texts.failed.other);
}

/** A field is not as the API wants it. The message is for the user. */
export class InputInvalid extends Error {}
