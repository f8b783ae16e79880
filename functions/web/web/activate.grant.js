// The states of the page behind the link of a notice: a grant, and its end.

import { Refusal } from "./api.js";
import { endText, lead, primary, secondary, show, signedIn } from "./activate.page.js";
import { buttons, paragraph } from "./elements.js";
import { facts } from "./facts.js";
import { endMoment, format, fullName, moment } from "./texts.js";

/** @import { Api, Grant, Request } from "../types/api" */
/** @import { Context, PageLanguage, Press } from "./activate.page.js" */

/**
 * @param {PageLanguage} language
 * @param {Press} startSignIn
 */
export function signIn({ texts }, startSignIn) {
  const strings = texts.grant;
  const start = buttons(primary(texts.signIn.button, startSignIn));
  show("sign-in", strings.signIn, lead(strings.signInText), paragraph(strings.calm), start);
}

/**
 * Return the grant of an approved request, or null if it is older than the retention of history.
 * @param {Request} request
 * @param {Api} guestkey
 */
export async function ofRequest({ grant_id }, guestkey) {
  try {
    return await guestkey.grant(/** @type {string} */ (grant_id));
  } catch (error) {
    // The approval is shown all the same.
    if (error instanceof Refusal && error.status === 404) return null;
    throw error;
  }
}

/**
 * A live grant, with a button to revoke it.
 * @param {Context} context
 * @param {Grant} grant
 * @param {{ revoke: Press, switchUser: Press }} actions
 */
export function live(context, grant, { revoke, switchUser }) {
  const { about, texts } = context;
  const strings = texts.grant;
  const { id, name } = grant.grantee;
  const kinds = { person: strings.person, software: strings.software };
  const department = grant.may_automate ? strings.automated : strings.department;
  const who = grant.grantee.kind ? kinds[grant.grantee.kind] : department;
  const whom = { id, name: fullName(grant.grantee, context) };
  show(
    "grant-live",
    format(strings.heading, { name }),
    facts(
      [strings.whom, format(who, whom)],
      [texts.ask.account, format(texts.ask.accountIs, { name: about.name, id: about.tenant_id })],
      [strings.givenBy, grant.granted_by.name],
      [strings.givenAt, moment(grant.granted_at, context)],
      [strings.until, grant.ends_at ? endMoment(grant.ends_at, context) : strings.lasting],
      [texts.ask.access, texts.levels[grant.access]],
      [texts.ask.export, grant.may_export ? strings.exportAllowed : strings.exportNotAllowed],
    ),
    paragraph(strings.howToEnd),
    buttons(secondary(texts.granted.end, revoke)),
    signedIn(context, switchUser),
  );
}

/**
 * The grant was revoked or has ended.
 * @param {Context} context
 * @param {Grant} grant
 */
export function over(context, grant) {
  const { texts } = context;
  const strings = texts.grant;
  const ended = endText(strings, grant.grantee.name, grant, context);
  show("grant-over", texts.over.heading, lead(ended), paragraph(strings.others), signedIn(context));
}
