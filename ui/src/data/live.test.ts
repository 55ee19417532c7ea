// The list that follows a stream: what is put in place, what is asked for again, and what happens when the stream breaks.
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { setTransport, type Listener } from "../transport/transport";
import { web } from "../transport/web";
import type { Workspace, WorkspaceList } from "../wire/rest";
import { follow, patched } from "./live";

const one = (id: string, status: string) => ({ id, name: id, latest_build: { status } }) as Workspace;
const list = (...workspaces: Workspace[]): WorkspaceList => ({ workspaces, count: workspaces.length });

test.each<[string, string, Workspace, string | undefined]>([
  ["a change of a row is put in its place", "", one("a", "stopping"), "stopping"],
  ["a new workspace is asked for", "", one("c", "running"), undefined],
  ["one that is gone is asked for", "", one("a", "deleted"), undefined],
  ["a search may not fit any more", "status:running", one("a", "stopped"), undefined],
])("%s", (_, query, changed, expected) => {
  const found = patched(list(one("a", "running"), one("b", "running")), query, changed);
  expect(found?.workspaces.map(({ latest_build }) => latest_build.status)).toEqual(expected === undefined ? undefined : [expected, "running"]);
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
