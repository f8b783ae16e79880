// Tabs: the overviews of grants and of logins, each also as CSV, and the check of the ledger.

import { runAction } from "./actions.js";
import { clock, fullDay, PRECISE, zoneNote } from "./days.js";
import { pages } from "./downloads.js";
import { button, buttons, element, paragraph, quoted, row } from "./elements.js";
import { pagedList } from "./lists.js";
import { overviewFilter } from "./panel.filter.js";
import { format, fullName, shortEndMoment, shortMoment, span, termsText } from "./texts.js";

/** @import { Grant, Login } from "../types/api" */
/** @import { LaterSession, Tab } from "../types/pages" */
/** @typedef {ReturnType<typeof overviewFilter>} Filter */

const LINE_FEED = 10;

/**
 * The overview of grants: each that was live at any time in the last six months.
 * @param {LaterSession} session
 * @returns {Tab}
 */
export function grants(session) {
  const strings = session.texts.grants;
  const list = element("div");
  const filter = overviewFilter(session, () => reload(), strings.search, strings.onlyLive);
  /** @param {Grant} grant */
  const toRow = (grant) => grantRow(grant, session);
  const read = filter.reads(session.guestkey.grants);
  const { refresh, reload } = pagedList(session, list, "grant_id", read, toRow, filter.nothing(strings.nothing));
  const saving = download(session, "grants.csv", strings.file, filter);
  return [[head(strings.heading, saving), filter.place, list, zoneNote(session)], refresh];
}

/**
 * @param {Grant} grant
 * @param {LaterSession} session
 */
function grantRow(grant, session) {
  const strings = session.texts.grants;
  return row(
    fullName(grant.grantee, session),
    [
      grant.grantee.type === "agent" && grant.grantee.id,
      format(strings.given, { name: grant.granted_by.name, moment: shortMoment(grant.granted_at, session) }),
      `${validity(grant, session)}, ${termsText(grant, session)}`,
      strings.ends[grant.end ?? ""] ?? null,
    ],
    element("span", { class: `badge ${grant.state}` }, strings.states[grant.state]),
  );
}

/**
 * @param {Grant} grant
 * @param {LaterSession} session
 */
function validity(grant, session) {
  const { texts } = session;
  const strings = texts.grants;
  if (grant.revoked_at) {
    const name = grant.revoked_by?.name ?? "–";
    return format(strings.revoked, { name, moment: shortMoment(grant.revoked_at, session) });
  }
  if (!grant.ends_at) return texts.periods.permanent;
  return format(texts.until, { moment: shortEndMoment(grant.ends_at, session) });
}

/**
 * The overview of logins, day by day.
 * @param {LaterSession} session
 * @returns {Tab}
 */
export function logins(session) {
  const strings = session.texts.logins;
  const list = element("div");
  const filter = overviewFilter(session, () => reload(), strings.search);
  /** @param {Login} login */
  const toRow = (login) => loginRow(login, filter.departmentName, session);
  /** @param {Login} login */
  const dayOf = ({ logged_in_at }) => fullDay(logged_in_at, session);
  const read = filter.reads(session.guestkey.logins);
  const empty = filter.nothing(strings.nothing);
  const { refresh, reload } = pagedList(session, list, "login_id", read, toRow, empty, dayOf);
  const saving = download(session, "logins.csv", strings.file, filter);
  return [[head(strings.heading, saving), filter.place, list, zoneNote(session), ledger(session)], refresh];
}

/**
 * @param {Login} login
 * @param {(id: string) => string} departmentName
 * @param {LaterSession} session
 */
function loginRow(login, departmentName, session) {
  const strings = session.texts.logins;
  const { id, departments } = login.agent;
  return row([fullName(login.agent, session), ...departments.map(departmentName), id].join(" · "), [
    quoted(login.reason),
    `${clock(login.logged_in_at, session, PRECISE)} ${until(login, session)}`,
    login.ticket && format(strings.ticket, { ticket: login.ticket }),
  ]);
}

/**
 * Return until when a login lasted, and how long. Its day is named if it is another one.
 * @param {Login} login
 * @param {LaterSession} session
 */
function until({ logged_in_at, ended_at }, session) {
  const strings = session.texts.logins;
  if (!ended_at) return strings.stillIn;
  const isSameDay = fullDay(ended_at, session) === fullDay(logged_in_at, session);
  const moment = (isSameDay ? clock : shortMoment)(ended_at, session, PRECISE);
  const length = span(Date.parse(ended_at) - Date.parse(logged_in_at), session);
  return `${format(strings.until, { moment })} (${length})`;
}

// ------------------------------------------------------------------ lists

/**
 * @param {string} heading
 * @param {HTMLElement} saving
 */
function head(heading, saving) {
  return element("div", { class: "head" }, element("h3", {}, heading), saving);
}

/**
 * Return a button that saves what the filter admits as a CSV file for people, in the language and time zone of the panel.
 * @param {LaterSession} session
 * @param {string} path
 * @param {string} name Name of the file if the API tells none.
 * @param {Filter} filter
 */
function download(session, path, name, filter) {
  const strings = session.texts.lists;
  const form = { dialect: "excel", language: new Intl.Locale(session.locale).baseName, zone: session.zone };
  const save = () =>
    runAction(session, place, async () => {
      /** @type {Uint8Array<ArrayBuffer>[]} */
      const parts = [];
      let file = `${name}.csv`;
      // Each page begins with a byte order mark and the header; the file has them once. A text would lose the mark.
      for await (const { bytes, fileName } of pages(session.guestkey, path, { ...filter.query(), ...form })) {
        parts.push(parts.length > 0 ? bytes.subarray(bytes.indexOf(LINE_FEED) + 1) : bytes);
        file = fileName ?? file;
      }
      const address = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
      element("a", { href: address, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
  /** @type {HTMLElement} */
  const place = buttons(button(strings.csv, save, null, { id: "csv" }));
  return place;
}

// ------------------------------------------------------------------ the ledger

/**
 * Return the card that checks the ledger. The code and the texts for this are loaded with the first check.
 * @param {LaterSession} session
 */
function ledger(session) {
  const strings = session.texts.ledger;
  const savedHead = element("input", { type: "text", id: "kept", autocomplete: "off" });
  const result = element("div", { class: "handle" });
  const check = () =>
    runAction(session, form, async () => {
      const { checkLedger } = await import("./ledger.js");
      return checkLedger(session, savedHead, result);
    });
  /** @type {HTMLElement} */
  const form = element(
    "div",
    { class: "handle" },
    element("label", { for: "kept" }, strings.kept),
    savedHead,
    buttons(button(strings.heading, check, null, { id: "check" })),
  );
  return element(
    "section",
    { class: "card", "aria-labelledby": "ledger" },
    element("h3", { id: "ledger" }, strings.heading),
    paragraph(strings.text),
    form,
    result,
  );
}
