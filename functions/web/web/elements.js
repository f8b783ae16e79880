// Elements made from text alone: whatever comes from outside ends up in a text node, never in markup. And how reading
// and changing goes: what it looks like meanwhile, and what is said when it does not come off.

import { Refusal, Unreachable } from "./api.js";
import { fill, span, texts, zoneName } from "./texts.js";

const SLOW = 4000;
const TICK = 1000;
const DOUBLE_CLICK = 600;
const turns = new WeakMap();
const atWork = new WeakSet();

/** Return an element. Attributes that are false or null are left out; `onclick` and the like are listeners. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) made.addEventListener(attribute.slice(2), value);
    else if (value !== false && value !== null) made.setAttribute(attribute, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function paragraph(text, kind = null) {
  return element("p", { class: kind }, text);
}

/** Return what a person typed, in the direction of its own script. */
export function quoted(text) {
  return element("span", { class: "quoted", dir: "auto" }, text);
}

export function facts(...rows) {
  const pair = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  return element("dl", {}, ...rows.map(pair));
}

/** Return a button that does nothing while something is being done: not even lead elsewhere. */
export function button(text, press, kind = null, attributes = {}) {
  const isResting = () => made.hasAttribute("aria-disabled");
  const pressed = () => isResting() || press();
  const made = element("button", { type: "button", class: kind, onclick: pressed, ...attributes }, text);
  return made;
}

/** Return buttons, and the place beside them where it is said what came of a press. */
export function buttons(...made) {
  return element("div", { class: "answers" }, element("div", { class: "buttons" }, ...made), aside());
}

/** Return a place where `say` speaks. */
export function aside() {
  return element("p", { role: "status", class: "aside" });
}

/** Say something beside what is shown, to those who see it and to those who hear it. */
export function say(place, text) {
  for (const status of place.querySelectorAll("[role=status].aside")) status.textContent = text;
}

/** Let no button of a place be pressed, or again. The focus stays where it is. */
export function rest(place, isResting = true) {
  for (const one of place.querySelectorAll("button")) {
    if (isResting) one.setAttribute("aria-disabled", "true");
    else one.removeAttribute("aria-disabled");
  }
}

/** Wait for something, and remark upon it if it takes long. */
export async function patiently(promise, remark) {
  const timer = setTimeout(remark, SLOW);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Fill a place with what was read, or with why it was not and a button to try again. The focus stays where it was.
 * What was asked for last counts, whichever answer comes last.
 */
export async function into(place, read, then = () => {}) {
  const status = quiet(texts.loading);
  const turn = (turns.get(place) ?? 0) + 1;
  turns.set(place, turn);
  if (!place.hasChildNodes()) place.append(status);
  let children;
  let next = then;
  try {
    children = await patiently(read(), () => (status.textContent = texts.slow));
  } catch (error) {
    const why = element("p", { role: "alert", class: "notice" }, reason(error));
    next = () => {};
    children = [why, button(texts.again, () => into(place, read, then), null, { id: "again" })];
  }
  if (turns.get(place) !== turn) return;
  const { activeElement } = place.getRootNode();
  const focused = place.contains(activeElement) && activeElement.id;
  place.replaceChildren(...children.filter(Boolean));
  if (focused) place.querySelector(`#${CSS.escape(focused)}`)?.focus();
  next();
}

/**
 * Change something, once however often it is pressed, and say beside its buttons what came of it. They rest a moment
 * longer: the second half of a double click shall not meet what comes up in their place.
 */
export async function change(place, work) {
  if (atWork.has(place)) return;
  atWork.add(place);
  rest(place);
  say(place, texts.loading);
  try {
    say(place, (await patiently(work(), () => say(place, texts.slow))) ?? "");
  } catch (error) {
    say(place, reason(error));
  }
  rest(place);
  setTimeout(() => {
    atWork.delete(place);
    rest(place, false);
  }, DOUBLE_CLICK);
}

/** Return a way to send an order: sent again after an answer was lost, it bears the same key and is done once. */
export function keyed() {
  const keys = new Map();
  return async (order, send) => {
    const text = JSON.stringify(order);
    if (!keys.has(text)) keys.set(text, crypto.randomUUID());
    const done = await send(order, keys.get(text));
    keys.delete(text);
    return done;
  };
}

/** Return in the user's words why something did not come off. */
export function reason(error) {
  if (error instanceof Unreachable) return texts.failed.unreachable;
  if (!(error instanceof Refusal)) {
    reportError(error);
    return texts.failed.other;
  }
  return error.status === 401 ? texts.failed.over : (texts.failed[error.problem.code] ?? texts.failed.other);
}

/** Mark the field that the API does not take, lead there, and return its name. What is about no field is thrown on. */
export function faulty(error, fields) {
  const errors = error.problem?.errors ?? [];
  const name = Object.keys(fields).find((one) => errors.some(({ pointer }) => pointer === `#/${one}`));
  if (!name) throw error;
  fields[name].setAttribute("aria-invalid", "true");
  fields[name].focus();
  return name;
}

/** Return a row of a list: its title, what there is to say, and what stands beside that. */
export function row(title, lines, beside = null) {
  const said = lines.filter(Boolean).map((line) => (typeof line === "string" ? quiet(line) : line));
  const text = element("div", {}, element("strong", { dir: "auto" }, title), ...said);
  return element("li", { tabindex: "-1" }, text, beside);
}

export function quiet(text) {
  return paragraph(text, "quiet");
}

/** Say whose clock it is that times are told by. */
export function clockOf({ guestkey, zone }) {
  return quiet(fill(texts.zone, { zone: zoneName(guestkey.now(), zone) }));
}

/** Return how long something still lasts, as a text that changes with time; at its end something else is to be seen. */
export function countdown(at, { guestkey }, over) {
  const text = element("p", { class: "countdown", role: "timer" });
  const tick = () => {
    const left = Date.parse(at) - guestkey.now();
    text.textContent = fill(texts.left, { span: span(Math.max(left, 0)) });
    if (left <= 0 && text.isConnected) over();
    return left > 0;
  };
  const clock = setInterval(() => (text.isConnected && tick()) || clearInterval(clock), TICK);
  tick();
  return text;
}

/** Return the fields for how long, and whether with export, which is off and left out where it cannot be given. */
export function terms(name, period, mayExport) {
  const option = ([value, text]) => element("option", { value, selected: value === period }, text);
  const select = element("select", { id: `period-${name}` }, ...Object.entries(texts.periods).map(option));
  const box = mayExport && element("input", { type: "checkbox", id: `export-${name}` });
  return {
    children: [
      element("label", { for: select.id }, texts.terms.period),
      select,
      mayExport ? element("label", { class: "check" }, box, element("span", {}, texts.terms.mayExport)) : null,
    ],
    chosen: () => ({ period: select.value, may_export: box?.checked ?? false }),
  };
}

/** Return the rows of a list with a button for what follows; `read` gets the cursor. */
export function paged(read, shownAs, nothing) {
  const rows = element("ul", { class: "rows" });
  const rest = element("div", { class: "buttons" });
  const more = (cursor) => async () => {
    const { items, next_cursor } = await read(cursor ? { cursor } : {});
    const shown = items.map(shownAs);
    rows.append(...shown);
    if (cursor) shown[0]?.focus();
    if (!next_cursor) return [rows.hasChildNodes() ? null : quiet(nothing)];
    return [button(texts.more, () => into(rest, more(next_cursor)), null, { id: "more" })];
  };
  into(rest, more());
  return [rows, rest];
}
