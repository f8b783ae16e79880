// Tabs: the overviews of grants and of logins, each also as CSV, and the check of the ledger.

import { runAction } from "./actions.js";
import { button, buttons, element, paragraph, quoted, row, zoneNote } from "./elements.js";
import { pagedList } from "./lists.js";
import { exportText, format, preciseMoment, shortEndMoment, shortMoment } from "./texts.js";

/** @import { Grant, Login, Query } from "../types/api" */
/** @import { PanelSession, Tab } from "../types/pages" */

const LINE_FEED = 10;

/**
 * The overview of grants: each that was live at any time in the last six months.
 * @param {PanelSession} session
 * @returns {Tab}
 */
export function grants(session) {
  const strings = session.texts.grants;
  const list = element("div");
  const onlyLive = element("input", { type: "checkbox", id: "only-live" });
  /** @returns {Query} */
  const filter = () => (onlyLive.checked ? { state: "live" } : {});
  /** @param {Query} query */
  const read = (query) => session.guestkey.grants({ ...query, ...filter() });
  /** @param {Grant} grant */
  const toRow = (grant) => grantRow(grant, session);
  const { refresh, reload } = pagedList(session, list, "grant_id", read, toRow, strings.nothing);
  onlyLive.addEventListener("change", reload);
  return [
    [
      element("h3", {}, strings.heading),
      element("label", { class: "check" }, onlyLive, element("span", {}, strings.onlyLive)),
      list,
      zoneNote(session),
      download(session, "grants.csv", strings.file, filter),
    ],
    refresh,
  ];
}

/**
 * @param {Grant} grant
 * @param {PanelSession} session
 */
function grantRow(grant, session) {
  const strings = session.texts.grants;
  return row(
    grant.grantee.name,
    [
      grant.grantee.type === "agent" && grant.grantee.id,
      format(strings.given, { name: grant.granted_by.name, moment: shortMoment(grant.granted_at, session) }),
      `${validity(grant, session)}, ${exportText(grant.may_export, session)}`,
      strings.ends[grant.end ?? ""] ?? null,
    ],
    element("span", { class: `badge ${grant.state}` }, strings.states[grant.state]),
  );
}

/**
 * @param {Grant} grant
 * @param {PanelSession} session
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
 * @param {PanelSession} session
 * @returns {Promise<Tab>}
 */
export async function logins(session) {
  const strings = session.texts.logins;
  const { departments } = await session.guestkey.directory("");
  const names = new Map(departments.map(({ id, name }) => [id, name]));
  const list = element("div");
  /** @param {Login} login */
  const toRow = (login) => loginRow(login, names, session);
  const { refresh } = pagedList(session, list, "login_id", session.guestkey.logins, toRow, strings.nothing);
  return [
    [
      element("h3", {}, strings.heading),
      list,
      zoneNote(session),
      download(session, "logins.csv", strings.file),
      ledger(session),
    ],
    refresh,
  ];
}

/**
 * @param {Login} login
 * @param {Map<string, string>} names
 * @param {PanelSession} session
 */
function loginRow(login, names, session) {
  const strings = session.texts.logins;
  const { name, id, departments } = login.agent;
  const endedAt = login.ended_at && preciseMoment(login.ended_at, session);
  const until = endedAt ? format(strings.until, { moment: endedAt }) : strings.stillIn;
  return row([name, ...departments.map((id) => names.get(id) ?? id), id].join(" · "), [
    quoted(login.reason),
    `${preciseMoment(login.logged_in_at, session)} ${until}`,
    login.ticket && format(strings.ticket, { ticket: login.ticket }),
  ]);
}

// ------------------------------------------------------------------ lists

/**
 * Return a button that saves the whole list as a CSV file for people, in the language and time zone of the panel.
 * @param {PanelSession} session
 * @param {string} path
 * @param {string} name Name of the file if the API tells none.
 * @param {() => Query} filter
 */
function download(session, path, name, filter = () => ({})) {
  const strings = session.texts.lists;
  const form = { dialect: "excel", language: new Intl.Locale(session.locale).baseName, zone: session.zone };
  const save = () =>
    runAction(session, place, async () => {
      /** @type {Uint8Array<ArrayBuffer>[]} */
      const parts = [];
      let file = `${name}.csv`;
      // Each page begins with a byte order mark and the header; the file has them once. A text would lose the mark.
      for await (const { bytes, fileName } of session.guestkey.pages(path, { ...filter(), ...form })) {
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
 * @param {PanelSession} session
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
