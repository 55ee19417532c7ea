// Restarting: stop, wait, start. The server knows no restart and takes no start while a stop runs, so the order for the
// start lives here until it is sent: beside the pages (moving between them does not matter), kept over a reload, and taken
// over by another tab when this one is closed. What a person sees of it is not here.
import { useSyncExternalStore } from "react";
import { asFailure, Failure } from "../transport/failure";
import { server } from "../transport/transport";
import type { Build, Workspace } from "../wire/rest";
import { order } from "./workspaces";

export interface Restart {
  workspace: string;
  owner: string;
  name: string;
  /** The template's version to start with, when it is an update. */
  version?: string;
  /** The build that stops it. */
  build: string;
  /** When it was asked for, in milliseconds since 1970. */
  at: number;
}

/** A restart as a page shows it. Without a failure it goes on by itself. */
export interface Shown extends Restart {
  failure?: Failure;
}

export const KEY = "homeport-restarts";
/** An older one is not gone on with unasked: its person has turned to other things. */
const FRESH = 10 * 60_000;
const AGAIN = 2_000;

/** The restarts of one window. */
export class Restarts {
  /** What this window goes on with, or could not end. */
  shown: readonly Shown[] = [];
  private readonly listeners = new Set<() => void>();
  /** What is kept, for a browser that keeps nothing. */
  private beside: Restart[] = [];

  readonly listen = (tell: () => void) => {
    this.listeners.add(tell);
    return () => this.listeners.delete(tell);
  };

  /** Orders the stop; the start follows by itself. Rejects when the stop was refused. */
  async restart(one: Workspace, version?: string): Promise<void> {
    const { id } = await order(one, "stop");
    const asked: Restart = { workspace: one.id, owner: one.owner_name, name: one.name, build: id, at: Date.now(), ...(version === undefined ? {} : { version }) };
    this.keep([...this.kept().filter(({ workspace }) => workspace !== one.id), asked]);
    void this.goOn(asked);
  }

  /** Goes on with what an earlier page of this browser left, and with what other tabs leave. Call it once. */
  resume(): void {
    const look = () => {
      for (const one of this.kept()) {
        if (this.shown.some((other) => other.build === one.build)) continue;
        if (Date.now() - one.at < FRESH) void this.goOn(one);
        else this.show(one, new Failure("conflict", "The window was closed between the stop and the start.", "Start it now, or leave it as it is."));
      }
    };
    look();
    window.addEventListener("storage", (event) => event.key === KEY && look());
  }

  /** Orders the start by hand, after a failure. */
  startNow(one: Restart): void {
    void this.withLock(one, () => this.finish(one));
  }

  /** Leaves the workspace as it is. */
  forget(one: Restart): void {
    this.keep(this.kept().filter(({ build }) => build !== one.build));
    this.set(this.without(one));
  }

  /** The person left: the next one must not find this. */
  forgetAll(): void {
    this.keep([]);
    this.set([]);
  }

  /** One tab at a time; the next one gets its turn when that tab is closed. */
  private async withLock(one: Restart, run: () => Promise<void>): Promise<void> {
    const isMine = async () => {
      // Another tab may have ended it, or a person gave it up, while this one waited.
      if (this.kept().some(({ build }) => build === one.build)) await run();
    };
    const { locks } = navigator as { locks?: LockManager };
    await (locks ? locks.request(`${KEY}:${one.workspace}`, isMine) : isMine());
  }

  private async goOn(one: Restart): Promise<void> {
    await this.withLock(one, async () => {
      this.show(one);
      window.addEventListener("beforeunload", warn);
      try {
        await ended(one.build);
        await this.finish(one);
      } catch (thrown) {
        this.show(one, asFailure(thrown));
      } finally {
        if (!this.shown.some(({ failure }) => failure === undefined)) window.removeEventListener("beforeunload", warn);
      }
    });
  }

  private async finish(one: Restart): Promise<void> {
    try {
      const now = await patiently(() => server.call<Workspace>("GET", `/workspaces/${one.workspace}`));
      // Somebody else started or removed it meanwhile.
      if (now.latest_build.id === one.build) await patiently(() => order(now, "start", one.version));
      this.forget(one);
    } catch (thrown) {
      if (asFailure(thrown).kind === "missing") this.forget(one);
      else this.show(one, asFailure(thrown));
    }
  }

  private show(one: Restart, failure?: Failure): void {
    this.set([...this.without(one), failure === undefined ? one : { ...one, failure }]);
  }

  private without(one: Restart): Shown[] {
    return this.shown.filter((other) => other.workspace !== one.workspace);
  }

  private set(shown: readonly Shown[]): void {
    this.shown = shown;
    this.listeners.forEach((tell) => tell());
  }

  private keep(all: Restart[]): void {
    this.beside = all;
    try {
      if (all.length === 0) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // `beside` holds it as long as the window is open.
    }
  }

  private kept(): Restart[] {
    try {
      const all: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(all) ? all.filter(isRestart).slice(0, 50) : [];
    } catch {
      return this.beside;
    }
  }
}

export const restarts = new Restarts();

export function useRestarts(): readonly Shown[] {
  return useSyncExternalStore(restarts.listen, () => restarts.shown);
}

/** The browser asks in words of its own before it leaves the page. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Waits for the end of a build by following its log: the stream closes with it, or breaks and is opened again. */
async function ended(id: string): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => {
      server.open(`/workspacebuilds/${id}/logs?follow&after=0`, { closed: () => resolve() });
    });
    const { job } = await patiently(() => server.call<Build>("GET", `/workspacebuilds/${id}`));
    if (job.status === "succeeded") return;
    if (job.completed_at !== null) throw new Failure("conflict", "The workspace did not stop.", "Look at the log of the build, then start it by hand.", 0, job.error ?? "");
    await pause();
  }
}

const pause = () => new Promise((resolve) => setTimeout(resolve, AGAIN));

/** A server that is away comes back; every other failure is an answer. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (thrown) {
      const { kind } = asFailure(thrown);
      if (kind !== "unreachable" && kind !== "busy") throw thrown;
      await pause();
    }
  }
}

/** What is kept in a browser may be of another version of these pages, or changed by hand. */
function isRestart(one: unknown): one is Restart {
  const { workspace, build, name, owner, at, version } = (one ?? {}) as Record<string, unknown>;
  const isId = (text: unknown) => typeof text === "string" && /^[0-9a-f-]{36}$/.test(text);
  return isId(workspace) && isId(build) && typeof name === "string" && typeof owner === "string" && typeof at === "number" && (version === undefined || isId(version));
}
