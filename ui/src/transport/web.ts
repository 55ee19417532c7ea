// The transport of a browser: same origin, the session in a cookie that scripts cannot read.
import { fromAnswer, unreachable } from "./failure";
import type { Listener, Method, Stream, Transport } from "./transport";

const BASE = "/api/v2";
/** Names the path to which the browser sends the session's cookie, and to no other: see `cookie_path.rs` of the server. */
const HEADER = "x-homeport-cookie-path";
const KEY = "homeport-cookie-path";
const DRAWN = /^\/at\/[A-Za-z0-9]{32}$/;
let last: string | undefined;
/** A call that takes longer has lost its server. Builds do not wait: they are ordered, and followed by a stream. */
const PATIENCE = 30_000;

async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE);
  let answer: Response;
  try {
    answer = await fetch(base() + path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? anyOf(signal, patience) : patience,
    });
  } catch (thrown) {
    if (signal?.aborted) throw thrown;
    throw unreachable(thrown instanceof Error ? thrown.message : String(thrown));
  }
  keep(answer.headers.get(HEADER));
  const text = await answer.text();
  const value = parse(text);
  if (!answer.ok) throw fromAnswer(answer.status, value);
  return value as T;
}

/** Where the interface is for who signed in here. Another tab may have signed in since: its path counts then. */
function base(): string {
  let kept = last;
  try {
    kept = localStorage.getItem(KEY) ?? last;
  } catch {
    // A browser that keeps nothing has to sign in again after the page was loaded anew.
  }
  return kept !== undefined && DRAWN.test(kept) ? kept + BASE : BASE;
}

function keep(path: string | null): void {
  if (path === null || !DRAWN.test(path)) return;
  last = path;
  try {
    localStorage.setItem(KEY, path);
  } catch {
    // As above.
  }
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or a plain word: the status says enough.
    return undefined;
  }
}

function anyOf(...signals: AbortSignal[]): AbortSignal {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason);
    signal.addEventListener("abort", () => either.abort(signal.reason), { once: true });
  }
  return either.signal;
}

function open(path: string, listener: Listener): Stream {
  const origin = location.origin.replace(/^http/, "ws");
  const socket = new WebSocket(origin + base() + path);
  socket.binaryType = "arraybuffer";
  let isOver = false;
  const end = (isClean: boolean) => {
    if (isOver) return;
    isOver = true;
    listener.closed(isClean);
  };
  socket.onopen = () => listener.opened?.();
  socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
    if (typeof event.data === "string") listener.text?.(event.data);
    else listener.bytes?.(new Uint8Array(event.data));
  };
  socket.onclose = (event) => end(event.wasClean && event.code !== 1006);
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => {
      isOver = true;
      socket.close();
    },
  };
}

export const web: Transport = { call, open };
