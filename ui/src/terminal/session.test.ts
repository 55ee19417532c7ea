// The line to a terminal: what is sent, and what a break, an end and a refusal come to.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { setTransport, type Listener } from "../transport/transport";
import { Session, sessionPath, type Standing } from "./session";

let listeners: Listener[];
let sent: string[];
let told: Standing[];
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  listeners = [];
  sent = [];
  told = [];
  setTransport({
    call: () => Promise.reject(new Error("no calls here")),
    open: (_path, listener) => {
      listeners.push(listener);
      return { send: (text) => sent.push(text), close: () => {} };
    },
  });
  session = new Session("d", "id", "", { cols: 80, rows: 24 }, () => {}, (standing) => told.push(standing));
  session.connect();
});
afterEach(() => vi.useRealTimers());

test("the address names the session, the size and the command", () => {
  expect(sessionPath("d", "id", { cols: 80, rows: 24 }, "top -d 1")).toBe("/workspaceagents/d/pty?reconnect=id&width=80&height=24&command=top+-d+1");
});

test("keys and sizes are one object each", () => {
  listeners[0]!.opened!();
  session.keys("ls\r");
  session.resize({ cols: 100, rows: 30 });
  expect(sent).toEqual(['{"height":24,"width":80}', '{"data":"ls\\r"}', '{"height":30,"width":100}']);
});

test("a break is mended under the same id", () => {
  listeners[0]!.opened!();
  listeners[0]!.closed(false);
  expect(told.at(-1)).toBe("broken");
  vi.advanceTimersByTime(500);
  expect(listeners).toHaveLength(2);
  listeners[1]!.opened!();
  expect(told.at(-1)).toBe("open");
});

test("a shell that ended is not opened again by itself", () => {
  listeners[0]!.opened!();
  listeners[0]!.closed(true);
  vi.advanceTimersByTime(60_000);
  expect(told.at(-1)).toBe("ended");
  expect(listeners).toHaveLength(1);
});

test("a refusal is said at once", () => {
  listeners[0]!.closed(false);
  expect(told.at(-1)).toBe("refused");
});
