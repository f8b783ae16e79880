// Days of a time zone: where they start, and the ranges that the filter offers.

import assert from "node:assert/strict";
import { test } from "node:test";

import { addDays, ranges, startOfDay } from "../../../functions/web/web/days.js";

for (const [day, zone, start] of [
  ["2026-11-28", "UTC", "2026-11-28T00:00:00.000Z"],
  ["2026-11-28", "Europe/Berlin", "2026-11-27T23:00:00.000Z"],
  // The clock is put forward, and back, later on the day.
  ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
  ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
  ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
  ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
  // The day starts at 1:00; and the hour before it occurs twice.
  ["2026-09-06", "America/Santiago", "2026-09-06T04:00:00.000Z"],
  ["2026-04-05", "America/Santiago", "2026-04-05T04:00:00.000Z"],
  // The zones farthest from UTC, and one with a quarter of an hour.
  ["2026-11-28", "Pacific/Kiritimati", "2026-11-27T10:00:00.000Z"],
  ["2026-11-28", "Etc/GMT+12", "2026-11-28T12:00:00.000Z"],
  ["2026-11-28", "Asia/Kathmandu", "2026-11-27T18:15:00.000Z"],
  // The day that Samoa left out starts with the one after it.
  ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
]) {
  test(`${day} in ${zone} starts at ${start}`, () => assert.equal(startOfDay(day, zone), start));
}

test("days are added across months, years and a leap day", () => {
  assert.deepEqual(
    [addDays("2026-12-31", 1), addDays("2028-03-01", -1), addDays("2026-11-03", -6)],
    ["2027-01-01", "2028-02-29", "2026-10-28"],
  );
});

test("a range has seven days with today, and a month begins with its first day", () => {
  assert.deepEqual(ranges("2026-11-03"), {
    today: ["2026-11-03", "2026-11-03"],
    yesterday: ["2026-11-02", "2026-11-02"],
    week: ["2026-10-28", "2026-11-03"],
    month: ["2026-11-01", "2026-11-03"],
  });
});
