// The overviews: who was let in, who from support was in and why; each as CSV. And whether the ledger is as it was
// written.

import { button, buttons, change, clockOf, element, paged, paragraph, quoted, row } from "./elements.js";
import { MAX_PAGE_SIZE } from "./limits.js";
import { brief, briefEnd, exact, exporting, fill, texts } from "./texts.js";

const START = { seq: 0, hash: "0".repeat(64) };
const MOST_FINDINGS = 20;

/** Every grant that was live at any moment of the last six months. */
export function grants(session) {
  const said = texts.grants;
  const list = element("div");
  const live = element("input", { type: "checkbox", id: "only-live" });
  const refresh = () => {
    const read = (query) => session.guestkey.grants(live.checked ? { ...query, state: "live" } : query);
    list.replaceChildren(...paged(read, (grant) => grantRow(grant, session), said.nothing));
  };
  live.addEventListener("change", refresh);
  refresh();
  return [
    [
      element("h3", {}, said.heading),
      element("label", { class: "check" }, live, element("span", {}, said.onlyLive)),
      list,
      clockOf(session),
      download(session, "grants.csv", said.file),
    ],
    refresh,
  ];
}

function grantRow(grant, { zone }) {
  const said = texts.grants;
  return row(
    grant.grantee.name,
    [
      fill(said.given, { name: grant.granted_by.name, moment: brief(grant.granted_at, zone) }),
      `${lasted(grant, zone)}, ${exporting(grant.may_export)}`,
    ],
    element("span", { class: `badge ${grant.state}` }, said.states[grant.state]),
  );
}

function lasted(grant, zone) {
  const said = texts.grants;
  if (grant.revoked_at) {
    return fill(said.revoked, { name: grant.revoked_by?.name ?? "–", moment: brief(grant.revoked_at, zone) });
  }
  return grant.ends_at ? fill(texts.until, { moment: briefEnd(grant.ends_at, zone) }) : texts.periods.permanent;
}

export async function logins(session) {
  const said = texts.logins;
  const { departments } = await session.guestkey.directory("");
  const names = new Map(departments.map(({ id, name }) => [id, name]));
  const list = element("div");
  const refresh = () =>
    list.replaceChildren(...paged(session.guestkey.logins, (login) => loginRow(login, names, session), said.nothing));
  refresh();
  return [
    [
      element("h3", {}, said.heading),
      list,
      clockOf(session),
      download(session, "logins.csv", said.file),
      ledger(session),
    ],
    refresh,
  ];
}

function loginRow(login, names, { zone }) {
  const said = texts.logins;
  const { name, departments } = login.agent;
  const until = login.ended_at ? fill(said.until, { moment: exact(login.ended_at, zone) }) : said.stillIn;
  return row([name, ...departments.map((id) => names.get(id) ?? id)].join(" · "), [
    quoted(login.reason),
    `${exact(login.logged_in_at, zone)} ${until}`,
    login.ticket && fill(said.ticket, { ticket: login.ticket }),
  ]);
}

// ------------------------------------------------------------------ lists

/** Return a button that has the whole list written into a file. */
function download(session, path, name) {
  const said = texts.lists;
  const save = () =>
    change(place, async () => {
      let sheet = "";
      // Each page has the header.
      for await (const { text } of session.guestkey.pages(path)) {
        sheet += sheet ? text.slice(text.indexOf("\n") + 1) : text;
      }
      const address = URL.createObjectURL(new Blob([sheet], { type: "text/csv" }));
      element("a", { href: address, download: `${name}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
  const place = buttons(button(said.csv, save, null, { id: "csv" }));
  return place;
}

// ------------------------------------------------------------------ the ledger

// Its chain is recomputed here: the hash of each entry, which is of its canonical JSON (RFC 8785), and its link to the
// one before. `python -m guestkey verify` judges a copy more finely; both find the same ledgers sound.

function ledger(session) {
  const said = texts.ledger;
  const kept = element("input", { type: "text", id: "kept", autocomplete: "off" });
  const found = element("ul", { class: "findings" });
  const check = () =>
    change(place, async () => {
      const { seq, hash, findings } = await judge(session.guestkey, kept.value.trim());
      found.replaceChildren(...findings.map((finding) => element("li", {}, fill(said.faults[finding.fault], finding))));
      return fill(findings.length > 0 ? said.broken : said.sound, { seq, head: `${seq}:${hash}` });
    });
  const place = element(
    "section",
    { class: "card", "aria-labelledby": "ledger" },
    element("h3", { id: "ledger" }, said.heading),
    paragraph(said.text),
    element("label", { for: "kept" }, said.kept),
    kept,
    buttons(button(said.heading, check, null, { id: "check" })),
    found,
  );
  return place;
}

/** Read the whole ledger and return where it ends and what is wrong with it, each with the number it concerns. */
async function judge(guestkey, kept) {
  const chain = new Map();
  const lost = [];
  const findings = [];
  let [last, head, tenant] = [0];
  const find = (fault, seq) => findings.push({ fault, seq });
  for await (const page of guestkey.pages("ledger", { limit: MAX_PAGE_SIZE })) {
    head ??= page.head;
    for (const line of page.text.split("\n").filter(Boolean)) {
      const entry = parsed(line);
      const isSound = entry && (await hashOf(entry)) === entry.hash;
      // Its number may be what was edited.
      const seq = isSound ? entry.seq : last + 1;
      if (!isSound) lost.push(seq);
      if (!entry) find("malformed", seq);
      else if (!isSound) find("edited", seq);
      else if (entry.tenant_id !== (tenant ??= entry.tenant_id)) find("foreign", seq);
      else if (chain.has(seq)) find("doubled", seq);
      else {
        if (seq < last) find("out_of_order", seq);
        chain.set(seq, entry);
      }
      last = Math.max(last, seq);
    }
  }
  let before = START;
  let isBroken = false;
  for (const seq of [...chain.keys()].sort((one, other) => one - other)) {
    const between = lost.filter((number) => before.seq < number && number < seq).length;
    const isMissing = seq - before.seq - 1 > between;
    // What fits neither of its neighbours was rewritten itself: the one behind it is not to blame.
    isBroken = !(isMissing || isBroken || between) && chain.get(seq).prev_hash !== before.hash;
    if (isMissing) find("missing", before.seq + 1);
    if (isBroken) find("broken", seq);
    before = chain.get(seq);
  }
  for (const [seq, hash] of [head, kept].filter(Boolean).map((one) => one.split(":"))) {
    const there = seq === "0" ? START : chain.get(Number(seq));
    if (Number(seq) > last) find("cut_off", last + 1);
    else if (there && there.hash !== hash) find("rewritten", seq);
  }
  return { seq: before.seq, hash: before.hash, findings: findings.slice(0, MOST_FINDINGS) };
}

function parsed(line) {
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

/** Return canonical JSON of texts, integers, booleans, nulls and objects of these under ASCII names. */
function canonical(value) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}
