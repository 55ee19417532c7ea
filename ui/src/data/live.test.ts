// The list that follows a stream: what is put in place, what is asked for again, and what happens when the stream breaks.
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { setTransport, type Listener } from "../transport/transport";
import { web } from "../transport/web";
import type { Workspace, WorkspaceList } from "../wire/rest";
import { follow, patched } from "./live";

const one = (id: string, status: string) => ({ id, name: id, latest_build: { status } }) as Workspace;
const list = (...workspaces: Workspace[]): WorkspaceList => ({ workspaces, count: workspaces.length });

test.each<[string, string, Workspace, string, boolean]>([
  ["a change of a row is put in its place", "", one("a", "stopping"), "stopping", true],
  ["a new workspace is asked for", "", one("c", "running"), "running", false],
  ["one that is gone is asked for", "", one("a", "deleted"), "deleted", false],
  ["a search may not fit any more", "status:running", one("a", "stopped"), "stopped", false],
])("%s", (_, query, changed, status, isWhole) => {
  const found = patched(list(one("a", "running"), one("b", "running")), query, new Map([[changed.id, changed]]));
  expect([found.list.workspaces.map(({ latest_build }) => latest_build.status), found.isWhole]).toEqual([[status, "running"], isWhole]);
});

let listeners: Listener[] = [];
let closed = 0;
beforeEach(() => {
  vi.useFakeTimers();
  listeners = [];
  closed = 0;
  setTransport({ call: () => Promise.reject(new Error("not asked in this test")), open: (_, listener) => { listeners.push(listener); return { send: () => {}, close: () => { closed += 1; } }; } });
});
afterEach(() => {
  vi.useRealTimers();
  setTransport(web);
});

/** A cache with one list that is shown; counts how often it is asked for. */
function shown() {
  const queries = new QueryClient();
  let asked = 0;
  const observer = new QueryObserver(queries, { queryKey: ["workspaces", ""], queryFn: () => { asked += 1; return list(one("a", "running")); } });
  const leave = observer.subscribe(() => {});
  return { queries, leave, asked: () => asked, status: () => queries.getQueryData<WorkspaceList>(["workspaces", ""])?.workspaces[0]?.latest_build.status };
}

test("what the stream tells is in the list without asking; a burst of unknown ones asks once", async () => {
  const page = shown();
  const told: boolean[] = [];
  const stop = follow(page.queries, (isLive) => told.push(isLive));
  await vi.advanceTimersByTimeAsync(0);
  listeners[0]!.opened?.();
  await vi.advanceTimersByTimeAsync(300);
  const before = page.asked();
  listeners[0]!.text?.(JSON.stringify({ type: "ping", data: null }));
  listeners[0]!.text?.(JSON.stringify({ type: "data", data: one("a", "stopping") }));
  await vi.advanceTimersByTimeAsync(0);
  expect(page.status()).toBe("stopping");
  await vi.advanceTimersByTimeAsync(1_000);
  expect(page.asked()).toBe(before);
  for (const id of ["x", "y", "z"]) listeners[0]!.text?.(JSON.stringify({ type: "data", data: one(id, "running") }));
  listeners[0]!.text?.(JSON.stringify({ type: "data", data: null }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(page.asked()).toBe(before + 1);
  expect(told).toEqual([true]);
  stop();
  page.leave();
});

test("a stream that breaks off is opened again, ever later, and asks for what was missed; leaving ends it", async () => {
  const page = shown();
  const told: boolean[] = [];
  const stop = follow(page.queries, (isLive) => told.push(isLive));
  listeners[0]!.opened?.();
  listeners[0]!.closed(false);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(listeners).toHaveLength(2);
  listeners[1]!.closed(false);
  await vi.advanceTimersByTimeAsync(1_900);
  expect(listeners).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(100);
  expect(listeners).toHaveLength(3);
  const before = page.asked();
  listeners[2]!.opened?.();
  await vi.advanceTimersByTimeAsync(300);
  expect(page.asked()).toBe(before + 1);
  stop();
  expect(closed).toBe(1);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(listeners).toHaveLength(3);
  expect(told).toEqual([true, false, false, true]);
  page.leave();
});

test("a hundred changes a second of a thousand workspaces are drawn four times a second, each with its last word", async () => {
  const queries = new QueryClient();
  queries.setQueryData(["workspaces", ""], list(...Array.from({ length: 1_000 }, (_, at) => one(`w${at}`, "running"))));
  let drawn = 0;
  queries.getQueryCache().subscribe((event) => (drawn += event.type === "updated" ? 1 : 0));
  const stop = follow(queries, () => {});
  for (let at = 0; at < 300; at += 1) {
    listeners[0]!.text?.(JSON.stringify({ type: "data", data: one(`w${at % 100}`, at < 200 ? "stopping" : "stopped") }));
    await vi.advanceTimersByTimeAsync(10);
  }
  await vi.advanceTimersByTimeAsync(300);
  expect(drawn).toBeLessThanOrEqual(14);
  const states = queries.getQueryData<WorkspaceList>(["workspaces", ""])!.workspaces.map(({ latest_build }) => latest_build.status);
  expect([states.filter((status) => status === "stopped").length, states.filter((status) => status === "running").length]).toEqual([100, 900]);
  stop();
});
