// The customer's clock and the language of a user, as an agent reads them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clockThere, languageName } from "../../../functions/web/web/desk.customer.js";

const BERLIN = { locale: "de-DE", zone: "Europe/Berlin" };

for (const [zone, at, shown] of [
  ["Europe/Berlin", "2026-11-23T12:45:00Z", null],
  ["Europe/Paris", "2026-11-23T12:45:00Z", null],
  ["America/New_York", "2026-11-23T12:45:00Z", "07:45"],
  ["America/New_York", "2026-11-24T04:59:00Z", "Montag, 23. November, 23:59"],
  ["America/New_York", "2026-11-24T05:00:00Z", "00:00"],
  // A whole day apart: the clocks show the same, the dates do not.
  ["Pacific/Kiritimati", "2026-11-23T12:45:00Z", "Dienstag, 24. November, 02:45"],
]) {
  test(`${at} in ${zone} is ${shown}`, () => assert.equal(clockThere(zone, at, BERLIN), shown));
}

test("a day apart at the same time of day is another time", () => {
  const samoa = { locale: "en-GB", zone: "Pacific/Pago_Pago" };
  assert.equal(clockThere("Pacific/Kiritimati", "2026-11-23T12:00:00Z", samoa), "Tuesday 24 November, 02:00");
  const honolulu = { locale: "en-GB", zone: "Pacific/Honolulu" };
  assert.equal(clockThere("Pacific/Kiritimati", "2026-11-23T12:00:00Z", honolulu), "Tuesday 24 November, 02:00");
});

for (const [tag, name] of [
  ["de-CH", "Deutsch"],
  ["es_MX", "Spanisch"],
  ["EN", "Englisch"],
  ["qq", "qq"],
  ["not a tag", "not a tag"],
]) {
  test(`the language of ${JSON.stringify(tag)} is ${JSON.stringify(name)}`, () => assert.equal(languageName(tag, BERLIN), name));
}
