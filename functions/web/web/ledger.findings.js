// The kinds of findings in a ledger, as in `rules/findings.py`. Only an answer can lack its head.

/**
 * @typedef {"malformed" | "edited" | "broken" | "doubled" | "out_of_order" | "missing" | "foreign" | "cut_off"
 *   | "rewritten" | "empty" | "torn" | "encoding" | "other_format" | "no_head"} Fault
 */
/** @typedef {{ fault: Fault, line: number | null, seq: number | null, toSeq: number | null, why?: string }} Finding */

/**
 * Return the findings by line, without the broken link of an entry that follows a rewritten one, and of lines in
 * another encoding only the first.
 * @param {Finding[]} findings
 */
export function withoutConsequences(findings) {
  const broken = new Set();
  let isEncodingReported = false;
  return findings
    .sort((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity) || (one.seq ?? 0) - (other.seq ?? 0))
    .filter(({ fault, seq }) => {
      const isConsequence =
        (fault === "broken" && broken.has((seq ?? 0) - 1)) || (fault === "encoding" && isEncodingReported);
      if (fault === "broken" && !isConsequence) broken.add(seq);
      isEncodingReported ||= fault === "encoding";
      return !isConsequence;
    });
}
