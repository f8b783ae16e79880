// Builds elements from text, never from markup. Runs actions, and shows their progress and failures.

import { Refusal, Unreachable } from "./api.js";
import { format, span, zoneName } from "./texts.js";

/** @import { Attributes, Child, Children, Field, Language, Session } from "../types/pages" */
/** @import { Page, Period, Query } from "../types/api" */

const SLOW_HINT_MILLISECONDS = 4000;
const TICK_MILLISECONDS = 1000;
const DOUBLE_CLICK_MILLISECONDS = 600;
const latestStatus = new WeakMap();
const running = new WeakSet();

/**
 * Return an element. Attributes that are false or null are left out; attributes `on…` become event listeners.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} attributes
 * @param {...Child} children
 */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(attribute.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(attribute, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * @param {string} text
 * @param {string | null} kind
 */
export function paragraph(text, kind = null) {
  return element("p", { class: kind }, text);
}

/**
 * Return a paragraph in a less prominent colour.
 * @param {string} text
 */
export function muted(text) {
  return paragraph(text, "quiet");
}

/**
 * Return text that a person typed, in the direction of its script.
 * @param {string} text
 */
export function quoted(text) {
  return element("span", { class: "quoted", dir: "auto" }, text);
}

/**
 * Return a description list of name and value pairs.
 * @param {...[string, Child]} rows
 */
export function facts(...rows) {
  const pairs = rows.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  return element("dl", {}, ...pairs);
}

/**
 * Return a button. It ignores clicks while it is disabled by `setDisabled`.
 * @param {string} text
 * @param {() => unknown} onPress
 * @param {string | null} kind
 * @param {Attributes} attributes
 */
export function button(text, onPress, kind = null, attributes = {}) {
  const onclick = () => node.ariaDisabled || onPress();
  /** @type {HTMLButtonElement} */
  const node = element("button", { type: "button", class: kind, onclick, ...attributes }, text);
  return node;
}

/**
 * Return a group of buttons with a status line beside them.
 * @param {...Child} nodes
 */
export function buttons(...nodes) {
  return element("div", { class: "answers" }, element("div", { class: "buttons" }, ...nodes), statusLine());
}

/** Return an empty line that `announce` writes to. */
export function statusLine() {
  return element("p", { role: "status", class: "aside" });
}

/**
 * Write a text to the status lines of a place, where screen readers read it out too.
 * @param {Element} place
 * @param {string} text
 */
export function announce(place, text) {
  for (const status of place.querySelectorAll("[role=status].aside")) status.textContent = text;
}

/**
 * Disable or enable all buttons of a place. Uses `aria-disabled`, which keeps the focus where it is.
 * @param {Element} place
 */
export function setDisabled(place, isDisabled = true) {
  for (const node of place.querySelectorAll("button")) node.ariaDisabled = isDisabled ? "true" : null;
}

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
 * @param {Language} session
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
    const alert = element("p", { role: "alert", class: "notice" }, failureText(session, error));
    children = [alert, button(texts.again, () => loadInto(session, place, read, then), null, { id: "again" })];
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
 * Run an action of a place and announce its result. Only one action of a place runs at a time. The buttons stay
 * disabled a moment longer, so that the second half of a double click does not press a new button at the same spot.
 * @param {Language} session
 * @param {Element} place
 * @param {() => Promise<unknown>} work
 */
export async function runAction(session, place, work) {
  if (running.has(place)) return;
  running.add(place);
  setDisabled(place);
  announce(place, session.texts.loading);
  try {
    const result = await withSlowHint(work(), () => announce(place, session.texts.slow));
    announce(place, /** @type {string} */ (result ?? ""));
  } catch (error) {
    announce(place, failureText(session, error));
  }
  setDisabled(place);
  setTimeout(() => {
    running.delete(place);
    setDisabled(place, false);
  }, DOUBLE_CLICK_MILLISECONDS);
}

/**
 * Return the text that explains a failure to the user. Any other error is a bug and goes to the console.
 * @param {Language} session
 * @param {unknown} error
 */
export function failureText({ texts }, error) {
  if (error instanceof Unreachable) return texts.failed.unreachable;
  if (!(error instanceof Refusal)) {
    reportError(error);
    return texts.failed.other;
  }
  return error.status === 401 ? texts.failed.over : (texts.failed[error.problem.code ?? ""] ?? texts.failed.other);
}

/**
 * Mark and focus the field that the API refused, and return its name. Rethrows an error that concerns no field.
 * @template {string} Name
 * @param {any} error
 * @param {Record<Name, Field>} fields
 */
export function markInvalid(error, fields) {
  const errors = /** @type {{ pointer: string }[]} */ (error.problem?.errors ?? []);
  const name = /** @type {Name[]} */ (Object.keys(fields)).find((one) => errors.some(({ pointer }) => pointer === `#/${one}`));
  if (!name) throw error;
  fields[name].ariaInvalid = "true";
  fields[name].focus();
  return name;
}

/**
 * Return a row of a list: a title, lines of text below it, and an element beside them.
 * @param {string} title
 * @param {(Child | false)[]} lines
 * @param {Child} beside
 */
export function row(title, lines, beside = null) {
  const shown = lines.map((line) => (line && typeof line === "string" ? muted(line) : line || null));
  return element("li", { tabindex: "-1" }, element("div", {}, element("strong", { dir: "auto" }, title), ...shown), beside);
}

/**
 * Return a note with the time zone of the times shown.
 * @param {Session} session
 */
export function zoneNote(session) {
  return muted(format(session.texts.zone, { zone: zoneName(session.guestkey.now(), session) }));
}

/**
 * Return a text with the time left, updated each second. Calls `onEnd` when no time is left.
 * @param {string} at
 * @param {Session} session
 * @param {() => unknown} onEnd
 */
export function countdown(at, session, onEnd) {
  const text = element("p", { class: "countdown", role: "timer" });
  const tick = () => {
    const left = Date.parse(at) - session.guestkey.now();
    text.textContent = format(session.texts.left, { span: span(Math.max(left, 0), session) });
    if (left <= 0 && text.isConnected) onEnd();
    return left > 0;
  };
  const timer = setInterval(() => (text.isConnected && tick()) || clearInterval(timer), TICK_MILLISECONDS);
  tick();
  return text;
}

/**
 * Return the fields for a period and for export. Export is off, and its box is left out unless `mayExport`.
 * @param {Language} session
 * @param {string} name
 * @param {Period} period
 * @param {boolean} mayExport
 */
export function periodFields({ texts }, name, period, mayExport) {
  const options = Object.entries(texts.periods).map(([value, text]) => new Option(text, value, false, value === period));
  const select = element("select", { id: `period-${name}` }, ...options);
  const box = mayExport ? element("input", { type: "checkbox", id: `export-${name}` }) : null;
  return {
    children: [
      element("label", { for: select.id }, texts.terms.period),
      select,
      box && element("label", { class: "check" }, box, element("span", {}, texts.terms.mayExport)),
    ],
    chosen: () => ({ period: select.value, may_export: box?.checked ?? false }),
  };
}

/**
 * Show a list in a place, with a button for its next page. `read` takes the query with the cursor.
 * @template Item
 * @param {Language} session
 * @param {Element} place
 * @param {(query: Query) => Promise<Page<Item>>} read
 * @param {(item: Item) => HTMLElement} toRow
 * @param {string} emptyText
 */
export function showPages(session, place, read, toRow, emptyText) {
  const rows = element("ul", { class: "rows" });
  const next = element("div", { class: "buttons" });
  /** @param {string} [cursor] */
  const load = (cursor) => async () => {
    const { items, next_cursor } = await read(cursor ? { cursor } : {});
    return () => {
      const loaded = items.map(toRow);
      rows.append(...loaded);
      if (cursor) loaded[0]?.focus();
      if (!next_cursor) return [!rows.hasChildNodes() && muted(emptyText)];
      return [button(session.texts.more, () => loadInto(session, next, load(next_cursor)), null, { id: "more" })];
    };
  };
  loadInto(session, place, async () => [rows, next]);
  loadInto(session, next, load());
}
