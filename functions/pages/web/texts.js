// Which language, which words, and how a moment is written. Every text a reader sees stands in one of `texts.*.js`.

const LANGUAGES = {
  de: () => import("./texts.de.js"),
  en: () => import("./texts.en.js"),
  es: () => import("./texts.es.js"),
  it: () => import("./texts.it.js"),
};

/** The texts of the language in use. */
export let texts;
let locale;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };

/** Use the first of these locales whose language there are texts for, or else English. */
export async function speak(...wanted) {
  const known = wanted.map(tidied).find((one) => one && language(one) in LANGUAGES);
  // Somebody whose language is missing reads English, but not the American order of a date.
  locale = known ?? "en-GB";
  texts = (await LANGUAGES[language(locale)]()).default;
  document.documentElement.lang = language(locale);
}

/** Return a text with values in its places. Each value keeps to itself, whichever way its script runs. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/** Return a moment as a person of that time zone writes it, with the zone's name. */
export function moment(at, zone) {
  return written(texts.moment, new Date(at), zone);
}

/** Return a moment before which something ends. Midnight is the end of the day before: 24:00, not 0:00. */
export function end(at, zone) {
  const date = new Date(at);
  const time = said(date, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (time.replace(/\D/g, "") !== "000000" || occursTwice(date, zone)) return moment(at, zone);
  return written(texts.endOfDay, new Date(date.getTime() - 12 * HOUR), zone); // any time of that day would do
}

function written(form, date, zone) {
  const offset = occursTwice(date, zone) ? `, ${part("timeZoneName", date, zone, { timeZoneName: "longOffset" })}` : "";
  return fill(form, {
    day: said(date, zone, DAY).replace(/(\d\.?) /, "$1\u00a0"),
    clock: said(date, zone, CLOCK),
    zone: part("timeZoneName", date, zone, { timeZoneName: "longGeneric" }) + offset,
  });
}

/** Return whether the clock on the wall shows this time twice, being put back. */
function occursTwice(date, zone) {
  const shown = (minutes) => said(new Date(date.getTime() + minutes * MINUTE), zone, { ...DAY, ...CLOCK });
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

function inZone(zone, options) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: zone });
  } catch {
    // A zone younger than this browser.
    return new Intl.DateTimeFormat(locale, { ...options, timeZone: "UTC" });
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
