// The transport of the app's own window: every call and stream goes to the program of the window, which has the session.
// No token comes here. What the program refuses looks like a refusal of the server.
import { Channel, invoke } from "@tauri-apps/api/core";
import { Failure, fromAnswer, unreachable } from "./failure";
import type { Listener, Method, Stream, Transport } from "./transport";

interface Answer {
  /** 0 when no server answered; then the body says why. */
  status: number;
  body: string;
}

type Told = { kind: "opened" } | { kind: "text"; text: string } | { kind: "closed"; is_clean: boolean; why: string };

/** Whether these pages stand in a window of the app. */
export function isApp(): boolean {
  return "__TAURI_INTERNALS__" in window;
}

async function call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const text = body === undefined ? null : JSON.stringify(body);
  const answer = await orAborted(invoke<Answer>("request", { method, path, body: text }), signal);
  if (answer.status === 0) throw unreachable(answer.body);
  const value = parse(answer.body);
  if (answer.status < 200 || answer.status > 299) throw fromAnswer(answer.status, value);
  return value as T;
}

/** A call that nobody waits for any more is forgotten; the program ends it in its own time. */
function orAborted<T>(call: Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason ?? new DOMException("aborted", "AbortError"));
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
    call.then(resolve, (thrown: unknown) => reject(new Failure("broken", "The window could not pass this call on.", "Close the window and open it again.", 0, String(thrown))))
      .finally(() => signal?.removeEventListener("abort", abort));
  });
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The program gives 64 messages of credit; it hears early enough that a page which keeps up never waits. */
const TELL_AFTER = 16;
let last = 0;

function open(path: string, listener: Listener): Stream {
  last += 1;
  const number = last;
  let isOpen = false;
  let isOver = false;
  let unsaid = 0;
  const end = (isClean: boolean) => {
    if (isOver) return;
    isOver = true;
    listener.closed(isClean);
  };
  const channel = new Channel<ArrayBuffer | Told>();
  channel.onmessage = (message) => {
    if (!(message instanceof ArrayBuffer) && message.kind === "closed") return end(message.is_clean);
    if (!(message instanceof ArrayBuffer) && message.kind === "opened") {
      isOpen = true;
      if (!isOver) listener.opened?.();
      return;
    }
    unsaid += 1;
    if (unsaid >= TELL_AFTER) {
      void invoke("stream_send", { number, text: null, seen: unsaid });
      unsaid = 0;
    }
    if (isOver) return;
    if (message instanceof ArrayBuffer) listener.bytes?.(new Uint8Array(message));
    else if (message.kind === "text") listener.text?.(message.text);
  };
  invoke("stream_open", { number, path, channel }).catch(() => end(false));
  return {
    send: (text) => {
      if (isOpen && !isOver) void invoke("stream_send", { number, text, seen: null });
    },
    close: () => {
      isOver = true;
      void invoke("stream_close", { number });
    },
  };
}

export const app: Transport = { call, open };

/**
 * What a window of the app does differently from a tab: links to elsewhere are opened by the program, which decides; and it
 * is told when the first page was drawn. `complain` shows a sentence.
 */
export function settleInApp(complain: (sentence: string) => void): void {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[target=_blank]") : null;
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    leave(link.href, complain);
  });
  window.open = (address) => {
    if (address) leave(String(address), complain);
    return null;
  };
  whenPainted(() => void invoke("painted"));
}

function leave(address: string, complain: (sentence: string) => void): void {
  // A page of the deployment is written as one of ours.
  const url = new URL(address, location.href);
  const wanted = url.origin === location.origin || url.protocol === location.protocol ? url.pathname + url.search + url.hash : url.href;
  invoke("open_address", { address: wanted }).catch((sentence: unknown) => complain(String(sentence)));
}

/** Calls back once something was drawn. */
function whenPainted(tell: () => void): void {
  if (!PerformanceObserver.supportedEntryTypes.includes("paint")) {
    requestAnimationFrame(() => requestAnimationFrame(tell));
    return;
  }
  const observer = new PerformanceObserver(() => {
    observer.disconnect();
    tell();
  });
  observer.observe({ type: "paint", buffered: true });
}
