// The link of a mail, as security gateways rewrite it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readLink, targetOf } from "../../../functions/web/web/activate.link.js";

const ID = "01M8EXAMP1E0REQVEST0000001";

for (const [address, fragment] of [
  [`/activate#${ID}`, ID],
  [`/activate#grant=${ID}`, `grant=${ID}`],
  [`/activate%23${ID}`, ID],
  [`/activate%23grant=${ID}`, `grant=${ID}`],
  [`/activate%23grant%3D${ID}`, `grant=${ID}`],
  [`/activate/${ID}`, ID],
  [`/activate/#${ID}`, ID],
  [`/activate${ID}`, ID],
  [`/activate-grant=${ID}`, `grant=${ID}`],
  [`/activate3D${ID}`, ""],
  [`/activate/grant=${ID}/more`, `grant=${ID}`],
  [`/activate;x#${ID}`, ID],
  [`/activate?${ID}`, ID],
  [`/activate?utm=1#request=${ID}`, `request=${ID}`],
  [`/activate?request=${ID}&utm=1`, `request=${ID}`],
  [`/Activate%2F${ID}.`, ID],
  [`/activate/%E0%A4%A${ID}`, ""],
  ["/activate", ""],
  ["/activate/", ""],
  ["/activate#", ""],
  [`/activate#x${ID}`, `x${ID}`],
  [`/activate/x${ID}0`, ""],
]) {
  test(`${address} leads to ${fragment || "no id"}, on the page itself`, () => {
    assert.deepEqual(readLink(new URL(address, "https://api.example")), { path: "/activate", fragment });
    assert.equal(readLink(new URL(`/base${address}`, "https://api.example")).path, "/base/activate");
  });
}

test("a page under another name keeps its path", () => {
  assert.deepEqual(readLink(new URL("/activat/x#y", "https://api.example")), { path: "/activat/x", fragment: "y" });
});

for (const [fragment, target] of [
  [ID, { isGrant: false, id: ID }],
  [`request=${ID}`, { isGrant: false, id: ID }],
  [`grant=${ID}`, { isGrant: true, id: ID }],
  ["01M8EX", { isGrant: false, id: "01M8EX" }],
  [`Grant=${ID}`, { isGrant: false, id: "" }],
  [`grant=${ID}&x=1`, { isGrant: false, id: "" }],
  ["", { isGrant: false, id: "" }],
]) {
  test(`the fragment "${fragment}" leads to ${JSON.stringify(target)}`, () => {
    assert.deepEqual(targetOf(fragment), target);
  });
}
