// What can be asked of a workspace in each state, and the words for states.
import { expect, test } from "vitest";
import type { Workspace, WorkspaceStatus } from "../wire/rest";
import { able, actions, daemonWord, inOrder, isWorking, workspaceWord } from "./status";

const one = (status: WorkspaceStatus, more: Partial<Workspace> = {}) =>
  ({ name: "box", owner_name: "me", favorite: false, outdated: false, template_allow_user_cancel_workspace_jobs: true, health: { healthy: true, failing_agents: [] }, latest_build: { status, transition: "start" }, ...more }) as Workspace;

test.each<[WorkspaceStatus, string[]]>([
  ["running", ["stop", "restart", "delete"]],
  ["stopped", ["start", "delete"]],
  ["starting", ["cancel"]],
  ["failed", ["start", "stop", "delete"]],
  ["deleting", []],
  ["unknown", []],
])("%s allows %j", (status, expected) => {
  expect(actions(one(status))).toEqual(expected);
});

test("an outdated workspace can be updated", () => {
  expect(actions(one("stopped", { outdated: true }))).toContain("update");
});

test("a build that may not be canceled is not offered for it", () => {
  expect(actions(one("starting", { template_allow_user_cancel_workspace_jobs: false }))).toEqual([]);
});

test("only those that can be started are", () => {
  expect(able([one("running"), one("stopped")], "start")).toHaveLength(1);
});

test("a running workspace with an ill daemon says so", () => {
  expect(workspaceWord(one("running", { health: { healthy: false, failing_agents: [] } })).tone).toBe("warn");
  expect(isWorking("stopping")).toBe(true);
});

test.each([
  ["connected", "ready", "good"],
  ["connected", "start_error", "bad"],
  ["disconnected", "ready", "warn"],
  ["disconnected", "off", "idle"],
  ["timeout", "created", "bad"],
] as const)("a daemon %s and %s is %s", (status, lifecycle, tone) => {
  expect(daemonWord(status, lifecycle).tone).toBe(tone);
});

test("favourites come first, then names", () => {
  const order = inOrder([one("running", { name: "b" }), one("running", { name: "a" }), one("running", { name: "z", favorite: true })]);
  expect(order.map(({ name }) => name)).toEqual(["z", "a", "b"]);
});
