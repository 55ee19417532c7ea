// The deployment itself: its build, whether it is well, and how names of workspaces are made.
import { queryOptions } from "@tanstack/react-query";
import { server } from "../transport/transport";
import type { BuildInfo, SshConfig } from "../wire/rest";
import { keys } from "./queries";

export const buildInfo = queryOptions({
  queryKey: keys.buildInfo,
  queryFn: ({ signal }) => server.call<BuildInfo>("GET", "/buildinfo", undefined, signal),
  staleTime: 60_000,
});

export const ssh = queryOptions({
  queryKey: keys.ssh,
  queryFn: ({ signal }) => server.call<SshConfig>("GET", "/deployment/ssh", undefined, signal),
  staleTime: 300_000,
});

/** One part of the health report. */
export interface HealthSection {
  healthy: boolean;
  severity: string;
  error?: string | null;
  warnings?: Array<{ code?: string; message?: string }>;
  latency?: string;
  access_url?: string;
}

export type HealthReport = { time: string; healthy: boolean; severity: string; coder_version: string } & Record<string, unknown>;

export const health = queryOptions({
  queryKey: keys.health,
  queryFn: ({ signal }) => server.call<HealthReport>("GET", "/debug/health", undefined, signal),
  refetchInterval: 15_000,
});
