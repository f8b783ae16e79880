// Days and times of day: their formats, ranges of days, and the moments at which days start in a time zone.

import { muted } from "./elements.js";
import { CLOCK, format, formatDate, LONG, offset, zoneName } from "./texts.js";

/** @import { Language, Session } from "../types/pages" */
/** @import { Formats } from "./texts.js" */
/** @typedef {[first: string, last: string]} Range */

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Monday, in days since the epoch. */
const MONDAY = 4;
/** @type {Intl.DateTimeFormatOptions} */
export const PRECISE = { ...CLOCK, second: "2-digit" };
/** No zone is farther from UTC, in hours. */
const MAX_OFFSET = 15 * HOUR;

/**
 * @param {string} at
 * @param {Formats} session
 */
export function day(at, session) {
  return formatDate(new Date(at), session, { weekday: "long", day: "numeric", month: "long" });
}

/**
 * @param {string} at
 * @param {Formats} session
 */
export function fullDay(at, session) {
  return formatDate(new Date(at), session, LONG);
}

/**
 * @param {string} at
 * @param {Formats} session
 */
export function clock(at, session, how = CLOCK) {
  return formatDate(new Date(at), session, how) + offset(new Date(at), session);
}

/**
 * Format a time of day, such as 09:00.
 * @param {string} time
 * @param {Pick<Language, "locale">} language
 */
export function timeOfDay(time, { locale }) {
  if (time === "24:00") return time;
  return formatDate(new Date(`1970-01-01T${time}:00Z`), { locale, zone: "UTC" }, CLOCK);
}

/**
 * Return the name of a day of the week; 0 is Monday.
 * @param {number} day
 * @param {Pick<Language, "locale">} language
 */
export function weekday(day, { locale }) {
  return formatDate(new Date((MONDAY + day) * DAY), { locale, zone: "UTC" }, { weekday: "long" });
}

/**
 * Return the date in a time zone, in ISO form.
 * @param {number} at
 * @param {string} zone
 */
export function dateOf(at, zone) {
  return formatDate(new Date(at), { locale: "sv", zone }, {});
}

/**
 * @param {string} day
 * @param {number} count
 */
export function addDays(day, count) {
  return new Date(Date.parse(day) + count * DAY).toISOString().slice(0, 10);
}

/**
 * Return the ranges of days that people ask for, by name.
 * @param {string} today
 * @returns {Record<string, Range>}
 */
export function ranges(today) {
  const yesterday = addDays(today, -1);
  return {
    today: [today, today],
    yesterday: [yesterday, yesterday],
    week: [addDays(today, -6), today],
    month: [`${today.slice(0, 8)}01`, today],
  };
}

/**
 * Return the first moment of a day in a time zone. On some days the clock is put forward at midnight, so that they start
 * at 1:00: the moment is searched for, to the minute.
 * @param {string} day
 * @param {string} zone
 */
export function startOfDay(day, zone) {
  let [before, after] = [Date.parse(day) - MAX_OFFSET, Date.parse(day) + MAX_OFFSET];
  while (after - before > MINUTE) {
    const middle = before + Math.floor((after - before) / MINUTE / 2) * MINUTE;
    if (dateOf(middle, zone) < day) before = middle;
    else after = middle;
  }
  return new Date(after).toISOString();
}

/**
 * Return a note with the time zone of the times shown.
 * @param {Session} session
 */
export function zoneNote(session) {
  return muted(format(session.texts.zone, { zone: zoneName(session.guestkey.now(), session) }));
}
