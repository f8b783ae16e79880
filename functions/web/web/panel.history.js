// Tabs: the overviews of grants and of logins, each also as CSV, and the check of the ledger.

import { button, buttons, element, pagedList, paragraph, quoted, row, runAction, zoneNote } from "./elements.js";
import { MAX_PAGE_SIZE } from "./limits.js";
import { exportText, format, preciseMoment, shortEndMoment, shortMoment, texts } from "./texts.js";

const START = { seq: 0, hash: "0".repeat(64) };
const MAX_FINDINGS = 20;

/** The overview of grants: each that was live at any time in the last six months. */
export function grants(session) {
  const strings = texts.grants;
  const list = element("div");
  const onlyLive = element("input", { type: "checkbox", id: "only-live" });
  const refresh = () => {
    const read = (query) => session.guestkey.grants(onlyLive.checked ? { ...query, state: "live" } : query);
    list.replaceChildren(...pagedList(read, (grant) => grantRow(grant, session), strings.nothing));
  };
  onlyLive.addEventListener("change", refresh);
  refresh();
  return [
    [
      element("h3", {}, strings.heading),
      element("label", { class: "check" }, onlyLive, element("span", {}, strings.onlyLive)),
      list,
      zoneNote(session),
      download(session, "grants.csv", strings.file),
    ],
    refresh,
  ];
}

function grantRow(grant, { zone }) {
  const strings = texts.grants;
  return row(
    grant.grantee.name,
    [
      format(strings.given, { name: grant.granted_by.name, moment: shortMoment(grant.granted_at, zone) }),
      `${validity(grant, zone)}, ${exportText(grant.may_export)}`,
    ],
    element("span", { class: `badge ${grant.state}` }, strings.states[grant.state]),
  );
}

function validity(grant, zone) {
  const strings = texts.grants;
  if (grant.revoked_at) {
    const name = grant.revoked_by?.name ?? "–";
    return format(strings.revoked, { name, moment: shortMoment(grant.revoked_at, zone) });
  }
  return grant.ends_at ? format(texts.until, { moment: shortEndMoment(grant.ends_at, zone) }) : texts.periods.permanent;
}

export async function logins(session) {
  const strings = texts.logins;
  const { departments } = await session.guestkey.directory("");
  const names = new Map(departments.map(({ id, name }) => [id, name]));
  const list = element("div");
  const toRow = (login) => loginRow(login, names, session);
  const refresh = () =>
    list.replaceChildren(...pagedList(session.guestkey.logins, toRow, strings.nothing));
  refresh();
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

function loginRow(login, names, { zone }) {
  const strings = texts.logins;
  const { name, departments } = login.agent;
  const endedAt = login.ended_at && preciseMoment(login.ended_at, zone);
  const until = endedAt ? format(strings.until, { moment: endedAt }) : strings.stillIn;
  return row([name, ...departments.map((id) => names.get(id) ?? id)].join(" · "), [
    quoted(login.reason),
    `${preciseMoment(login.logged_in_at, zone)} ${until}`,
    login.ticket && format(strings.ticket, { ticket: login.ticket }),
  ]);
}

// ------------------------------------------------------------------ lists

/** Return a button that saves the whole list as a CSV file. */
function download(session, path, name) {
  const strings = texts.lists;
  const save = () =>
    runAction(place, async () => {
      let csv = "";
      // Each page begins with the header; the file has it once.
      for await (const { text } of session.guestkey.pages(path)) {
        csv += csv ? text.slice(text.indexOf("\n") + 1) : text;
      }
      const address = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
      element("a", { href: address, download: `${name}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
  const place = buttons(button(strings.csv, save, null, { id: "csv" }));
  return place;
}

// ------------------------------------------------------------------ the ledger

// The browser recomputes the chain: the hash of each entry's canonical JSON (RFC 8785), and its link to the entry
// before. `python -m guestkey verify` names more kinds of damage; both accept the same ledgers.

function ledger(session) {
  const strings = texts.ledger;
  const savedHead = element("input", { type: "text", id: "kept", autocomplete: "off" });
  const found = element("ul", { class: "findings" });
  const check = () =>
    runAction(place, async () => {
      const { seq, hash, findings } = await verifyLedger(session.guestkey, savedHead.value.trim());
      const toItem = (finding) => element("li", {}, format(strings.faults[finding.fault], finding));
      found.replaceChildren(...findings.map(toItem));
      return format(findings.length > 0 ? strings.broken : strings.sound, { seq, head: `${seq}:${hash}` });
    });
  const place = element(
    "section",
    { class: "card", "aria-labelledby": "ledger" },
    element("h3", { id: "ledger" }, strings.heading),
    paragraph(strings.text),
    element("label", { for: "kept" }, strings.kept),
    savedHead,
    buttons(button(strings.heading, check, null, { id: "check" })),
    found,
  );
  return place;
}

/** Read the whole ledger; return its head and the faults found, each with the number of its entry. */
async function verifyLedger(guestkey, savedHead) {
  const chain = new Map();
  const unreadable = [];
  const findings = [];
  let [last, head, tenant] = [0];
  const report = (fault, seq) => findings.push({ fault, seq });
  for await (const page of guestkey.pages("ledger", { limit: MAX_PAGE_SIZE })) {
    head ??= page.head;
    for (const line of page.text.split("\n").filter(Boolean)) {
      const entry = parseEntry(line);
      const isSound = entry && (await hashOf(entry)) === entry.hash;
      // The number of a damaged entry may be the damaged part.
      const seq = isSound ? entry.seq : last + 1;
      if (!isSound) unreadable.push(seq);
      if (!entry) report("malformed", seq);
      else if (!isSound) report("edited", seq);
      else if (entry.tenant_id !== (tenant ??= entry.tenant_id)) report("foreign", seq);
      else if (chain.has(seq)) report("doubled", seq);
      else {
        if (seq < last) report("out_of_order", seq);
        chain.set(seq, entry);
      }
      last = Math.max(last, seq);
    }
  }
  let before = START;
  let isBroken = false;
  for (const seq of [...chain.keys()].sort((one, other) => one - other)) {
    const unreadableBetween = unreadable.filter((number) => before.seq < number && number < seq).length;
    const isMissing = seq - before.seq - 1 > unreadableBetween;
    // An entry that fits neither neighbour was rewritten itself; the next entry is not reported.
    isBroken = !(isMissing || isBroken || unreadableBetween) && chain.get(seq).prev_hash !== before.hash;
    if (isMissing) report("missing", before.seq + 1);
    if (isBroken) report("broken", seq);
    before = chain.get(seq);
  }
  for (const [seq, hash] of [head, savedHead].filter(Boolean).map((one) => one.split(":"))) {
    const there = seq === "0" ? START : chain.get(Number(seq));
    if (Number(seq) > last) report("cut_off", last + 1);
    else if (there && there.hash !== hash) report("rewritten", seq);
  }
  return { seq: before.seq, hash: before.hash, findings: findings.slice(0, MAX_FINDINGS) };
}

function parseEntry(line) {
  try {
    const entry = JSON.parse(line);
    return canonical(entry) === line && Number.isInteger(entry.seq) ? entry : null;
  } catch {
    return null;
  }
}

async function hashOf({ hash, ...entry }) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(entry)));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return the canonical JSON of texts, integers, booleans, nulls, and of objects of these with ASCII names. */
function canonical(value) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}
