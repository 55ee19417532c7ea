// The only way from a page to a server. In a browser it is fetch and websockets; in the app's windows it is the
// app's own channel, which is why nothing else in here knows of either.
import { web } from "./web";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What a stream tells. `closed` comes once, last. */
export interface Listener {
  opened?(): void;
  text?(text: string): void;
  bytes?(bytes: Uint8Array): void;
  closed(isClean: boolean): void;
}

/** An open stream. */
export interface Stream {
  send(text: string): void;
  close(): void;
}

export interface Transport {
  /** One call under `/api/v2`. Rejects with a `Failure`, never with anything else. */
  call<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T>;
  /** A stream under `/api/v2`. */
  open(path: string, listener: Listener): Stream;
}

let current: Transport = web;

/** Another way to a server: of the app's windows, or of a test. */
export function setTransport(transport: Transport): void {
  current = transport;
}

/** The way to the server. */
export const server: Transport = {
  call: (method, path, body, signal) => current.call(method, path, body, signal),
  open: (path, listener) => current.open(path, listener),
};
