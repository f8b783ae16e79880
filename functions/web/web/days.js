// Days of a time zone, in ISO form: their ranges, and the moments at which they start.

import { dateOf } from "./texts.js";

/** @typedef {[first: string, last: string]} Range */

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** No zone is farther from UTC, in hours. */
const MAX_OFFSET = 15 * HOUR;

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
