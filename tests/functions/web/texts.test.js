// Formats of dates, numbers and texts, in the language and time zone of the element that shows them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as days from "../../../functions/web/web/days.js";
import { money } from "../../../functions/web/web/panel.contact.js";
import * as texts from "../../../functions/web/web/texts.js";

const catalogue = (tag) => JSON.parse(readFileSync(new URL(`../../../functions/web/texts/${tag}.json`, import.meta.url)));
const CATALOGUES = Object.fromEntries(
  ["de", "en", "es", "it"].map((tag) => [tag, async () => ({ default: catalogue(tag).shared })]),
);
CATALOGUES["de-CH"] = async () => ({ default: { ...catalogue("de").shared, withExport: "Swiss" } });

/** Return a language with a time zone, as an element has it. */
const speaks = async (locale, zone = "Europe/Berlin") => ({ ...(await texts.loadTexts(CATALOGUES, locale)), zone });
/** Return a text without isolation marks and with ordinary spaces. */
const plain = (text) => text.replace(/[\u2068\u2069]/g, "").replace(/[\u00a0\u202f]/g, " ");

for (const [preferred, tag, locale] of [
  [["de-DE"], "de", "de-DE"],
  [["de-CH"], "de-CH", "de-CH"],
  [["de_CH"], "de-CH", "de-CH"],
  [["ES-mx"], "es", "es-MX"],
  [["fr-FR", "it"], "it", "it"],
  [[null, undefined, "", "not a tag", "es"], "es", "es"],
  [["fr", "zz"], "en", "en-GB"],
  [[], "en", "en-GB"],
]) {
  test(`${JSON.stringify(preferred)} reads ${tag} with the formats of ${locale}`, async () => {
    const language = await texts.loadTexts(CATALOGUES, ...preferred);

    assert.deepEqual([language.tag, language.locale], [tag, locale]);
    assert.deepEqual(language.texts, (await CATALOGUES[tag]()).default);
  });
}

test("two languages are loaded side by side and stay apart", async () => {
  const [german, spanish] = await Promise.all([speaks("de-DE"), speaks("es-ES")]);
  const at = "2026-11-23T11:00:00Z";

  assert.equal(plain(texts.moment(at, german)), "Montag, 23. November 2026, 12:00 Uhr (Mitteleuropäische Zeit)");
  assert.equal(
    plain(texts.moment(at, spanish)),
    "lunes, 23 de noviembre de 2026, 12:00 h (hora de Europa central)",
  );
  assert.deepEqual(
    [german, spanish].map((language) => texts.termsText({ access: "view", may_export: true }, language)),
    ["nur ansehen, mit Datenexport", "solo ver, con exportación de datos"],
  );
  assert.deepEqual(
    [german, spanish].map((language) => texts.span(90 * 60_000, language)),
    ["1 Stunde 30 Minuten", "1 hora 30 minutos"],
  );
});

test("the terms of a department's grant say whether its software is let in, and software is called that", async () => {
  const german = await speaks("de-DE");
  const terms = { access: "change", may_export: false, may_automate: true };
  assert.equal(texts.termsText(terms, german), "ansehen und ändern, ohne Datenexport, mit ihrer Software");
  const robo = { id: "robo", name: "Robo", kind: "software", accountable: { id: "dora", name: "Dora Vogel" } };
  assert.equal(texts.distinctName(robo, german), "Robo (Software, verantwortlich: \u2068Dora Vogel\u2069) · robo");
  assert.equal(texts.fullName({ name: "Sven", kind: "person", accountable: null }, german), "Sven");
});

test("a value is isolated, because its script may run the other way, and is not a placeholder itself", () => {
  assert.equal(texts.format("Hello {name}, {name}", { name: "{other}" }), "Hello \u2068{other}\u2069, \u2068{other}\u2069");
});

test("a label inside a sentence begins with a small letter", () => {
  assert.equal(texts.inSentence("Until midnight"), "until midnight");
});

// ------------------------------------------------------------------ moments

test("a period that ends at midnight ends at 24:00 of the day before", async () => {
  const german = await speaks("de-DE");

  assert.match(plain(texts.endMoment("2026-11-23T23:00:00Z", german)), /^Montag, 23\. November 2026, 24:00 Uhr/);
  assert.match(plain(texts.endMoment("2026-11-23T22:59:59Z", german)), /^Montag, 23\. November 2026, 23:59 Uhr/);
  assert.match(plain(texts.endMoment("2026-11-23T23:00:01Z", german)), /^Dienstag, 24\. November 2026, 00:00 Uhr/);
  assert.equal(plain(texts.shortEndMoment("2026-11-23T23:00:00Z", german)), "23.11.2026, 24:00 Uhr");
});

test("a local time that occurs twice has its offset", async () => {
  const german = await speaks("de-DE");

  assert.equal(plain(days.clock("2026-10-25T00:30:00Z", german)), "02:30 GMT+02:00");
  assert.equal(plain(days.clock("2026-10-25T01:30:00Z", german)), "02:30 GMT+01:00");
  assert.equal(plain(days.clock("2026-10-24T23:59:00Z", german)), "01:59");
  assert.equal(plain(days.clock("2026-10-25T02:00:00Z", german)), "03:00");
});

test("a midnight that occurs twice is no end of day", async () => {
  // In Havana the clock goes back from 1:00 to 0:00.
  const cuban = await speaks("es-ES", "America/Havana");

  assert.match(plain(texts.shortEndMoment("2026-11-01T04:00:00Z", cuban)), /0:00 GMT-04:00/);
  assert.match(plain(texts.shortEndMoment("2026-11-01T05:00:00Z", cuban)), /0:00 GMT-05:00/);
});

test("moments differ by the zone of the element, and an unknown zone reads as UTC", async () => {
  const at = "2026-11-23T11:00:00Z";

  assert.equal(days.clock(at, await speaks("en-GB", "America/New_York")), "06:00");
  assert.equal(days.clock(at, await speaks("en-GB", "Europe/Nowhere")), "11:00");
  assert.equal(texts.shortMoment("2026-11-23T11:00:09Z", await speaks("en-GB"), days.PRECISE).includes("12:00:09"), true);
  assert.equal(plain(days.day(at, await speaks("es-ES"))), "lunes, 23 de noviembre");
});

test("an amount of money has the form of the locale", async () => {
  const fee = { amount: "1234.50", currency: "EUR" };

  assert.equal(plain(money(fee, await speaks("de-DE"))), "1.234,50 €");
  assert.equal(plain(money(fee, await speaks("en-GB"))), "€1,234.50");
});

test("the date of a moment is the one in the zone, in ISO form", () => {
  assert.equal(days.dateOf(Date.parse("2026-11-23T23:30:00Z"), "Europe/Berlin"), "2026-11-24");
  assert.equal(days.dateOf(Date.parse("2026-11-23T23:30:00Z"), "America/New_York"), "2026-11-23");
});

// ------------------------------------------------------------------ durations

for (const [seconds, text] of [
  [0, "0 seconds"],
  [0.5, "0 seconds"],
  [1, "1 second"],
  [59, "59 seconds"],
  [60, "1 minute"],
  [119, "1 minute"],
  [3599, "59 minutes"],
  [3600, "1 hour"],
  [86_399, "23 hours 59 minutes"],
  [86_400, "1 day"],
  [14 * 86_400 + 3 * 3600, "14 days 3 hours"],
]) {
  test(`${seconds} seconds read as ${text}`, async () => {
    assert.equal(texts.span(seconds * 1000, await speaks("en-GB")), text);
  });
}

for (const [text, name, written] of [
  ["For {name}.", "Globex", "For Globex."],
  ["For {name}.", "Globex Inc.", "For Globex Inc."],
  ["For {name}.", "Yahoo!", "For Yahoo!"],
  ["For {name}. And?", "\u2068Globex Inc.\u2069", "For Globex Inc. And?"],
  ["For {name}, too.", "Globex Inc.", "For Globex Inc., too."],
  ["For {name}.", "東京。", "For 東京。"],
  ["For {name}.", "Globex (Inc.)", "For Globex (Inc.)."],
]) {
  test(`"${text}" has one stop after ${name}`, () => {
    assert.equal(plain(texts.format(text, { name })), written);
  });
}
