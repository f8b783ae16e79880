// Runs the verifier of the browser on each vector of ledgers.json, in Node.js and in a page.

/** Return the bytes of a copy: named lines, and pieces as they are. */
function bytesOf(copy, lines) {
  const pieces = copy.map((piece) => {
    if (piece.base64 !== undefined) return Uint8Array.from(atob(piece.base64), (byte) => byte.charCodeAt(0));
    return new TextEncoder().encode(typeof piece === "string" ? `${lines[piece]}\n` : piece.text.repeat(piece.times ?? 1));
  });
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Return the verdicts of a verifier, in the form of the vectors. */
export async function run({ lines, ledgers, answers, heads }, { parseHead, verifyLedger }) {
  async function* pagesOf({ copy, pages }) {
    // A page of a file has no header.
    if (copy) yield { bytes: bytesOf(copy, lines) };
    else for (const page of pages) yield { bytes: bytesOf(page.copy, lines), head: page.head };
  }
  const verdicts = { ledgers: [], answers: [], heads: [] };
  for (const kind of ["ledgers", "answers"]) {
    for (const vector of { ledgers, answers }[kind]) {
      const kept = vector.head ? parseHead(vector.head) : null;
      const expected = { kept, start: vector.from, tenantId: vector.tenant };
      const { findings, accidents } = await verifyLedger(pagesOf(vector), expected);
      verdicts[kind].push({
        name: vector.name,
        findings: findings.map(({ fault, line, seq, toSeq }) => [fault, line, seq, toSeq]),
        accidents,
      });
    }
  }
  for (const { text } of heads) {
    const head = parseHead(text);
    verdicts.heads.push({ text, head: head && `${head.seq}:${head.hash}` });
  }
  return verdicts;
}
