// Workspace daemons (`agent` on the wire): the ports that programs beside them listen on, and the facts they report.
import { queryOptions } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { plain } from "../rules/name";
import { server } from "../transport/transport";
import type { AgentLog, ListeningPorts } from "../wire/rest";
import { keys } from "./queries";

export const ports = (daemon: string) =>
  queryOptions({
    queryKey: keys.ports(daemon),
    queryFn: ({ signal }) => server.call<ListeningPorts>("GET", `/workspaceagents/${daemon}/listening-ports`, undefined, signal),
    refetchInterval: 10_000,
  });

/** One fact that a template asks a daemon to report. */
export interface Fact {
  key: string;
  name: string;
  value: string;
  error: string;
}

interface WireFact {
  result?: { value?: string; error?: string };
  description?: { key?: string; display_name?: string };
}

/** Reads a message of the metadata stream. What does not look like one is no fact. */
export function readFacts(text: string): Fact[] | undefined {
  const event = JSON.parse(text) as { type?: string; data?: unknown };
  if (event.type !== "data" || !Array.isArray(event.data)) return undefined;
  return (event.data as WireFact[]).map((one) => ({
    key: one.description?.key ?? "",
    name: plain(one.description?.display_name || one.description?.key || ""),
    value: plain((one.result?.value ?? "").trim()),
    error: plain(one.result?.error ?? ""),
  }));
}

/** The facts of a daemon as they change. */
export function useFacts(daemon: string): Fact[] {
  const [facts, setFacts] = useState<Fact[]>([]);
  useEffect(() => {
    const stream = server.open(`/workspaceagents/${daemon}/watch-metadata-ws`, {
      text: (text) => {
        const read = readFacts(text);
        if (read) setFacts(read);
      },
      closed: () => {},
    });
    return () => stream.close();
  }, [daemon]);
  return facts;
}

/** What the scripts of a daemon said so far. */
export function useDaemonLog(daemon: string): { lines: AgentLog[]; isOpen: boolean } {
  const [lines, setLines] = useState<AgentLog[]>([]);
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    setLines([]);
    setOpen(true);
    const stream = server.open(`/workspaceagents/${daemon}/logs?follow&after=0&no_compression`, {
      text: (text) => setLines((before) => [...before, ...(JSON.parse(text) as AgentLog[])]),
      closed: () => setOpen(false),
    });
    return () => stream.close();
  }, [daemon]);
  return { lines, isOpen };
}
