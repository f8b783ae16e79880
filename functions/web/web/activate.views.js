// What stands on the page in each state: values and what the buttons do come in, elements go out.

import { rest, say, show } from "./activate.page.js";
import { aside, button, buttons, element, facts, paragraph, quoted } from "./elements.js";
import { MAX_NOTE_LENGTH } from "./limits.js";
import { end as endOf, exporting, fill, inSentence, moment, texts } from "./texts.js";

export function loading() {
  show("loading", texts.loading, aside());
}

/** Keep what is shown, and let no button be pressed meanwhile. The focus stays where it is. */
export function busy(text) {
  rest(true);
  say(text);
}

// ------------------------------------------------------------------ signing in

export function signIn(leave) {
  const said = texts.signIn;
  show("sign-in", said.heading, lead(said.text), paragraph(said.calm), buttons(primary(said.button, leave)));
}

export function notSignedIn(reason, leave, { wasAnswering = false } = {}) {
  const said = texts.notSignedIn[reason];
  show(
    `not-signed-in-${reason}`,
    said.heading,
    wasAnswering ? lead(said.lost) : null,
    paragraph(said.text),
    leave ? buttons(primary(texts.signIn.button, leave)) : paragraph(texts.incomplete.text),
  );
}

export function unfit(code, another) {
  const said = texts.unfit;
  const why = code === "acting_for_another" ? said.acting : said.text;
  show("unfit", said.heading, lead(why), buttons(secondary(texts.signIn.another, another)));
}

// ------------------------------------------------------------------ nothing to decide

export function incomplete() {
  show("incomplete", texts.incomplete.heading, lead(texts.incomplete.text));
}

export function trouble(again) {
  const said = texts.trouble;
  show("trouble", said.heading, lead(said.text), buttons(primary(said.button, again)));
}

export function unsure(look) {
  const said = texts.unsure;
  show("unsure", said.heading, lead(said.text), buttons(primary(said.button, look)));
}

export function unknown({ me, about }, another) {
  const said = texts.unknown;
  show(
    "unknown",
    said.heading,
    lead(fill(said.text, { account: about.name })),
    buttons(primary(texts.signIn.another, another)),
    signedIn(me, about),
  );
}

export function noRight({ me, about }, ask, another) {
  const said = texts.noRight;
  const people = element("ul", { class: "people" }, ...ask.map((address) => element("li", { dir: "auto" }, address)));
  show(
    "no-right",
    said.heading,
    lead(fill(said.text, { account: about.name })),
    paragraph(ask.length > 0 ? said.ask : said.askAnybody),
    ask.length > 0 ? people : null,
    buttons(secondary(texts.signIn.another, another)),
    signedIn(me, about),
  );
}

/** Say that the agent who asks is none any more. */
export function gone({ me, about, request }) {
  const said = texts.gone;
  show("gone", said.heading, lead(fill(said.text, { agent: request.agent.name })), signedIn(me, about));
}

/** Say that the account has as many grants as it may have. */
export function full({ me, about }, back) {
  const said = texts.full;
  show(
    "full",
    said.heading,
    lead(fill(said.text, { account: about.name })),
    buttons(secondary(said.button, back)),
    signedIn(me, about),
  );
}

/** Show a request that was declined, withdrawn or expired. */
export function closed({ me, about, request }, { isNews = false } = {}) {
  const agent = request.agent.name;
  const when = (at) => moment(at, about.time_zone);
  const said = texts[request.state];
  const told = {
    declined: () => [
      isNews ? null : lead(answered(said, me, request, when)),
      paragraph(fill(said.nothing, { agent })),
      ...(request.note ? [paragraph(fill(said.note, { agent })), quoted(request.note)] : []),
    ],
    withdrawn: () => [lead(fill(said.text, { agent }))],
    expired: () => [lead(fill(said.text, { agent, moment: when(request.expires_at) })), paragraph(said.again)],
  };
  const heading = isNews ? said.headingNow : said.heading;
  show(request.state, heading, ...told[request.state](), signedIn(me, about));
}

// ------------------------------------------------------------------ the decision

/** Show what is asked, and let the user choose. Export is off until they turn it on, and never offered unasked. */
export function pending({ me, about, request }, { approve, refuse, another }, { isUnsure = false } = {}) {
  const said = texts.ask;
  const agent = request.agent.name;
  const choice = (one) => element("option", { value: one, selected: one === request.period }, texts.periods[one]);
  const period = element("select", { id: "period", "aria-describedby": "period-hint" }, ...Object.keys(texts.periods).map(choice));
  const mayExport = request.may_export ? element("input", { type: "checkbox", id: "may-export" }) : null;
  const hint = element("p", { id: "period-hint" });
  const summary = element("p", { class: "summary", role: "status" });
  const order = () => ({ period: period.value, may_export: mayExport?.checked ?? false });
  const sum = () => {
    const { period: chosen, may_export } = order();
    hint.textContent = chosen === "permanent" ? said.lasting : said.starts;
    hint.className = chosen === "permanent" ? "notice" : "hint";
    summary.textContent = fill(said.summary, { period: inSentence(texts.periods[chosen]), export: exporting(may_export) });
  };
  sum();
  show(
    "pending",
    fill(said.heading, { agent }),
    isUnsure ? element("p", { class: "notice" }, said.notArrived) : null,
    facts(
      [said.reason, quoted(request.reason)],
      [said.who, fill(said.agent, { name: agent, id: request.agent.id })],
      [said.account, fill(said.accountIs, { name: about.name, id: about.tenant_id })],
      [said.period, texts.periods[request.period]],
      [said.export, request.may_export ? said.exportAsked : said.exportNotAsked],
      [said.requestedAt, moment(request.requested_at, about.time_zone)],
      [said.expiresAt, moment(request.expires_at, about.time_zone)],
    ),
    element(
      "form",
      { onsubmit: (event) => event.preventDefault(), onchange: sum },
      element("h2", {}, said.decision),
      element("label", { for: "period" }, said.choosePeriod),
      period,
      hint,
      mayExport && element("label", { class: "check" }, mayExport, element("span", {}, fill(said.mayExport, { agent }))),
      summary,
      buttons(
        primary(said.approve, () => approve(order())),
        secondary(said.decline, refuse),
      ),
    ),
    signedIn(me, about, another),
  );
}

export function declining({ request }, { decline, back }) {
  const said = texts.decline;
  const agent = request.agent.name;
  const note = element("textarea", { id: "note", rows: "3", maxlength: MAX_NOTE_LENGTH, dir: "auto" });
  show(
    "declining",
    said.heading,
    lead(fill(said.text, { agent })),
    element(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      element("label", { for: "note" }, fill(said.note, { agent })),
      note,
      element("p", { class: "notice", id: "note-invalid", role: "alert", hidden: true }),
      buttons(
        primary(said.button, () => decline(note.value.trim())),
        secondary(said.back, back),
      ),
    ),
  );
}

/** Keep the note, and say that it cannot be taken. */
export function noteInvalid() {
  const note = document.getElementById("note");
  const fault = document.getElementById("note-invalid");
  rest(false);
  say("");
  fault.hidden = false;
  fault.textContent = texts.decline.noteInvalid;
  note.setAttribute("aria-invalid", "true");
  note.setAttribute("aria-describedby", fault.id);
  note.focus();
}

// ------------------------------------------------------------------ what now holds

export function granted({ me, about, request }, grant, { end }) {
  const said = texts.granted;
  show(
    "granted",
    fill(said.heading, { agent: request.agent.name }),
    lead(lasts(said.until, said.lasting, grant, about)),
    paragraph(said.close),
    paragraph(said.howToEnd),
    buttons(secondary(said.end, () => end(grant))),
    signedIn(me, about),
  );
}

/** Show a request that was approved before, and what has become of its grant. */
export function approved({ me, about, request }, grant, { end }) {
  const said = texts.approved;
  const given = answered(said, me, request, (at) => moment(at, about.time_zone));
  const isLive = grant?.state === "live";
  show(
    `approved-${grant?.state ?? "long-ago"}`,
    said.heading,
    lead(given),
    isLive ? paragraph(lasts(said.liveUntil, said.liveLasting, grant, about)) : null,
    isLive ? paragraph(texts.granted.howToEnd) : null,
    grant && !isLive ? paragraph(ended(grant, about, request)) : null,
    isLive ? buttons(secondary(texts.granted.end, () => end(grant))) : null,
    signedIn(me, about),
  );
}

export function ending({ request }, { end, back }) {
  const said = texts.ending;
  show(
    "ending",
    said.heading,
    lead(fill(said.text, { agent: request.agent.name })),
    buttons(primary(said.button, end), secondary(said.back, back)),
  );
}

export function over({ me, about, request }, grant) {
  show("over", texts.over.heading, lead(ended(grant, about, request)), signedIn(me, about));
}

function lasts(until, lasting, grant, about) {
  const values = { export: exporting(grant.may_export) };
  return grant.ends_at ? fill(until, { ...values, moment: endOf(grant.ends_at, about.time_zone) }) : fill(lasting, values);
}

function ended(grant, about, request) {
  const isRevoked = grant.state === "revoked";
  const at = isRevoked ? moment(grant.revoked_at, about.time_zone) : endOf(grant.ends_at, about.time_zone);
  return fill(isRevoked ? texts.over.revoked : texts.over.ended, { agent: request.agent.name, moment: at });
}

function answered(said, me, request, when) {
  const values = { agent: request.agent.name, name: request.answered_by?.name };
  if (!request.answered_by || !request.answered_at) return fill(said.bySomebody, values);
  const byWhom = request.answered_by.user_id === me.user_id ? said.byYou : said.by;
  return fill(byWhom, { ...values, moment: when(request.answered_at) });
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

/** Say who is signed in, and offer to be somebody else. */
function signedIn(me, about, another = null) {
  return element(
    "footer",
    {},
    paragraph(fill(texts.signIn.as, { name: me.name, account: about.name })),
    another && button(texts.signIn.another, another, "link"),
  );
}
