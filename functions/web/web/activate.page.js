// Shows one state of the page at a time, each with a heading that takes the focus.

import * as elements from "./elements.js";
import { endMoment, format, moment } from "./texts.js";

/** @import { About, Grant, Me, Request } from "../types/api" */
/** @import { Child, Language, PageTexts, Zoned } from "../types/pages" */
/** @typedef {Language<PageTexts>} PageLanguage */
/**
 * The language of the page, and the user, the account and the request, as far as they are loaded.
 * `showList` leads back to the pending requests, if the request was chosen there.
 * @typedef {Zoned<PageTexts> & { me: Me, about: About, request: Request, showList?: Press | null }} Context
 */
/** @typedef {() => unknown} Press */

export const main = /** @type {HTMLElement} */ (document.querySelector("main"));

/**
 * Show the elements of a state. The heading takes the focus, so that screen readers read the new state.
 * @param {string} state
 * @param {string} heading
 * @param {...Child} children
 */
export function show(state, heading, ...children) {
  const title = elements.element("h1", { tabindex: "-1" }, heading);
  main.dataset.state = state;
  main.replaceChildren(title, ...children.filter((child) => child !== null));
  document.title = heading;
  window.scrollTo(0, 0);
  title.focus();
}

/** @param {string} text */
export function announce(text) {
  elements.announce(main, text);
}

/**
 * Disable or enable all buttons of the page.
 * @param {boolean} isDisabled
 */
export function setDisabled(isDisabled) {
  elements.setDisabled(main, isDisabled);
}

// ------------------------------------------------------------------ pieces of a state

/** @param {string} text */
export function lead(text) {
  return elements.element("p", { class: "lead" }, text);
}

/**
 * Return how and when a grant ended. For an end that no user and no clock caused, all pages have the same text.
 * @param {{ revoked: string, ended: string }} strings
 * @param {string} name The name of the grantee.
 * @param {Grant} grant
 * @param {Context} context
 */
export function endText(strings, name, grant, context) {
  const other = context.texts.over.ends[grant.end ?? ""];
  if (other) return format(other, { name });
  if (grant.revoked_at) return format(strings.revoked, { name, moment: moment(grant.revoked_at, context) });
  return format(strings.ended, { name, moment: endMoment(/** @type {string} */ (grant.ends_at), context) });
}

/**
 * @param {string} text
 * @param {Press} press
 */
export function primary(text, press) {
  return elements.button(text, press, "primary");
}

/**
 * @param {string} text
 * @param {Press} press
 */
export function secondary(text, press) {
  return elements.button(text, press);
}

/**
 * Return the footer with the signed-in user, and buttons: back to the list, if the request was chosen there, and to sign
 * in as another, if `switchUser` is given.
 * @param {Context} context
 * @param {Press | null} switchUser
 */
export function signedIn({ me, about, texts, showList }, switchUser = null) {
  return elements.element(
    "footer",
    {},
    elements.paragraph(format(texts.signIn.as, { name: me.name, account: about.name })),
    showList ? elements.element("p", {}, elements.button(texts.list.all, showList, "link")) : null,
    switchUser && elements.button(texts.signIn.another, switchUser, "link"),
  );
}
