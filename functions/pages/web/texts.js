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
  const said = (options) => inZone(zone, options).formatToParts(new Date(at));
  const joined = (parts) => parts.map((part) => part.value).join("");
  return fill(texts.moment, {
    day: joined(said({ weekday: "long", day: "numeric", month: "long", year: "numeric" })),
    clock: joined(said({ hour: "2-digit", minute: "2-digit" })),
    zone: said({ timeZoneName: "longGeneric" }).find((part) => part.type === "timeZoneName").value,
  });
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
