// The elements of each state of the page, from values and the actions of the buttons.

import { announce, setDisabled, show } from "./activate.page.js";
import { button, buttons, element, facts, paragraph, quoted, statusLine } from "./elements.js";
import { MAX_NOTE_LENGTH } from "./limits.js";
import { endMoment, exportText, format, inSentence, moment, texts } from "./texts.js";

export function loading() {
  show("loading", texts.loading, statusLine());
}

/** Disable the buttons and announce the running action. */
export function busy(text) {
  setDisabled(true);
  announce(text);
}

// ------------------------------------------------------------------ signing in

export function signIn(startSignIn) {
  const strings = texts.signIn;
  const start = buttons(primary(strings.button, startSignIn));
  show("sign-in", strings.heading, lead(strings.text), paragraph(strings.calm), start);
}

export function notSignedIn(reason, startSignIn, { wasAnswering = false } = {}) {
  const strings = texts.notSignedIn[reason];
  show(
    `not-signed-in-${reason}`,
    strings.heading,
    wasAnswering ? lead(strings.lost) : null,
    paragraph(strings.text),
    startSignIn ? buttons(primary(texts.signIn.button, startSignIn)) : paragraph(texts.incomplete.text),
  );
}

export function unfit(code, switchUser) {
  const strings = texts.unfit;
  const why = code === "acting_for_another" ? strings.acting : strings.text;
  show("unfit", strings.heading, lead(why), buttons(secondary(texts.signIn.another, switchUser)));
}

// ------------------------------------------------------------------ nothing to decide

export function incomplete() {
  show("incomplete", texts.incomplete.heading, lead(texts.incomplete.text));
}

export function trouble(again) {
  const strings = texts.trouble;
  show("trouble", strings.heading, lead(strings.text), buttons(primary(strings.button, again)));
}

export function unsure(reload) {
  const strings = texts.unsure;
  show("unsure", strings.heading, lead(strings.text), buttons(primary(strings.button, reload)));
}

export function unknown({ me, about }, switchUser) {
  const strings = texts.unknown;
  show(
    "unknown",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    buttons(primary(texts.signIn.another, switchUser)),
    signedIn(me, about),
  );
}

export function noRight({ me, about }, ask, switchUser) {
  const strings = texts.noRight;
  const people = element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address)));
  show(
    "no-right",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    paragraph(ask.length > 0 ? strings.ask : strings.askAnybody),
    ask.length > 0 ? people : null,
    buttons(secondary(texts.signIn.another, switchUser)),
    signedIn(me, about),
  );
}

/** The requesting agent has left. */
export function gone({ me, about, request }) {
  const strings = texts.gone;
  show("gone", strings.heading, lead(format(strings.text, { agent: request.agent.name })), signedIn(me, about));
}

/** The account has the maximum number of live grants. */
export function full({ me, about }, back) {
  const strings = texts.full;
  show(
    "full",
    strings.heading,
    lead(format(strings.text, { account: about.name })),
    buttons(secondary(strings.button, back)),
    signedIn(me, about),
  );
}

/** The request was declined, withdrawn or has expired. `isNews`: the user has just declined it. */
export function closed({ me, about, request }, { isNews = false } = {}) {
  const agent = request.agent.name;
  const when = (at) => moment(at, about.time_zone);
  const strings = texts[request.state];
  const content = {
    declined: () => [
      isNews ? null : lead(answerText(strings, me, request, when)),
      paragraph(format(strings.nothing, { agent })),
      ...(request.note ? [paragraph(format(strings.note, { agent })), quoted(request.note)] : []),
    ],
    withdrawn: () => [lead(format(strings.text, { agent }))],
    expired: () => [lead(format(strings.text, { agent, moment: when(request.expires_at) })), paragraph(strings.again)],
  };
  const heading = isNews ? strings.headingNow : strings.heading;
  show(request.state, heading, ...content[request.state](), signedIn(me, about));
}

// ------------------------------------------------------------------ the decision

/** The request and the form for the decision. Export is offered only if requested, and off until turned on. */
export function pending({ me, about, request }, { approve, decline, switchUser }, { isUnsure = false } = {}) {
  const strings = texts.ask;
  const agent = request.agent.name;
  const choice = (one) => element("option", { value: one, selected: one === request.period }, texts.periods[one]);
  const periods = Object.keys(texts.periods).map(choice);
  const period = element("select", { id: "period", "aria-describedby": "period-hint" }, ...periods);
  const exportBox = request.may_export ? element("input", { type: "checkbox", id: "may-export" }) : null;
  const mayExport = element("span", {}, format(strings.mayExport, { agent }));
  const exportLabel = exportBox && element("label", { class: "check" }, exportBox, mayExport);
  const hint = element("p", { id: "period-hint" });
  const summary = element("p", { class: "summary", role: "status" });
  const decision = () => ({ period: period.value, may_export: exportBox?.checked ?? false });
  const showSummary = () => {
    const { period: chosen, may_export } = decision();
    hint.textContent = chosen === "permanent" ? strings.lasting : strings.starts;
    hint.className = chosen === "permanent" ? "notice" : "hint";
    const values = { period: inSentence(texts.periods[chosen]), export: exportText(may_export) };
    summary.textContent = format(strings.summary, values);
  };
  showSummary();
  show(
    "pending",
    format(strings.heading, { agent }),
    isUnsure ? element("p", { class: "notice" }, strings.notArrived) : null,
    facts(
      [strings.reason, quoted(request.reason)],
      [strings.who, format(strings.agent, { name: agent, id: request.agent.id })],
      [strings.account, format(strings.accountIs, { name: about.name, id: about.tenant_id })],
      [strings.period, texts.periods[request.period]],
      [strings.export, request.may_export ? strings.exportAsked : strings.exportNotAsked],
      [strings.requestedAt, moment(request.requested_at, about.time_zone)],
      [strings.expiresAt, moment(request.expires_at, about.time_zone)],
    ),
    element(
      "form",
      { onsubmit: (event) => event.preventDefault(), onchange: showSummary },
      element("h2", {}, strings.decision),
      element("label", { for: "period" }, strings.choosePeriod),
      period,
      hint,
      exportLabel,
      summary,
      buttons(
        primary(strings.approve, () => approve(decision())),
        secondary(strings.decline, decline),
      ),
    ),
    signedIn(me, about, switchUser),
  );
}

export function declining({ request }, { decline, back }) {
  const strings = texts.decline;
  const agent = request.agent.name;
  const note = element("textarea", { id: "note", rows: "3", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
  show(
    "declining",
    strings.heading,
    lead(format(strings.text, { agent })),
    element(
      "form",
      { onsubmit: (event) => event.preventDefault() },
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

/** Mark the note as refused by the API; its text stays. */
export function noteInvalid() {
  const note = document.getElementById("note");
  const fault = document.getElementById("note-invalid");
  setDisabled(false);
  announce("");
  fault.hidden = false;
  fault.textContent = texts.decline.noteInvalid;
  note.setAttribute("aria-invalid", "true");
  note.setAttribute("aria-describedby", fault.id);
  note.focus();
}

// ------------------------------------------------------------------ access is given or over

export function granted({ me, about, request }, grant, { revoke }) {
  const strings = texts.granted;
  show(
    "granted",
    format(strings.heading, { agent: request.agent.name }),
    lead(validity(strings.until, strings.lasting, grant, about)),
    paragraph(strings.close),
    paragraph(strings.howToEnd),
    buttons(secondary(strings.end, () => revoke(grant))),
    signedIn(me, about),
  );
}

/** The request was approved earlier; shows the state of its grant. */
export function approved({ me, about, request }, grant, { revoke }) {
  const strings = texts.approved;
  const given = answerText(strings, me, request, (at) => moment(at, about.time_zone));
  const isLive = grant?.state === "live";
  show(
    `approved-${grant?.state ?? "long-ago"}`,
    strings.heading,
    lead(given),
    isLive ? paragraph(validity(strings.liveUntil, strings.liveLasting, grant, about)) : null,
    isLive ? paragraph(texts.granted.howToEnd) : null,
    grant && !isLive ? paragraph(ended(grant, about, request)) : null,
    isLive ? buttons(secondary(texts.granted.end, () => revoke(grant))) : null,
    signedIn(me, about),
  );
}

export function ending({ request }, { revoke, back }) {
  const strings = texts.ending;
  show(
    "ending",
    strings.heading,
    lead(format(strings.text, { agent: request.agent.name })),
    buttons(primary(strings.button, revoke), secondary(strings.back, back)),
  );
}

export function over({ me, about, request }, grant) {
  show("over", texts.over.heading, lead(ended(grant, about, request)), signedIn(me, about));
}

function validity(until, lasting, grant, about) {
  const values = { export: exportText(grant.may_export) };
  if (!grant.ends_at) return format(lasting, values);
  return format(until, { ...values, moment: endMoment(grant.ends_at, about.time_zone) });
}

function ended(grant, about, request) {
  const isRevoked = grant.state === "revoked";
  const at = isRevoked ? moment(grant.revoked_at, about.time_zone) : endMoment(grant.ends_at, about.time_zone);
  return format(isRevoked ? texts.over.revoked : texts.over.ended, { agent: request.agent.name, moment: at });
}

function answerText(strings, me, request, when) {
  const values = { agent: request.agent.name, name: request.answered_by?.name };
  if (!request.answered_by || !request.answered_at) return format(strings.bySomebody, values);
  const byWhom = request.answered_by.user_id === me.user_id ? strings.byYou : strings.by;
  return format(byWhom, { ...values, moment: when(request.answered_at) });
}

// ------------------------------------------------------------------ pieces

function lead(text) {
  return element("p", { class: "lead" }, text);
}

function primary(text, press) {
  return button(text, press, "primary");
}

function secondary(text, press) {
  return button(text, press);
}

/** Return the footer with the signed-in user and, if `switchUser` is given, a button to sign in as another. */
function signedIn(me, about, switchUser = null) {
  return element(
    "footer",
    {},
    paragraph(format(texts.signIn.as, { name: me.name, account: about.name })),
    switchUser && button(texts.signIn.another, switchUser, "link"),
  );
}
