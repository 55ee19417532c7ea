// A restart is a stop, a wait and a start: in that order, over breaks, once, and never behind the back of somebody who
// acted meanwhile.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fromAnswer, unreachable } from "../transport/failure";
import { setTransport, type Listener, type Transport } from "../transport/transport";
import { web } from "../transport/web";
import type { Workspace } from "../wire/rest";
import { KEY, Restarts } from "./restart";

const ID = "00000000-0000-4000-8000-000000000001";
const STOP = "00000000-0000-4000-8000-000000000002";
const VERSION = "00000000-0000-4000-8000-000000000003";
const box = { id: ID, name: "box", owner_name: "me" } as Workspace;

let calls: string[] = [];
let logs: Listener[] = [];
/** How the server answers; tests change it. */
let answer: (what: string) => unknown = () => undefined;
let end: { status: string; completed_at: string | null; error?: string };
let latest: string;

const fake: Transport = {
  call: <T,>(method: string, path: string, body?: unknown) => {
    const what = `${method} ${path}${body === undefined ? "" : ` ${(body as { transition: string }).transition}`}`;
    calls.push(what);
    try {
      const special = answer(what);
      if (special !== undefined) return Promise.resolve(special as T);
    } catch (thrown) {
      return Promise.reject(thrown as Error);
    }
    if (what === `POST /workspaces/${ID}/builds stop`) return Promise.resolve({ id: STOP } as T);
    if (what.startsWith("GET /workspacebuilds")) return Promise.resolve({ job: end } as T);
    if (what.startsWith("GET /workspaces")) return Promise.resolve({ ...box, latest_build: { id: latest } } as T);
    return Promise.resolve({} as T);
  },
  open: (_, listener) => {
    logs.push(listener);
    return { send: () => {}, close: () => {} };
  },
};

const starts = () => calls.filter((what) => what.endsWith(" start")).length;
const shown = (window: Restarts) => window.shown.map(({ name, failure }) => [name, failure?.message]);
const isWarned = () => !globalThis.dispatchEvent(new Event("beforeunload", { cancelable: true }));
const flush = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  setTransport(fake);
  localStorage.clear();
  calls = [];
  logs = [];
  answer = () => undefined;
  end = { status: "succeeded", completed_at: "2026-01-01T00:00:00Z" };
  latest = STOP;
});
afterEach(() => {
  vi.useRealTimers();
  setTransport(web);
});

test("the start is ordered when the stop has ended, and not before; closing the window is warned of only until then", async () => {
  const window = new Restarts();
  expect(isWarned()).toBe(false);
  await window.restart(box, VERSION);
  await flush();
  expect(starts()).toBe(0);
  expect(shown(window)).toEqual([["box", undefined]]);
  expect(isWarned()).toBe(true);
  logs[0]!.closed(true);
  await flush();
  expect(calls.at(-1)).toBe(`POST /workspaces/${ID}/builds start`);
  expect(shown(window)).toEqual([]);
  expect(isWarned()).toBe(false);
  expect(localStorage).toHaveLength(0);
});

test("a log that breaks off is followed again, a server that is away is waited for", async () => {
  const window = new Restarts();
  await window.restart(box);
  await flush();
  end = { status: "running", completed_at: null };
  logs[0]!.closed(false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([logs.length, starts()]).toEqual([2, 0]);
  end = { status: "succeeded", completed_at: "2026-01-01T00:00:00Z" };
  answer = () => { throw unreachable("gone"); };
  logs[1]!.closed(false);
  await vi.advanceTimersByTimeAsync(10_000);
  answer = () => undefined;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(starts()).toBe(1);
});

test("a page that is loaded again goes on; one that was closed long ago asks first", async () => {
  const first = new Restarts();
  await first.restart(box);
  await flush();
  const again = new Restarts();
  again.resume();
  await flush();
  logs.at(-1)!.closed(true);
  await flush();
  expect(starts()).toBe(1);
  // The page that went keeps nothing alive here: its log never ends.
  await first.restart(box);
  vi.setSystemTime(Date.now() + 11 * 60_000);
  const late = new Restarts();
  late.resume();
  await flush();
  expect(starts()).toBe(1);
  const [one] = late.shown;
  expect(one!.failure!.message).toMatch(/closed between/);
  late.startNow(one!);
  await flush();
  expect([starts(), shown(late)]).toEqual([2, []]);
});

test.each<[string, () => void, string | undefined]>([
  ["a stop that fails is said, with no start", () => { end = { status: "failed", completed_at: "2026-01-01T00:00:00Z", error: "busy" }; }, "The workspace did not stop."],
  ["a start that is refused is said", () => { answer = (what) => { if (what.endsWith(" start")) throw fromAnswer(403, { message: "No." }); }; }, "No."],
  ["somebody who built it meanwhile is not overruled", () => { latest = VERSION; }, undefined],
  ["a workspace that is gone is forgotten", () => { answer = (what) => { if (what.startsWith("GET /workspaces/")) throw fromAnswer(404, {}); }; }, undefined],
])("%s", async (_, prepare, failure) => {
  const window = new Restarts();
  await window.restart(box);
  await flush();
  prepare();
  logs[0]!.closed(true);
  await flush();
  expect(shown(window)).toEqual(failure === undefined ? [] : [["box", failure]]);
  expect(calls.filter((what) => what.endsWith(" start")).length).toBe(failure === "No." ? 1 : 0);
  expect(isWarned()).toBe(false);
  window.forgetAll();
  expect(localStorage).toHaveLength(0);
});

test("what is kept in the browser and was changed by hand is no order", async () => {
  localStorage.setItem(KEY, JSON.stringify([{ workspace: "../users/me", build: STOP, name: "x", owner: "me", at: Date.now() }, 7, null]));
  const window = new Restarts();
  window.resume();
  await flush();
  expect([calls, logs, shown(window)]).toEqual([[], [], []]);
});
