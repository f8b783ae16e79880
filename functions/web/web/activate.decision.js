// The states of the page with the request: the decision, its outcome, and the end of the access.

import { announce, endText, lead, primary, secondary, setDisabled, show, signedIn } from "./activate.page.js";
import { buttons, checkbox, element, paragraph, quoted, selectField } from "./elements.js";
import { facts } from "./facts.js";
import { MAX_NOTE_LENGTH } from "./limits.js";
import { endMoment, format, fullName, inSentence, moment, termsText } from "./texts.js";

/** @import { AccessLevel, Grant, Period } from "../types/api" */
/** @import { Context, PageLanguage, Press } from "./activate.page.js" */
/** @typedef {(grant: Grant) => unknown} Revoke */
/** @typedef {{ bySomebody: string, by: string, byYou: string }} AnswerTexts */

/**
 * The request and the form for the decision. Export is offered only if requested, and off until turned on.
 * @param {Context} context
 * @param {{ approve: (decision: { period: string, access: string, may_export: boolean }) => unknown, decline: Press, switchUser: Press }}
 *   actions
 */
export function pending(context, { approve, decline, switchUser }, { isUnsure = false } = {}) {
  const { about, request, texts } = context;
  const strings = texts.ask;
  const agent = request.agent.name;
  const described = { "aria-describedby": "period-hint" };
  const period = selectField("period", strings.choosePeriod, texts.periods, request.period, described);
  const level = request.access === "change" ? selectField("access", strings.chooseAccess, texts.levels, "change") : null;
  const exporting = request.may_export ? checkbox("may-export", format(strings.mayExport, { agent })) : null;
  const hint = element("p", { id: "period-hint" });
  const summary = element("p", { class: "summary", role: "status" });
  /** @type {[string, HTMLElement][]} */
  const ticket = request.ticket ? [[strings.ticket, element("span", { dir: "auto" }, request.ticket)]] : [];
  const decision = () => ({
    period: period.select.value,
    access: /** @type {AccessLevel} */ (level?.select.value ?? request.access),
    may_export: exporting?.box.checked ?? false,
  });
  const showSummary = () => {
    const chosen = /** @type {Period} */ (period.select.value);
    hint.textContent = chosen === "permanent" ? strings.lasting : strings.starts;
    hint.className = chosen === "permanent" ? "notice" : "hint";
    const values = { period: inSentence(texts.periods[chosen]), export: termsText(decision(), context) };
    summary.textContent = format(strings.summary, values);
  };
  showSummary();
  show(
    "pending",
    format(strings.heading, { agent }),
    isUnsure ? element("p", { class: "notice" }, strings.notArrived) : null,
    facts(
      [strings.reason, quoted(request.reason)],
      ...ticket,
      [strings.who, format(strings.agent, { name: fullName(request.agent, context), id: request.agent.id })],
      [strings.account, format(strings.accountIs, { name: about.name, id: about.customer_name })],
      [strings.period, texts.periods[request.period]],
      [strings.access, texts.levels[request.access]],
      [strings.export, request.may_export ? strings.exportAsked : strings.exportNotAsked],
      [strings.requestedAt, moment(request.requested_at, context)],
      [strings.expiresAt, moment(request.expires_at, context)],
    ),
    element(
      "form",
      { onsubmit: (/** @type {Event} */ event) => event.preventDefault(), onchange: showSummary },
      element("h2", {}, strings.decision),
      ...period.children,
      hint,
      ...(level?.children ?? []),
      exporting?.label ?? null,
      summary,
      buttons(
        primary(strings.approve, () => approve(decision())),
        secondary(strings.decline, decline),
      ),
    ),
    signedIn(context, switchUser),
  );
}

/**
 * @param {Context} context
 * @param {{ decline: (note: string) => unknown, back: Press }} actions
 */
export function declining({ request, texts }, { decline, back }) {
  const strings = texts.decline;
  const agent = request.agent.name;
  const note = element("textarea", { id: "note", rows: "3", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
  show(
    "declining",
    strings.heading,
    lead(format(strings.text, { agent })),
    element(
      "form",
      { onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      element("label", { for: "note" }, format(strings.note, { agent })),
      note,
      element("p", { class: "notice", id: "note-invalid", role: "alert", hidden: true }),
      buttons(
        primary(strings.button, () => decline(note.value.trim())),
        secondary(strings.back, back),
      ),
    ),
  );
}

/**
 * Mark the note as refused by the API; its text stays.
 * @param {PageLanguage} language
 */
export function noteInvalid({ texts }) {
  const note = /** @type {HTMLElement} */ (document.getElementById("note"));
  const fault = /** @type {HTMLElement} */ (document.getElementById("note-invalid"));
  setDisabled(false);
  announce("");
  fault.hidden = false;
  fault.textContent = texts.decline.noteInvalid;
  note.setAttribute("aria-invalid", "true");
  note.setAttribute("aria-describedby", fault.id);
  note.focus();
}

// ------------------------------------------------------------------ the outcome

/**
 * The request was declined, withdrawn or has expired. `isNews`: the user has just declined it.
 * @param {Context} context
 */
export function closed(context, { isNews = false } = {}) {
  const { request, texts } = context;
  const agent = request.agent.name;
  const state = /** @type {"declined" | "withdrawn" | "expired"} */ (request.state);
  const content = {
    declined: () => [
      isNews ? null : lead(answerText(texts.declined, context)),
      paragraph(format(texts.declined.nothing, { agent })),
      ...(request.note ? [paragraph(format(texts.declined.note, { agent })), quoted(request.note)] : []),
    ],
    withdrawn: () => [lead(format(texts.withdrawn.text, { agent }))],
    expired: () => [
      lead(format(texts.expired.text, { agent, moment: moment(request.expires_at, context) })),
      paragraph(texts.expired.again),
    ],
  };
  const heading = isNews ? texts.declined.headingNow : texts[state].heading;
  show(state, heading, ...content[state](), signedIn(context));
}

/**
 * @param {Context} context
 * @param {Grant} grant
 * @param {{ revoke: Revoke }} actions
 */
export function granted(context, grant, { revoke }) {
  const { request, texts } = context;
  const strings = texts.granted;
  show(
    "granted",
    format(strings.heading, { agent: request.agent.name }),
    lead(validity(strings.until, strings.lasting, grant, context)),
    paragraph(strings.close),
    paragraph(strings.howToEnd),
    buttons(secondary(strings.end, () => revoke(grant))),
    signedIn(context),
  );
}

/**
 * The request was approved earlier; shows the state of its grant.
 * @param {Context} context
 * @param {Grant | null} grant
 * @param {{ revoke: Revoke }} actions
 */
export function approved(context, grant, { revoke }) {
  const { texts } = context;
  const strings = texts.approved;
  const given = answerText(strings, context);
  const live = grant?.state === "live" ? grant : null;
  show(
    `approved-${grant?.state ?? "long-ago"}`,
    strings.heading,
    lead(given),
    live && paragraph(validity(strings.liveUntil, strings.liveLasting, live, context)),
    live && paragraph(texts.granted.howToEnd),
    grant && !live ? paragraph(ended(grant, context)) : null,
    live && buttons(secondary(texts.granted.end, () => revoke(live))),
    signedIn(context),
  );
}

/**
 * The question whether the access shall end.
 * @param {PageLanguage} language
 * @param {{ state: string, name: string }} grant
 * @param {{ revoke: Press, back: Press }} actions
 */
export function ending({ texts }, { state, name }, { revoke, back }) {
  const strings = texts.ending;
  show(
    state,
    strings.heading,
    lead(format(strings.text, { agent: name })),
    buttons(primary(strings.button, revoke), secondary(strings.back, back)),
  );
}

/**
 * @param {Context} context
 * @param {Grant} grant
 */
export function over(context, grant) {
  show("over", context.texts.over.heading, lead(ended(grant, context)), signedIn(context));
}

/**
 * @param {string} until
 * @param {string} lasting
 * @param {Grant} grant
 * @param {Context} context
 */
function validity(until, lasting, grant, context) {
  const values = { export: termsText(grant, context) };
  if (!grant.ends_at) return format(lasting, values);
  return format(until, { ...values, moment: endMoment(grant.ends_at, context) });
}

/**
 * @param {Grant} grant
 * @param {Context} context
 */
function ended(grant, context) {
  return endText(context.texts.over, context.request.agent.name, grant, context);
}

/**
 * @param {AnswerTexts} strings
 * @param {Context} context
 */
function answerText(strings, context) {
  const { me, request } = context;
  const values = { agent: request.agent.name, name: request.answered_by?.name };
  if (!request.answered_by || !request.answered_at) return format(strings.bySomebody, values);
  const byWhom = request.answered_by.user_id === me.user_id ? strings.byYou : strings.by;
  return format(byWhom, { ...values, moment: moment(request.answered_at, context) });
}
