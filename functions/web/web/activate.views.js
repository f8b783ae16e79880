// The states of the page before and without a decision: signing in, and reasons why there is nothing to decide.

import { announce, lead, primary, secondary, setDisabled, show, signedIn } from "./activate.page.js";
import { buttons, element, paragraph, statusLine } from "./elements.js";
import { format } from "./texts.js";

/** @import { PageTexts } from "../types/pages" */
/** @import { Context, PageLanguage, Press } from "./activate.page.js" */

/** @param {PageLanguage} language */
export function loading({ texts }) {
  show("loading", texts.loading, statusLine());
}

/**
 * Disable the buttons and announce the running action.
 * @param {string} text
 */
export function busy(text) {
  setDisabled(true);
  announce(text);
}

// ------------------------------------------------------------------ signing in

/**
 * @param {PageLanguage} language
 * @param {Press} startSignIn
 */
export function signIn({ texts }, startSignIn) {
  const strings = texts.signIn;
  const start = buttons(primary(strings.button, startSignIn));
  show("sign-in", strings.heading, lead(strings.text), paragraph(strings.calm), start);
}

/**
 * @param {PageLanguage} language
 * @param {keyof PageTexts["notSignedIn"]} reason
 * @param {Press} startSignIn
 */
export function notSignedIn({ texts }, reason, startSignIn, { wasAnswering = false } = {}) {
  const strings = texts.notSignedIn[reason];
  show(
    `not-signed-in-${reason}`,
    strings.heading,
    wasAnswering ? lead(texts.notSignedIn.over.lost) : null,
    paragraph(strings.text),
    buttons(primary(texts.signIn.button, startSignIn)),
  );
}

/**
 * @param {PageLanguage} language
 * @param {string | undefined} code
 * @param {Press} switchUser
 */
export function unfit({ texts }, code, switchUser) {
  const strings = texts.unfit;
  const why = code === "acting_for_another" ? strings.acting : strings.text;
  show("unfit", strings.heading, lead(why), buttons(secondary(texts.signIn.another, switchUser)));
}

// ------------------------------------------------------------------ nothing to decide

/**
 * The link names no request and no grant. Who signs in all the same sees the pending requests.
 * @param {PageLanguage} language
 * @param {Press} startSignIn
 */
export function incomplete({ texts }, startSignIn) {
  const strings = texts.incomplete;
  const start = buttons(primary(texts.signIn.button, startSignIn));
  show("incomplete", strings.heading, lead(strings.text), paragraph(strings.signIn), start);
}

/**
 * @param {PageLanguage} language
 * @param {Press} again
 */
export function trouble({ texts }, again) {
  const strings = texts.trouble;
  show("trouble", strings.heading, lead(strings.text), buttons(primary(strings.button, again)));
}

/**
 * @param {PageLanguage} language
 * @param {Press} reload
 */
export function unsure({ texts }, reload) {
  const strings = texts.unsure;
  show("unsure", strings.heading, lead(strings.text), buttons(primary(strings.button, reload)));
}

/**
 * The request or the grant of the link does not exist in the account.
 * @param {Context} context
 * @param {keyof PageTexts["unknown"]} what
 * @param {Press} switchUser
 */
export function unknown(context, what, switchUser) {
  const { about, texts } = context;
  const strings = texts.unknown[what];
  show(
    what === "grant" ? "grant-unknown" : "unknown",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    buttons(primary(texts.signIn.another, switchUser)),
    signedIn(context),
  );
}

/**
 * @param {Context} context
 * @param {string[]} ask
 * @param {Press} switchUser
 */
export function noRight(context, ask, switchUser) {
  const { about, texts } = context;
  const strings = texts.noRight;
  const people = element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address)));
  show(
    "no-right",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    paragraph(ask.length > 0 ? strings.ask : strings.askAnybody),
    ask.length > 0 ? people : null,
    buttons(secondary(texts.signIn.another, switchUser)),
    signedIn(context),
  );
}

/**
 * The account is locked or closed, so that nothing can be allowed.
 * @param {Context} context
 * @param {"locked_down" | "tenant_closed"} code
 * @param {Press} back
 */
export function barred(context, code, back) {
  const { texts } = context;
  const button = buttons(secondary(texts.full.button, back));
  show("barred", texts.barred.heading, lead(texts.failed[code] ?? ""), button, signedIn(context));
}

/**
 * The account has the maximum number of live grants.
 * @param {Context} context
 * @param {Press} back
 */
export function full(context, back) {
  const { about, texts } = context;
  const strings = texts.full;
  show(
    "full",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    buttons(secondary(strings.button, back)),
    signedIn(context),
  );
}
