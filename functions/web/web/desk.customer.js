// The customer's clock and the language of a user, as an agent reads them.

import { clock, dateOf, day } from "./days.js";

/** @import { Zoned } from "../types/pages" */
/** @typedef {Pick<Zoned, "locale" | "zone">} Formats */

/**
 * Format a moment as a clock in another zone shows it, with the day if it is another there. Return null where it shows
 * the same.
 * @param {string} zone
 * @param {string} at
 * @param {Formats} session
 */
export function clockThere(zone, at, session) {
  const there = { ...session, zone };
  const isSameDay = dateOf(Date.parse(at), zone) === dateOf(Date.parse(at), session.zone);
  if (isSameDay && clock(at, there) === clock(at, session)) return null;
  return isSameDay ? clock(at, there) : `${day(at, there)}, ${clock(at, there)}`;
}

/**
 * Return the name of the language of a tag, without the region, or the tag itself if it names none.
 * @param {string} tag
 * @param {Pick<Zoned, "locale">} language
 */
export function languageName(tag, { locale }) {
  try {
    return new Intl.DisplayNames(locale, { type: "language" }).of(tag.split(/[-_]/)[0]) ?? tag;
  } catch {
    return tag;
  }
}
