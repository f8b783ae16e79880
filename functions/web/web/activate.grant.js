// The states of the page behind the link of a notice: a grant, and its end.

import { lead, primary, secondary, show, signedIn } from "./activate.page.js";
import { buttons, facts, paragraph } from "./elements.js";
import { endMoment, format, moment } from "./texts.js";

/** @import { Grant } from "../types/api" */
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
 * A live grant, with a button to revoke it.
 * @param {Context} context
 * @param {Grant} grant
 * @param {{ revoke: Press, switchUser: Press }} actions
 */
export function live(context, grant, { revoke, switchUser }) {
  const { about, texts } = context;
  const strings = texts.grant;
  const { type, id, name } = grant.grantee;
  show(
    "grant-live",
    format(strings.heading, { name }),
    facts(
      [strings.whom, format(type === "agent" ? strings.person : strings.department, { id, name })],
      [texts.ask.account, format(texts.ask.accountIs, { name: about.name, id: about.tenant_id })],
      [strings.givenBy, grant.granted_by.name],
      [strings.givenAt, moment(grant.granted_at, context)],
      [strings.until, grant.ends_at ? endMoment(grant.ends_at, context) : strings.lasting],
      [texts.ask.export, grant.may_export ? strings.exportAllowed : strings.exportNotAllowed],
    ),
    paragraph(strings.howToEnd),
    buttons(secondary(texts.granted.end, revoke)),
    signedIn(context, switchUser),
  );
}

/**
 * @param {Context} context
 * @param {Grant} grant
 * @param {{ revoke: Press, back: Press }} actions
 */
export function ending({ texts }, grant, { revoke, back }) {
  const strings = texts.ending;
  show(
    "grant-ending",
    strings.heading,
    lead(format(strings.text, { agent: grant.grantee.name })),
    buttons(primary(strings.button, revoke), secondary(strings.back, back)),
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
  const { name } = grant.grantee;
  const at = grant.revoked_at
    ? moment(grant.revoked_at, context)
    : grant.ends_at && endMoment(grant.ends_at, context);
  const text = grant.end === "agent_left" ? strings.left : grant.revoked_at ? strings.revoked : strings.ended;
  const ended = format(text, { name, moment: at });
  show("grant-over", texts.over.heading, lead(ended), paragraph(strings.others), signedIn(context));
}

/**
 * @param {Context} context
 * @param {Press} switchUser
 */
export function unknown(context, switchUser) {
  const { about, texts } = context;
  const strings = texts.grant;
  show(
    "grant-unknown",
    strings.unknown,
    lead(format(strings.unknownText, { account: about.name })),
    buttons(primary(texts.signIn.another, switchUser)),
    signedIn(context),
  );
}
