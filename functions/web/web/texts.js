// Loads the texts of a language, and formats values and times in it. Every visible text is in a catalogue. The language
// belongs to an element or page, so two elements of two languages on one page show their own texts.

/** @import { Catalogues, Language, SharedTexts, Values, Zoned } from "../types/pages" */
/** @import { AccessLevel, Named } from "../types/api" */
/** @typedef {Pick<Zoned, "locale" | "zone">} Formats */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** @type {Intl.DateTimeFormatOptions} */
export const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
/** @type {Intl.DateTimeFormatOptions} */
const SHORT = { dateStyle: "medium" };
/** @type {Intl.DateTimeFormatOptions} */
export const CLOCK = { hour: "2-digit", minute: "2-digit" };
/** @type {[string, number][]} */
const UNITS = [["day", DAY], ["hour", HOUR], ["minute", MINUTE], ["second", SECOND]];

/**
 * Load the catalogue of the first locale whose language has one, or else the English one.
 * @template {SharedTexts} Texts
 * @param {Catalogues<Texts>} catalogues
 * @param {...(string | null | undefined)} preferred
 * @returns {Promise<Language<Texts>>}
 */
export async function loadTexts(catalogues, ...preferred) {
  const known = preferred.map(canonicalLocale).find((one) => one && language(one) in catalogues);
  // A user whose language is missing reads English texts with British dates, because the American order misleads.
  const locale = known ?? "en-GB";
  const tag = locale in catalogues ? locale : language(locale);
  return { tag, locale, texts: (await catalogues[tag]()).default };
}

/**
 * Return a language, or a session, that has the texts of these catalogues, too.
 * @param {any} language
 * @param {Catalogues<any>} [catalogues]
 * @returns {Promise<any>}
 */
export async function withTexts(language, catalogues) {
  if (!catalogues) return language;
  const own = (await catalogues[language.tag]()).default;
  const failed = { ...language.texts.failed, ...own.failed };
  return { ...language, texts: { ...language.texts, ...own, failed } };
}

/**
 * Replace the placeholders of a text by values. Isolates each value, because its script may run the other way. A value
 * that ends with a stop, such as "Globex Inc.", ends the sentence, too.
 * @param {string} text
 * @param {Values} values
 */
export function format(text, values) {
  return text
    .replace(/\{(\w+)\}/g, (_, name) => `\u2068${values[name]}\u2069`)
    .replace(/([.!?…\u3002\uff01\uff1f]\u2069+)\./g, "$1");
}

/**
 * Return a label for use inside a sentence: it begins with a small letter.
 * @param {string} label
 */
export function inSentence(label) {
  return label[0].toLocaleLowerCase() + label.slice(1);
}

/**
 * Return what a grant or a request allows beside its period: the level, and whether with export and with software.
 * @param {{ access: AccessLevel, may_export: boolean, may_automate?: boolean }} terms
 * @param {Language} language
 */
export function termsText({ access, may_export, may_automate }, { texts }) {
  const parts = [texts.levels[access], may_export ? texts.withExport : texts.withoutExport, may_automate && texts.withSoftware];
  return parts.filter(Boolean).join(", ");
}

/**
 * Return the name of an agent or department, with the present one where it is another. Software is always called that,
 * with the accountable person.
 * @param {Named} who
 * @param {Language} language
 */
export function fullName({ name, present_name, kind, accountable }, { texts }) {
  const full = present_name ? `${name} (${texts.now} ${present_name})` : name;
  return kind === "software" ? `${full} (${format(texts.software, { name: accountable?.name ?? "–" })})` : full;
}

/**
 * Return the full name of a department, or of an agent with the id, which tells people of one name apart.
 * @param {Named & { type?: string, id: string }} who
 * @param {Language} language
 */
export function distinctName(who, language) {
  const name = fullName(who, language);
  return who.type === "department" ? name : `${name} · ${who.id}`;
}

/**
 * Format a moment in a time zone, with the zone's name.
 * @param {string} at
 * @param {Zoned} session
 */
export function moment(at, session) {
  return formatMoment(session.texts.moment, new Date(at), session);
}

/**
 * Format the end of a period. Midnight reads as 24:00 of the day before, not as 0:00.
 * @param {string} at
 * @param {Zoned} session
 */
export function endMoment(at, session) {
  return formatEnd(session.texts.moment, session.texts.endOfDay, at, session, LONG);
}

/**
 * Format a moment for a list, without the zone's name: `zoneNote` below the list has it.
 * @param {string} at
 * @param {Zoned} session
 */
export function shortMoment(at, session, clock = CLOCK) {
  return formatMoment(session.texts.brief, new Date(at), session, SHORT, clock);
}

/**
 * @param {string} at
 * @param {Zoned} session
 */
export function shortEndMoment(at, session) {
  return formatEnd(session.texts.brief, session.texts.briefEndOfDay, at, session, SHORT);
}

/**
 * @param {number | Date} at
 * @param {Formats} session
 */
export function zoneName(at, session) {
  return zonePart(new Date(at), session, "longGeneric");
}

/**
 * Format a duration in its two largest units, without a second one of none; the last minute in seconds.
 * @param {number} milliseconds
 * @param {Pick<Language, "locale">} language
 */
export function span(milliseconds, { locale }) {
  const longest = UNITS.findIndex(([, length]) => milliseconds >= length);
  const first = longest < 0 ? UNITS.length - 1 : longest;
  const shown = UNITS.slice(first, first + (first < 2 ? 2 : 1));
  return shown
    .map(([unit, length], place) => {
      const count = Math.floor((place ? milliseconds % shown[0][1] : milliseconds) / length);
      return place > 0 && count === 0
        ? null
        : new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
    })
    .filter(Boolean)
    .join(" ");
}

/**
 * @param {string} form
 * @param {string} endOfDay
 * @param {string} at
 * @param {Formats} session
 * @param {Intl.DateTimeFormatOptions} how
 */
function formatEnd(form, endOfDay, at, session, how) {
  const date = new Date(at);
  const time = formatDate(date, session, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  if (time.replace(/\D/g, "") !== "000000" || occursTwice(date, session)) return formatMoment(form, date, session, how);
  // Noon of the day before: only its date is shown.
  return formatMoment(endOfDay, new Date(date.getTime() - 12 * HOUR), session, how);
}

/**
 * @param {string} form
 * @param {Date} date
 * @param {Formats} session
 */
function formatMoment(form, date, session, how = LONG, clock = CLOCK) {
  return format(form, {
    day: formatDate(date, session, how).replace(/(\d\.?) /, "$1\u00a0"),
    clock: formatDate(date, session, clock) + (form.includes("{zone}") ? "" : offset(date, session)),
    zone: zoneName(date, session) + offset(date, session, ", "),
  });
}

/**
 * Return the offset from UTC if the local time occurs twice, because the clock is put back; else nothing.
 * @param {Date} date
 * @param {Formats} session
 */
export function offset(date, session, before = " ") {
  return occursTwice(date, session) ? before + zonePart(date, session, "longOffset") : "";
}

/**
 * Return whether the local time occurs twice, because the clock is put back.
 * @param {Date} date
 * @param {Formats} session
 */
function occursTwice(date, session) {
  /** @param {number} minutes */
  const shown = (minutes) => formatDate(new Date(date.getTime() + minutes * MINUTE), session, { ...LONG, ...CLOCK });
  return [-60, -30, 30, 60].some((minutes) => shown(minutes) === shown(0));
}

/**
 * @param {Date} date
 * @param {Formats} session
 * @param {Intl.DateTimeFormatOptions} options
 */
export function formatDate(date, session, options) {
  return dateFormat(session, options).format(date);
}

/**
 * @param {Date} date
 * @param {Formats} session
 * @param {Intl.DateTimeFormatOptions["timeZoneName"]} timeZoneName
 */
function zonePart(date, session, timeZoneName) {
  return dateFormat(session, { timeZoneName })
    .formatToParts(date)
    .find(({ type }) => type === "timeZoneName")?.value;
}

/**
 * @param {Formats} session
 * @param {Intl.DateTimeFormatOptions} options
 */
function dateFormat({ locale, zone }, options) {
  const local = options.hour && !options.hourCycle ? { ...options, hour: hourOf(locale) } : options;
  try {
    return new Intl.DateTimeFormat(locale, { ...local, timeZone: zone });
  } catch {
    // This browser does not know the zone.
    return new Intl.DateTimeFormat(locale, { ...local, timeZone: "UTC" });
  }
}

/**
 * Return how many digits an hour has: 09:00, but 9:00 AM.
 * @param {string} locale
 * @returns {"numeric" | "2-digit"}
 */
function hourOf(locale) {
  return new Intl.DateTimeFormat(locale, { hour: "numeric" }).resolvedOptions().hour12 ? "numeric" : "2-digit";
}

/** @param {string | null | undefined} preferred */
function canonicalLocale(preferred) {
  try {
    return Intl.getCanonicalLocales((preferred ?? "").replaceAll("_", "-"))[0];
  } catch {
    return undefined;
  }
}

/** @param {string} locale */
function language(locale) {
  return locale.split("-")[0];
}
