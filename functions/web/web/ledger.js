// Verifies a ledger: recomputes the chain, which is the hash of each entry's canonical JSON (RFC 8785), and its link to
// the entry before. `python -m guestkey verify` names more kinds of damage; both accept the same ledgers.

/** @typedef {{ seq: number, hash: string, prev_hash: string, tenant_id: string }} Entry */
/**
 * @typedef {"malformed" | "edited" | "foreign" | "doubled" | "out_of_order" | "missing" | "broken" | "cut_off"
 *   | "rewritten"} Fault
 */
/** @typedef {{ fault: Fault, seq: number }} Finding */

const START = { seq: 0, hash: "0".repeat(64) };
const MAX_FINDINGS = 20;

/**
 * Read a ledger page by page; return its head and the faults found, each with the number of its entry.
 * @param {AsyncIterable<{ text: string, head: string | null }>} pages
 * @param {string} savedHead
 */
export async function verifyLedger(pages, savedHead) {
  /** @type {Map<number, Entry>} */
  const chain = new Map();
  /** @type {number[]} */
  const unreadable = [];
  /** @type {Finding[]} */
  const findings = [];
  let last = 0;
  /** @type {string | null | undefined} */
  let head;
  /** @type {string | undefined} */
  let tenant;
  /** @type {(fault: Fault, seq: number) => void} */
  const report = (fault, seq) => findings.push({ fault, seq });
  for await (const page of pages) {
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
  for (const entry of [...chain.values()].sort((one, other) => one.seq - other.seq)) {
    const { seq } = entry;
    const unreadableBetween = unreadable.filter((number) => before.seq < number && number < seq).length;
    const isMissing = seq - before.seq - 1 > unreadableBetween;
    // An entry that fits neither neighbour was rewritten itself; the next entry is not reported.
    isBroken = !(isMissing || isBroken || unreadableBetween) && entry.prev_hash !== before.hash;
    if (isMissing) report("missing", before.seq + 1);
    if (isBroken) report("broken", seq);
    before = entry;
  }
  for (const known of [head, savedHead]) {
    if (!known) continue;
    const [number, hash] = known.split(":");
    const seq = Number(number);
    const there = seq === 0 ? START : chain.get(seq);
    if (seq > last) report("cut_off", last + 1);
    else if (there && there.hash !== hash) report("rewritten", seq);
  }
  return { seq: before.seq, hash: before.hash, findings: findings.slice(0, MAX_FINDINGS) };
}

/**
 * Return the entry of a line; null if it is not canonical JSON.
 * @param {string} line
 * @returns {Entry | null}
 */
function parseEntry(line) {
  try {
    const entry = JSON.parse(line);
    return canonical(entry) === line && Number.isInteger(entry.seq) ? entry : null;
  } catch {
    return null;
  }
}

/** @param {Entry} entry */
async function hashOf({ hash, ...entry }) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical(entry)));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Return the canonical JSON of texts, integers, booleans, nulls, and of objects of these with ASCII names.
 * @param {any} value
 * @returns {string}
 */
export function canonical(value) {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => JSON.stringify(name) + ":" + canonical(value[name])).join(",")}}`;
}
