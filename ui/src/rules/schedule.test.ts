// The server's cron line and the form.
import { expect, test } from "vitest";
import { later, readSchedule, scheduleWords, writeSchedule } from "./schedule";

test.each([
  ["CRON_TZ=Europe/Berlin 30 9 * * 1-5", { zone: "Europe/Berlin", hour: 9, minute: 30, days: [1, 2, 3, 4, 5] }],
  ["0 8 * * *", { zone: "UTC", hour: 8, minute: 0, days: [0, 1, 2, 3, 4, 5, 6] }],
  ["0 8 * * mon,fri", { zone: "UTC", hour: 8, minute: 0, days: [1, 5] }],
  ["0 8 * * 7", { zone: "UTC", hour: 8, minute: 0, days: [0] }],
  ["*/5 8 * * 1", undefined],
  ["0 25 * * 1", undefined],
  ["0 8 1 * 1", undefined],
  ["", undefined],
])("%s", (given, expected) => {
  expect(readSchedule(given)).toEqual(expected);
});

test("what is written reads back", () => {
  const schedule = { zone: "UTC", hour: 7, minute: 5, days: [0, 3, 6] };
  expect(readSchedule(writeSchedule(schedule))).toEqual(schedule);
  expect(writeSchedule({ ...schedule, days: [0, 1, 2, 3, 4, 5, 6] })).toBe("CRON_TZ=UTC 5 7 * * *");
});

test("a schedule in words", () => {
  expect(scheduleWords("CRON_TZ=UTC 30 9 * * 1-5")).toBe("Mon to Fri at 09:30 (UTC)");
  expect(scheduleWords(null)).toBe("Off");
  expect(scheduleWords("@weekly")).toBe("@weekly");
});

test("an extension counts from the later of deadline and now", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");
  expect(later("2026-03-01T13:00:00Z", 1, now)).toBe("2026-03-01T14:00:00.000Z");
  expect(later("2026-03-01T10:00:00Z", 1, now)).toBe("2026-03-01T13:00:00.000Z");
});
