// The verification of a ledger in the browser: a sound one, and each kind of damage.

import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";

import { canonical, verifyLedger } from "../../../functions/web/web/ledger.js";

// Node.js 18 has no global one.
globalThis.crypto ??= webcrypto;

const ZEROS = "0".repeat(64);

/** Return an entry with its hash; a member may be replaced. */
function entry(seq, prev_hash, { tenant_id = "acme", ...more } = {}) {
  const content = { event: "grant.given", prev_hash, seq, tenant_id, ...more };
  return { ...content, hash: createHash("sha256").update(canonical(content)).digest("hex") };
}

/** Return a ledger with this number of entries. */
function ledger(length) {
  const entries = [];
  for (let seq = 1; seq <= length; seq += 1) entries.push(entry(seq, entries.at(-1)?.hash ?? ZEROS));
  return entries;
}

async function* pages(lines, head = null, size = 2) {
  for (let at = 0; at < Math.max(lines.length, 1); at += size) {
    yield { text: lines.slice(at, at + size).map((line) => `${line}\n`).join(""), head };
  }
}

/** Verify entries, given as objects or as lines. */
async function verified(entries, { head = null, saved = "" } = {}) {
  const lines = entries.map((one) => (typeof one === "string" ? one : canonical(one)));
  const { seq, hash, findings } = await verifyLedger(pages(lines, head), saved);
  return { seq, hash, findings: findings.map(({ fault, seq }) => `${fault} ${seq}`) };
}

const head = ({ seq, hash }) => `${seq}:${hash}`;

test("a sound ledger has its head and no findings", async () => {
  const entries = ledger(5);

  assert.deepEqual(await verified(entries, { head: head(entries[4]), saved: head(entries[2]) }), {
    seq: 5,
    hash: entries[4].hash,
    findings: [],
  });
});

test("an empty ledger is sound, and its head is 0", async () => {
  assert.deepEqual(await verified([], { head: `0:${ZEROS}` }), { seq: 0, hash: ZEROS, findings: [] });
});

test("a changed entry is found", async () => {
  const entries = ledger(4);
  entries[1] = { ...entries[1], event: "grant.revoked" };

  assert.deepEqual((await verified(entries)).findings, ["edited 2"]);
});

test("a rewritten entry does not fit its neighbour", async () => {
  const entries = ledger(4);
  entries[1] = entry(2, entries[0].hash, { event: "grant.revoked" });

  assert.deepEqual((await verified(entries)).findings, ["broken 3"]);
});

test("a missing entry is found, and several in a row once", async () => {
  const [first, second, third, , , last] = ledger(6);

  assert.deepEqual((await verified([first, third])).findings, ["missing 2"]);
  assert.deepEqual((await verified([first, second, last])).findings, ["missing 3"]);
});

test("entries in another order, twice or of another tenant are found", async () => {
  const [first, second, third] = ledger(3);

  assert.deepEqual((await verified([first, third, second])).findings, ["out_of_order 2"]);
  assert.deepEqual((await verified([first, second, second, third])).findings, ["doubled 2"]);
  assert.deepEqual((await verified([first, second, entry(3, second.hash, { tenant_id: "globex" })])).findings, [
    "foreign 3",
  ]);
});

for (const [what, line] of [
  ["no JSON", "{"],
  ["white space", '{"seq": 2}'],
  ["names out of order", '{"seq":2,"hash":""}'],
  ["no number", '{"seq":"2"}'],
  ["a fraction", '{"seq":2.5}'],
  ["no object", "null"],
]) {
  test(`a line with ${what} is malformed`, async () => {
    const [first, , third] = ledger(3);

    assert.deepEqual((await verified([first, line, third])).findings, ["malformed 2"]);
  });
}

test("a ledger that ends before a known head is cut off", async () => {
  const entries = ledger(5);

  assert.deepEqual((await verified(entries.slice(0, 4), { head: head(entries[4]) })).findings, ["cut_off 5"]);
  assert.deepEqual((await verified(entries.slice(0, 3), { saved: head(entries[4]) })).findings, ["cut_off 4"]);
  assert.deepEqual((await verified(entries, { head: head(entries[4]) })).findings, []);
});

test("a ledger whose entry differs from the head that the user kept was rewritten", async () => {
  const [kept, other] = [ledger(3), [entry(1, ZEROS, { event: "grant.revoked" })]];
  other.push(entry(2, other[0].hash), entry(3, entry(2, other[0].hash).hash));

  assert.deepEqual((await verified(other, { head: head(other[2]), saved: head(kept[1]) })).findings, ["rewritten 2"]);
  assert.deepEqual((await verified(other, { saved: `0:${"1".repeat(64)}` })).findings, ["rewritten 0"]);
});

test("a ledger with the ids of any identity provider is sound, and hashed as the product hashes it", async () => {
  const id = "auth0|a:b.c@d+e=f~g-H_";
  const stored = {
    tenant_id: id,
    seq: 1,
    at: "2026-11-23T12:00:00Z",
    what: "right.changed",
    by: { type: "user", id },
    about: id,
    data: { may_grant: false, changed_by: id },
    prev_hash: ZEROS,
    hash: "3b73841ee743d231db093a6bba30e1fb139f83e8e479ee202cff7d81b89a57dd",
  };

  assert.deepEqual(await verified([stored]), { seq: 1, hash: stored.hash, findings: [] });
  assert.deepEqual((await verified([{ ...stored, tenant_id: id.toLowerCase() }])).findings, ["edited 1"]);
});

test("it reports at most twenty findings", async () => {
  const lines = Array.from({ length: 25 }, () => "damaged");

  assert.deepEqual((await verified(lines)).findings.length, 20);
});

test("canonical JSON has sorted names, no white space, and texts as they are", () => {
  assert.equal(canonical({ b: null, a: { d: true, c: "ä\n\u2028" }, B: 1 }), '{"B":1,"a":{"c":"ä\\n\u2028","d":true},"b":null}');
});
