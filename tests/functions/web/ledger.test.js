// The verification of a ledger in the browser: each vector has the verdict that the Python verifier has.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { run } from "../../vectors/run.js";

// Node.js 18 has no global one.
globalThis.crypto ??= webcrypto;

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const VECTORS = JSON.parse(readFileSync(`${ROOT}/tests/vectors/ledgers.json`, "utf-8"));
/** Write the modules as they are served, where the form of an entry is inserted, and print the names of two. */
const BUILD = `
import sys
from pathlib import Path
from guestkey.edge.web.bundle import Bundle
root, folder = map(Path, sys.argv[1:])
bundle = Bundle(sources=root / "functions/web/web", catalogues=root / "functions/web/texts", surfaces=[])
for source in ("verify", "line", "runs", "findings"):
    name = f"ledger.{source}.js"
    (folder / bundle.public_name(name)).write_text(bundle.content(name))
(folder / "package.json").write_text('{"type": "module"}')
print(bundle.public_name("ledger.verify.js"), bundle.public_name("ledger.line.js"))
`;
const folder = mkdtempSync(`${tmpdir()}/guestkey-`);
after(() => rmSync(folder, { recursive: true }));
const env = { ...process.env, PYTHONPATH: `${ROOT}/layers/core` };
const names = execFileSync(`${ROOT}/.venv/bin/python`, ["-c", BUILD, ROOT, folder], { env, encoding: "utf-8" });
const [verifier, line] = await Promise.all(names.trim().split(" ").map((name) => import(pathToFileURL(`${folder}/${name}`).href)));
const verdicts = await run(VECTORS, { ...verifier, ...line });

for (const [at, { name, findings, accidents }] of VECTORS.ledgers.entries()) {
  test(`a file: ${name}`, () => assert.deepEqual(verdicts.ledgers[at], { name, findings, accidents }));
}

for (const [at, { name, findings }] of VECTORS.answers.entries()) {
  test(`answers: ${name}`, () => assert.deepEqual(verdicts.answers[at].findings, findings));
}

test("a pasted text is read as its head or refused", () => assert.deepEqual(verdicts.heads, VECTORS.heads));

test("reading stops after a thousand findings", async () => {
  const bytes = new TextEncoder().encode("{\n".repeat(1005));
  async function* pages() {
    yield { bytes };
  }
  const { findings, stoppedAt } = await verifier.verifyLedger(pages());

  assert.deepEqual([findings.length, stoppedAt], [1000, 1000]);
});
