// The search line: reading, writing, toggling, and what is wrong with it.
import { expect, test } from "vitest";
import { line, problem, terms, toggled } from "./filter";

test.each([
  ["", ""],
  ["box", "box"],
  ["owner:me  status:running", "owner:me status:running"],
  ['template:"my own" x', 'template:"my own" x'],
  ["Status:Running", "status:Running"],
  ['"open', "open"],
])("%s reads back as %s", (given, expected) => {
  expect(line(terms(given))).toBe(expected);
});

test.each([
  ["", "status", "running", "status:running"],
  ["status:running", "status", "running", ""],
  ["status:stopped box", "status", "running", "box status:running"],
  ["owner:me", "status", "failed", "owner:me status:failed"],
])("%s with %s:%s toggled is %s", (query, key, value, expected) => {
  expect(toggled(query, key, value)).toBe(expected);
});

test.each([
  ["owner:me status:running box", undefined],
  ["colour:red", /not a search word/],
  ["status:", /waits for/],
  ["outdated:perhaps", /true or false/],
  ["has-agent:connected", undefined],
])("%s", (query, expected) => {
  if (expected === undefined) expect(problem(query)).toBeUndefined();
  else expect(problem(query)).toMatch(expected);
});
