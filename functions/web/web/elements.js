// Builds elements from text, never from markup.

import { format, span } from "./texts.js";

/** @import { Attributes, Child, Field, Language, NoticeAction, NoticeKind, Session } from "../types/pages" */
/** @import { AccessLevel, Period } from "../types/api" */

const TICK_MILLISECONDS = 1000;
const TYPING_MILLISECONDS = 250;

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
 * Return the place of an element for notices: what happened, and what has arrived meanwhile. Screen readers read both
 * out.
 */
export function noticeArea() {
  const line = (/** @type {string} */ kind) => element("div", { class: kind, role: "status" });
  return element("div", { class: "notices", part: "notices" }, line("said"), line("arrived"));
}

/**
 * Write a text to the notices of the element that a place is in, with buttons for what can be done about it. A page
 * without notices has status lines beside its buttons. An empty text removes what stands there.
 * @param {Element} place
 * @param {string} text
 * @param {NoticeKind} kind
 * @param {...NoticeAction} actions
 */
export function announce(place, text, kind = "ok", ...actions) {
  if (notify(place, ".said", text, kind, actions)) return;
  for (const status of place.querySelectorAll("[role=status].aside")) status.textContent = text;
}

/**
 * Say that something has arrived meanwhile. It is not shown at once, because it would move controls in use.
 * @param {Element} place
 * @param {string} text
 * @param {...NoticeAction} actions
 */
export function announceArrival(place, text, ...actions) {
  notify(place, ".arrived", text, "ok", actions);
}

/**
 * @param {Element} place
 * @param {string} line
 * @param {string} text
 * @param {NoticeKind} kind
 * @param {NoticeAction[]} actions
 */
function notify(place, line, text, kind, actions) {
  const area = place.closest(".guestkey-surface")?.querySelector(`.notices ${line}`);
  const shown = actions.map((action) => button(action.text, action.press, null, { class: "link" }));
  area?.replaceChildren(...(text ? [element("p", { class: kind }, text), ...shown] : []));
  return Boolean(area);
}

/**
 * Disable or enable all buttons of a place. Uses `aria-disabled`, which keeps the focus where it is.
 * @param {Element} place
 */
export function setDisabled(place, isDisabled = true) {
  for (const node of place.querySelectorAll("button")) node.ariaDisabled = isDisabled ? "true" : null;
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
 * Call a function when a user has typed into a field and pauses.
 * @param {HTMLInputElement} field
 * @param {() => unknown} onPause
 */
export function onTyping(field, onPause) {
  /** @type {ReturnType<typeof setTimeout>} */
  let typing;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(onPause, TYPING_MILLISECONDS);
  });
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
 * Return a field in which one of the texts is chosen.
 * @param {string} id
 * @param {string} label
 * @param {Record<string, string>} texts
 * @param {string} chosen
 */
export function selectField(id, label, texts, chosen, attributes = {}) {
  const options = Object.entries(texts).map(([value, text]) => new Option(text, value, false, value === chosen));
  const select = element("select", { id, ...attributes }, ...options);
  return { select, children: [element("label", { for: id }, label), select] };
}

/**
 * @param {string} id
 * @param {string} text
 */
export function checkbox(id, text) {
  const box = element("input", { type: "checkbox", id });
  return { box, label: element("label", { class: "check" }, box, element("span", {}, text)) };
}

/**
 * Return the fields for the terms of a grant, with those asked for. Export is off, and its box is left out unless it may
 * be allowed. A level is chosen where more than viewing may be.
 * @param {Language} session
 * @param {string} name
 * @param {{ period: Period, access: AccessLevel, may_export: boolean }} asked
 */
export function termsFields({ texts }, name, { period, access, may_export }, highest = access) {
  const periods = selectField(`period-${name}`, texts.terms.period, texts.periods, period);
  const level = highest === "change" ? selectField(`access-${name}`, texts.terms.access, texts.levels, access) : null;
  const exporting = may_export ? checkbox(`export-${name}`, texts.terms.mayExport) : null;
  return {
    children: [...periods.children, ...(level?.children ?? []), exporting?.label ?? null],
    chosen: () => ({
      period: periods.select.value,
      access: level?.select.value ?? access,
      may_export: exporting?.box.checked ?? false,
    }),
  };
}
