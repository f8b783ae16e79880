// Runs of sound entries in a copy of a ledger, and their order, as in `rules/runs.py`.

import { MAX_FINDINGS } from "./ledger.form.js";

/** @import { Head } from "./ledger.line.js" */
/** @typedef {[first: number, last: number]} Span */
/**
 * A run of sound entries with consecutive numbers, in this order in the copy.
 * @typedef {{ tenantId: string, first: number, line: number, prevHash: string, toLine: number, head: Head }} Run
 */

/**
 * Return the first of the items with the greatest value.
 * @template Item
 * @param {Item[]} items
 * @param {(item: Item) => number} value
 */
export function best(items, value) {
  const greatest = Math.max(...items.map(value));
  return items.find((item) => value(item) === greatest);
}

/**
 * @param {Run} run
 * @returns {Span}
 */
export const spanOf = ({ first, head }) => [first, head.seq];

/** @param {Run} run */
export const lengthOf = ({ first, head }) => head.seq - first + 1;

/**
 * Return the line of an entry, or the first line of the run if lines of other runs are in between.
 * @param {Run} run
 * @param {number} seq
 */
export function lineOf(run, seq) {
  const isUnbroken = run.toLine - run.line === run.head.seq - run.first;
  return isUnbroken ? run.line + seq - run.first : run.line;
}

/**
 * Return the runs that are in order, chosen so that as few entries as possible are out of order. Of equal choices, runs
 * at their original place count as in order.
 * @param {Run[]} runs
 */
export function inOrder(runs) {
  const longest = best(runs, lengthOf);
  /** @type {{ score: number, before: number }[]} */
  const chains = [];
  for (const run of runs) {
    let [score, before] = [0, -1];
    for (const [at, chain] of chains.entries()) {
      if (runs[at].head.seq < run.first && chain.score >= score) [score, before] = [chain.score, at];
    }
    const isInPlace = longest && run.first - run.line === longest.first - longest.line;
    chains.push({ score: score + lengthOf(run) * MAX_FINDINGS + Number(isInPlace), before });
  }
  const chosen = best(chains, ({ score }) => score);
  /** @type {Run[]} */
  const ordered = [];
  for (let at = chosen ? chains.indexOf(chosen) : -1; at >= 0; at = chains[at].before) ordered.unshift(runs[at]);
  return ordered;
}

/**
 * Return the parts of the spans that are in none of the taken spans.
 * @param {Span[]} spans
 * @param {Span[]} taken
 */
export function difference(spans, taken) {
  return taken.reduce(
    (left, [start, end]) =>
      left
        .flatMap(([first, last]) => /** @type {Span[]} */ ([[first, Math.min(last, start - 1)], [Math.max(first, end + 1), last]]))
        .filter(([first, last]) => first <= last),
    spans,
  );
}
