// Which language, which words, and how a moment is written. Every text a reader sees stands in a catalogue.

/** The texts of the language in use. */
export let texts;
let locale;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const SHORT = { dateStyle: "medium" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };

/** Use the first of these locales for whose language there is a catalogue, or else English; return its tag. */
export async function speak(catalogues, ...wanted) {
  const known = wanted.map(tidied).find((one) => one && language(one) in catalogues);
  // Somebody whose language is missing reads English, but not the American order of a date.
  locale = known ?? "en-GB";
  const tag = locale in catalogues ? locale : language(locale);
  texts = (await catalogues[tag]()).default;
  return tag;
}

/** Return a text with values in its places. Each value keeps to itself, whichever way its script runs. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/** Return a label as it stands in the middle of a sentence. */
export function inSentence(label) {
  return label[0].toLocaleLowerCase() + label.slice(1);
}

export function exporting(may_export) {
  return may_export ? texts.withExport : texts.withoutExport;
}

/** Return a moment as a person of that time zone writes it, with the zone's name. */
export function moment(at, zone) {
  return written(texts.moment, new Date(at), zone);
}

/** Return a moment before which something ends. Midnight is the end of the day before: 24:00, not 0:00. */
export function end(at, zone) {
  return ended(texts.moment, texts.endOfDay, at, zone, LONG);
}

/** Return a moment as it stands in a list, to the second if need be. The zone's name stands below the list. */
export function brief(at, zone, clock = CLOCK) {
  return written(texts.brief, new Date(at), zone, SHORT, clock);
}

export function exact(at, zone) {
  return brief(at, zone, { ...CLOCK, second: "2-digit" });
}

export function briefEnd(at, zone) {
  return ended(texts.brief, texts.briefEndOfDay, at, zone, SHORT);
}

export function day(at, zone) {
  return said(new Date(at), zone, { weekday: "long", day: "numeric", month: "long" });
}

export function clock(at, zone) {
  return said(new Date(at), zone, CLOCK) + offset(new Date(at), zone);
}

/** Return which day it is there, as the API writes it. */
export function dateOf(at, zone) {
  return inZone(zone, {}, "sv").format(new Date(at));
}

export function zoneName(at, zone) {
  return part("timeZoneName", new Date(at), zone, { timeZoneName: "longGeneric" });
}

export function money({ amount, currency }) {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount);
}

/** Return a span of time in its two largest units, the last minute in seconds. */
export function span(milliseconds) {
  const units = [["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", SECOND]];
  const first = Math.max(units.findIndex(([, length]) => milliseconds >= length), 0);
  const shown = units.slice(first, first + (first < 2 ? 2 : 1));
  return shown
    .map(([unit, length], place) => {
      const count = Math.floor((place ? milliseconds % shown[0][1] : milliseconds) / length);
      return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
    })
    .join(" ");
}

function ended(form, endOfDay, at, zone, how) {
  const date = new Date(at);
  const time = said(date, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (time.replace(/\D/g, "") !== "000000" || occursTwice(date, zone)) return written(form, date, zone, how);
  return written(endOfDay, new Date(date.getTime() - 12 * HOUR), zone, how); // any time of that day would do
}

function written(form, date, zone, how = LONG, clock = CLOCK) {
  return fill(form, {
    day: said(date, zone, how).replace(/(\d\.?) /, "$1\u00a0"),
    clock: said(date, zone, clock) + (form.includes("{zone}") ? "" : offset(date, zone)),
    zone: zoneName(date, zone) + offset(date, zone, ", "),
  });
}

/** Return by how much the clock on the wall is ahead, where it shows this time twice. */
function offset(date, zone, before = " ") {
  return occursTwice(date, zone) ? before + part("timeZoneName", date, zone, { timeZoneName: "longOffset" }) : "";
}

/** Return whether the clock on the wall shows this time twice, being put back. */
function occursTwice(date, zone) {
  const shown = (minutes) => said(new Date(date.getTime() + minutes * MINUTE), zone, { ...LONG, ...CLOCK });
  return [-60, -30, 30, 60].some((minutes) => shown(minutes) === shown(0));
}

function said(date, zone, options) {
  return inZone(zone, options).format(date);
}

function part(type, date, zone, options) {
  return inZone(zone, options)
    .formatToParts(date)
    .find((one) => one.type === type).value;
}

function inZone(zone, options, writing = locale) {
  try {
    return new Intl.DateTimeFormat(writing, { ...options, timeZone: zone });
  } catch {
    // A zone younger than this browser.
    return new Intl.DateTimeFormat(writing, { ...options, timeZone: "UTC" });
  }
}

function tidied(wanted) {
  try {
    return Intl.getCanonicalLocales((wanted ?? "").replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

function language(locale) {
  return locale.split("-")[0];
}
