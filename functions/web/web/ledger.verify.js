// Verifies a ledger in the browser, step by step as `rules/verify.py` does for the command. Both know a line's form from
// `rules/ledger_form.py`, and have the same verdict on each ledger of `tests/vectors/ledgers.json`.

import { withoutConsequences } from "./ledger.findings.js";
import { MAX_FINDINGS, MAX_LINE_BYTES } from "./ledger.form.js";
import { NO_HASH, otherFormatOf, parseHead, readLine, withoutAccidents } from "./ledger.line.js";
import { best, difference, inOrder, lengthOf, lineOf, spanOf } from "./ledger.runs.js";

/** @import { Fault, Finding } from "./ledger.findings.js" */
/** @import { Accident, Head, Line } from "./ledger.line.js" */
/** @import { Run, Span } from "./ledger.runs.js" */
/** @typedef {{ bytes: Uint8Array<ArrayBuffer>, head?: string | null }} Page */

const NEWLINE = 10;
const OPENING = "{".charCodeAt(0);
const CLOSING = "}".charCodeAt(0);

/**
 * Return the faults of a ledger that is read page by page, and its head. Each page of an answer has the value of
 * `Guestkey-Head`, or null if the answer lacks it; a page of a file has none.
 * @param {AsyncIterable<Page>} pages
 * @param {{ kept?: Head | null, start?: number, tenantId?: string | null }} expected
 */
export async function verifyLedger(pages, { kept = null, start = 1, tenantId = null } = {}) {
  const copy = new Copy(kept, start, tenantId);
  let number = 0;
  for await (const { bytes, head } of pages) {
    if (head !== undefined) copy.watch(head);
    for (let from = 0; from < bytes.length && copy.stoppedAt === null; ) {
      const end = bytes.indexOf(NEWLINE, from);
      const isWhole = end >= 0;
      const next = isWhole ? end + 1 : bytes.length;
      if (copy.hasTooManyFindings) copy.stoppedAt = number;
      else await copy.read((number += 1), bytes.subarray(from, isWhole ? end : next), isWhole);
      from = next;
    }
  }
  return copy.report();
}

/** Memory of the lines read so far: it holds runs, not entries. A sound copy is a single run. */
class Copy {
  /** @type {number | null} */
  stoppedAt = null;
  #start;
  #tenantId;
  /**
   * Heads to compare with: the kept one first.
   * @type {Head[]}
   */
  #heads;
  #kept;
  #lacksHead = false;
  /** @type {Run[]} */
  #runs = [];
  /** @type {Map<string, Run>} */
  #latest = new Map();
  /** @type {Set<string>} */
  #boundaries = new Set();
  /** @type {Map<number, Finding>} */
  #unplaced = new Map();
  /** @type {Finding[]} */
  #findings = [];
  /** @type {Set<Accident>} */
  #accidents = new Set();
  /** @type {{ tenantId: string, head: Head }[]} */
  #atHeads = [];

  /**
   * @param {Head | null} kept
   * @param {number} start
   * @param {string | null} tenantId
   */
  constructor(kept, start, tenantId) {
    this.#kept = kept;
    this.#start = start;
    this.#tenantId = tenantId;
    this.#heads = kept ? [kept] : [];
  }

  get hasTooManyFindings() {
    return this.#runs.length + this.#unplaced.size + this.#findings.length >= MAX_FINDINGS;
  }

  /**
   * Compare with the head of an answer, too.
   * @param {string | null} text
   */
  watch(text) {
    const head = parseHead(text ?? "");
    if (!head) this.#lacksHead = true;
    else if (!this.#heads.some(({ seq, hash }) => seq === head.seq && hash === head.hash)) this.#heads.push(head);
  }

  /**
   * Verify a line by itself, and append it to the run that it continues.
   * @param {number} number
   * @param {Uint8Array<ArrayBuffer>} raw
   * @param {boolean} isWhole
   */
  async read(number, raw, isWhole) {
    const { line, accidents } = withoutAccidents(raw);
    for (const accident of accidents) this.#accidents.add(accident);
    if (!line.length) return;
    const why = otherFormatOf(line);
    if (why) {
      this.#findings.push({ fault: "other_format", line: number, seq: null, toSeq: null, why });
      this.stoppedAt = number;
      return;
    }
    const entry = await readLine(line);
    if (typeof entry === "string") {
      const isTorn = !isWhole && line[0] === OPENING && line.at(-1) !== CLOSING && line.length <= MAX_LINE_BYTES;
      this.#unplaced.set(number, { fault: isTorn ? "torn" : entry, line: number, seq: null, toSeq: null });
    } else if (entry.isEdited) {
      // Its number may have been edited: the line belongs to no run, and the gap that it leaves gives its number.
      const { seq } = entry.head;
      this.#unplaced.set(number, { fault: "edited", line: number, seq, toSeq: seq });
    } else this.#place(number, entry);
  }

  /**
   * @param {number} number
   * @param {Line} entry
   */
  #place(number, { tenantId, prevHash, head }) {
    const { seq } = head;
    let run = this.#latest.get(tenantId);
    if (!run || seq !== run.head.seq + 1 || this.#boundaries.has(`${tenantId} ${seq}`)) {
      // Later runs end at the boundaries of earlier ones, so that duplicated entries form runs of their own.
      this.#boundaries.add(`${tenantId} ${seq}`);
      if (run) this.#boundaries.add(`${tenantId} ${run.head.seq + 1}`);
      run = { tenantId, first: seq, line: number, prevHash, toLine: number, head };
      this.#runs.push(run);
      this.#latest.set(tenantId, run);
    } else if (prevHash !== run.head.hash) this.#report("broken", number, seq);
    run.toLine = number;
    run.head = head;
    if (this.#heads.some((watched) => watched.seq === seq)) this.#atHeads.push({ tenantId, head });
  }

  /**
   * @param {Fault} fault
   * @param {number | null} line
   * @param {number} seq
   */
  #report(fault, line, seq, toSeq = seq) {
    this.#findings.push({ fault, line, seq, toSeq });
  }

  /** Put the runs in order and return the report with all faults. */
  report() {
    /** @type {Map<string, number>} */
    const lengths = new Map();
    for (const run of this.#runs) lengths.set(run.tenantId, (lengths.get(run.tenantId) ?? 0) + lengthOf(run));
    const owner = this.#tenantId ?? best([...lengths.keys()], (tenantId) => lengths.get(tenantId) ?? 0) ?? null;
    for (const run of this.#runs) {
      if (run.tenantId !== owner) this.#report("foreign", run.line, run.first, run.head.seq);
    }
    const runs = this.#runs.filter(({ tenantId }) => tenantId === owner);
    this.#checkLinks(runs);
    const placed = this.#checkOrder(runs);
    const [first, last] = this.#checkGaps(placed);
    if (placed.length) this.#checkBeginning(first, placed[0].line);
    /** @type {Head[]} */
    let compared = [];
    if (placed.length || !this.#runs.length) {
      compared = this.#heads.filter((head) => this.#compareWith(head, owner, placed, first, last));
    }
    /** @type {Finding} */
    const whole = { fault: "empty", line: null, seq: null, toSeq: null };
    if (!this.#runs.length && !this.#unplaced.size && !this.#findings.length) this.#findings.push(whole);
    if (this.#lacksHead) this.#findings.push({ ...whole, fault: "no_head" });
    return {
      tenantId: owner,
      first: placed.length ? first : null,
      head: placed.at(-1)?.head ?? null,
      findings: withoutConsequences([...this.#findings, ...this.#unplaced.values()]),
      accidents: [...this.#accidents].sort(),
      compared,
      stoppedAt: this.stoppedAt,
    };
  }

  /**
   * Compare the first link of each run with the hash of the entry before it by number, wherever it is.
   * @param {Run[]} runs
   */
  #checkLinks(runs) {
    const ends = new Map([[0, new Set([NO_HASH])]]);
    for (const { head } of runs) ends.set(head.seq, (ends.get(head.seq) ?? new Set()).add(head.hash));
    for (const run of runs) {
      const hashes = ends.get(run.first - 1);
      if (hashes && !hashes.has(run.prevHash)) this.#report("broken", run.line, run.first);
    }
  }

  /**
   * Return every number once, in order, and report the entries that are out of order or duplicated.
   * @param {Run[]} runs
   */
  #checkOrder(runs) {
    const placed = inOrder(runs);
    const lines = new Set(placed.map(({ line }) => line));
    for (const run of runs.filter(({ line }) => !lines.has(line))) {
      const fresh = difference([spanOf(run)], placed.map(spanOf));
      for (const [first, last] of difference([spanOf(run)], fresh)) {
        this.#report("doubled", lineOf(run, first), first, last);
      }
      for (const [first, last] of fresh) {
        const line = lineOf(run, first);
        this.#report("out_of_order", line, first, last);
        placed.push({ ...run, first, line, head: { ...run.head, seq: last } });
      }
    }
    return placed.sort((one, other) => one.first - other.first);
  }

  /**
   * Report missing entries, unless unplaced lines fill the gap; return the first and last number of the copy.
   * @param {Run[]} placed
   * @returns {Span}
   */
  #checkGaps(placed) {
    const unplaced = [...this.#unplaced.keys()];
    for (const [at, after] of placed.slice(1).entries()) {
      const before = placed[at];
      if (before.head.seq + 1 >= after.first) continue;
      const [start, end] = [before.toLine, after.line].sort((one, other) => one - other);
      const between = unplaced.filter((number) => start < number && number < end);
      this.#checkGap([before.head.seq + 1, after.first - 1], after.line, between);
    }
    if (!placed.length) return [1, unplaced.length];
    const firstLine = Math.min(...placed.map(({ line }) => line));
    const lastLine = Math.max(...placed.map(({ toLine }) => toLine));
    const early = unplaced.filter((number) => number < firstLine);
    const late = unplaced.filter((number) => number > lastLine);
    const [begin, end] = [placed[0].first, /** @type {Run} */ (placed.at(-1)).head.seq];
    this.#assignNumbers(early.reverse().slice(0, begin - 1), (at) => begin - 1 - at);
    this.#assignNumbers(late, (at) => end + 1 + at);
    return [Math.max(begin - early.length, 1), end + late.length];
  }

  /**
   * @param {Span} gap
   * @param {number} line
   * @param {number[]} lost
   */
  #checkGap(gap, line, lost) {
    const claimed = new Map(lost.map((number) => [this.#unplaced.get(number)?.seq ?? 0, number]));
    const there = new Map([...claimed].filter(([seq]) => gap[0] <= seq && seq <= gap[1]));
    const missing = difference([gap], [...there.keys()].map((seq) => [seq, seq]));
    const numbered = new Set(there.values());
    const unnumbered = lost.filter((number) => !numbered.has(number));
    if (unnumbered.length >= missing.reduce((sum, [first, last]) => sum + last - first + 1, 0)) {
      const seqs = missing.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
      this.#assignNumbers(unnumbered.slice(0, seqs.length), (at) => seqs[at]);
    } else for (const span of missing) this.#report("missing", line, ...span);
  }

  /**
   * Report the entries missing before the first: a copy begins where it should, or right after the kept head.
   * @param {number} first
   * @param {number} line
   */
  #checkBeginning(first, line) {
    const start = this.#kept ? Math.min(this.#start, this.#kept.seq + 1) : this.#start;
    if (first > start) this.#report("missing", line, start, first - 1);
  }

  /**
   * Report a rewritten or cut-off ledger; return whether there was a hash to compare with.
   * @param {Head} head
   * @param {string | null} owner
   * @param {Run[]} placed
   * @param {number} first
   * @param {number} last
   */
  #compareWith({ seq, hash }, owner, placed, first, last) {
    const hashes = this.#atHeads.filter((at) => at.tenantId === owner && at.head.seq === seq).map((at) => at.head.hash);
    if (!hashes.length && seq === first - 1 && placed[0]?.first === first) hashes.push(placed[0].prevHash);
    if (hashes.length) {
      if (!hashes.includes(hash)) this.#report("rewritten", null, seq);
    } else if (seq > last && this.stoppedAt === null) this.#report("cut_off", null, last + 1, seq);
    return hashes.length > 0;
  }

  /**
   * @param {number[]} lost
   * @param {(at: number) => number} seqAt
   */
  #assignNumbers(lost, seqAt) {
    for (const [at, number] of lost.entries()) {
      const found = /** @type {Finding} */ (this.#unplaced.get(number));
      this.#unplaced.set(number, { ...found, seq: seqAt(at), toSeq: seqAt(at) });
    }
  }
}
