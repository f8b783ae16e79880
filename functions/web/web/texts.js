// Loads the texts of a language, and formats values and times in it. Every visible text is in a catalogue.

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

/** Load the catalogue of the first locale whose language has one, or else the English one; return its tag. */
export async function loadTexts(catalogues, ...preferred) {
  const known = preferred.map(canonicalLocale).find((one) => one && language(one) in catalogues);
  // A user whose language is missing reads English texts with British dates, because the American order misleads.
  locale = known ?? "en-GB";
  const tag = locale in catalogues ? locale : language(locale);
  texts = (await catalogues[tag]()).default;
  return tag;
}

/** Replace the placeholders of a text by values. Isolates each value, because its script may run the other way. */
export function format(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`);
}

/** Return a label for use inside a sentence: it begins with a small letter. */
export function inSentence(label) {
  return label[0].toLocaleLowerCase() + label.slice(1);
}

export function exportText(may_export) {
  return may_export ? texts.withExport : texts.withoutExport;
}

/** Format a moment in a time zone, with the zone's name. */
export function moment(at, zone) {
  return formatMoment(texts.moment, new Date(at), zone);
}

/** Format the end of a period. Midnight reads as 24:00 of the day before, not as 0:00. */
export function endMoment(at, zone) {
  return formatEnd(texts.moment, texts.endOfDay, at, zone, LONG);
}

/** Format a moment for a list, without the zone's name: `zoneNote` below the list has it. */
export function shortMoment(at, zone, clock = CLOCK) {
  return formatMoment(texts.brief, new Date(at), zone, SHORT, clock);
}

export function preciseMoment(at, zone) {
  return shortMoment(at, zone, { ...CLOCK, second: "2-digit" });
}

export function shortEndMoment(at, zone) {
  return formatEnd(texts.brief, texts.briefEndOfDay, at, zone, SHORT);
}

export function day(at, zone) {
  return formatDate(new Date(at), zone, { weekday: "long", day: "numeric", month: "long" });
}

export function clock(at, zone) {
  return formatDate(new Date(at), zone, CLOCK) + offset(new Date(at), zone);
}

/** Return the date in a time zone, in ISO form. */
export function dateOf(at, zone) {
  return dateFormat(zone, {}, "sv").format(new Date(at));
}

export function zoneName(at, zone) {
  return datePart("timeZoneName", new Date(at), zone, { timeZoneName: "longGeneric" });
}

export function money({ amount, currency }) {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount);
}

/** Format a duration in its two largest units, the last minute in seconds. */
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

function formatEnd(form, endOfDay, at, zone, how) {
  const date = new Date(at);
  const time = formatDate(date, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (time.replace(/\D/g, "") !== "000000" || occursTwice(date, zone)) return formatMoment(form, date, zone, how);
  // Noon of the day before: only its date is shown.
  return formatMoment(endOfDay, new Date(date.getTime() - 12 * HOUR), zone, how);
}

function formatMoment(form, date, zone, how = LONG, clock = CLOCK) {
  return format(form, {
    day: formatDate(date, zone, how).replace(/(\d\.?) /, "$1\u00a0"),
    clock: formatDate(date, zone, clock) + (form.includes("{zone}") ? "" : offset(date, zone)),
    zone: zoneName(date, zone) + offset(date, zone, ", "),
  });
}

/** Return the offset from UTC if the local time occurs twice, because the clock is put back; else nothing. */
function offset(date, zone, before = " ") {
  return occursTwice(date, zone) ? before + datePart("timeZoneName", date, zone, { timeZoneName: "longOffset" }) : "";
}

/** Return whether the local time occurs twice, because the clock is put back. */
function occursTwice(date, zone) {
  const shown = (minutes) => formatDate(new Date(date.getTime() + minutes * MINUTE), zone, { ...LONG, ...CLOCK });
  return [-60, -30, 30, 60].some((minutes) => shown(minutes) === shown(0));
}

function formatDate(date, zone, options) {
  return dateFormat(zone, options).format(date);
}

function datePart(type, date, zone, options) {
  return dateFormat(zone, options)
    .formatToParts(date)
    .find((one) => one.type === type).value;
}

function dateFormat(zone, options, useLocale = locale) {
  try {
    return new Intl.DateTimeFormat(useLocale, { ...options, timeZone: zone });
  } catch {
    // This browser does not know the zone.
    return new Intl.DateTimeFormat(useLocale, { ...options, timeZone: "UTC" });
  }
}

function canonicalLocale(preferred) {
  try {
    return Intl.getCanonicalLocales((preferred ?? "").replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

function language(locale) {
  return locale.split("-")[0];
}
