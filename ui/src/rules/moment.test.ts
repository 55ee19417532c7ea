// Times in words, with the present given.
import { expect, test } from "vitest";
import { expiry, left, since, span, took } from "./moment";

const NOW = Date.parse("2026-03-01T12:00:00Z");

test.each([
  [null, "never"],
  ["0001-01-01T00:00:00Z", "never"],
  ["2026-03-01T11:59:58Z", "just now"],
  ["2026-03-01T11:00:00Z", "1 hour ago"],
  ["2026-03-03T12:00:00Z", "in 2 days"],
  ["nonsense", "at an unknown time"],
])("%s is %s", (time, expected) => {
  expect(since(time, NOW)).toBe(expected);
});

test.each([
  [30_000, "1 min"],
  [-5, "0 min"],
  [3_600_000, "1 h"],
  [4_800_000, "1 h 20 min"],
  [90_000_000, "1 d 1 h"],
])("%d ms left is %s", (milliseconds, expected) => {
  expect(left(milliseconds)).toBe(expected);
});

test("spans name their largest unit", () => {
  expect([span(500), span(61_000), span(7_200_000)]).toEqual(["a moment", "1 minute", "2 hours"]);
});

test.each([
  ["2026-03-01T12:00:00.000Z", "2026-03-01T12:00:00.420Z", "420 ms"],
  ["2026-03-01T12:00:00Z", "2026-03-01T12:00:03.2Z", "3.2 s"],
  ["2026-03-01T12:00:00Z", "2026-03-01T12:02:05Z", "2 min 5 s"],
  ["2026-03-01T12:00:00Z", null, ""],
])("from %s to %s took %s", (from, to, expected) => {
  expect(took(from, to)).toBe(expected);
});

test.each([
  ["0001-01-01T00:00:00Z", "never expires", false],
  ["2026-04-01T12:00:00Z", "expires in 31 days", false],
  ["2026-03-03T12:00:00Z", "expires in 2 days", true],
  ["2026-03-01T12:00:00Z", "expired just now", true],
  ["2026-03-01T09:00:00Z", "expired 3 hours ago", true],
  ["nonsense", "expires at an unknown time", true],
])("what ends at %s %s", (time, text, isSoon) => {
  expect(expiry(time, NOW)).toEqual({ text, isSoon });
});
