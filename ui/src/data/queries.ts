// The cache of what the server said, and how often it asks again. One place for keys, so that a change finds its readers.
import { QueryClient, type QueryKey } from "@tanstack/react-query";
import { Failure } from "../transport/failure";

export const keys = {
  me: ["me"],
  first: ["first"],
  workspaces: ["workspaces"],
  workspace: (owner: string, name: string) => ["workspace", owner, name],
  builds: (workspace: string) => ["builds", workspace],
  build: (build: string) => ["build", build],
  timings: (build: string) => ["timings", build],
  ports: (daemon: string) => ["ports", daemon],
  templates: ["templates"],
  template: (name: string) => ["template", name],
  versions: (template: string) => ["versions", template],
  parameters: (version: string) => ["parameters", version],
  tokens: ["tokens"],
  sessions: ["sessions"],
  sshKey: ["ssh-key"],
  buildInfo: ["build-info"],
  health: ["health"],
  ssh: ["ssh"],
  users: ["users"],
} as const;

export function newQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 2_000,
        refetchOnWindowFocus: true,
        // Asking again helps against a server that restarts, not against a refusal.
        retry: (count, failure) => failure instanceof Failure && failure.kind === "unreachable" && count < 1,
        retryDelay: 700,
      },
    },
  });
}

/** Puts in place what a stream told. An answer that is on its way may be older than that: it is asked for again. */
export function told<T>(queries: QueryClient, queryKey: QueryKey, value: T): void {
  queries.setQueryData(queryKey, value);
  if (queries.isFetching({ queryKey, exact: true }) > 0) void queries.invalidateQueries({ queryKey, exact: true });
}
