// Workspaces: read, watched, changed.
import { keepPreviousData, queryOptions, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { server } from "../transport/transport";
import { isWorking } from "../rules/status";
import type { AutomaticUpdates, Build, CreateWorkspace, Transition, WatchEvent, Workspace, WorkspaceList } from "../wire/rest";
import { keys, told } from "./queries";

/** How soon a list is asked for again where no stream tells of changes: while something changes, and while nothing does. */
const SOON = 1_500;
const LATER = 8_000;
/** And where one does: for what time alone changes. */
const SLOWLY = 30_000;
/** How long a watch that broke off waits before it tries again. */
const AGAIN = 2_000;

export const workspaces = (query: string, isLive: boolean) =>
  queryOptions({
    queryKey: [...keys.workspaces, query],
    queryFn: ({ signal }) => server.call<WorkspaceList>("GET", `/workspaces?q=${encodeURIComponent(query)}`, undefined, signal),
    placeholderData: keepPreviousData,
    refetchInterval: (asked) => {
      if (isLive) return SLOWLY;
      return asked.state.data?.workspaces.some((one) => isWorking(one.latest_build.status)) ? SOON : LATER;
    },
  });

export const workspace = (owner: string, name: string) =>
  queryOptions({
    queryKey: keys.workspace(owner, name),
    queryFn: ({ signal }) =>
      server.call<Workspace>("GET", `/users/${encodeURIComponent(owner)}/workspace/${encodeURIComponent(name)}`, undefined, signal),
  });

/** Keeps a workspace's page as the server has it. Tells whether the watch stands, or is about to for the first time. */
export function useWatch(one: Workspace | undefined): boolean {
  const queries = useQueryClient();
  const [isLive, setLive] = useState(true);
  const { id, owner_name: owner, name } = one ?? {};
  useEffect(() => {
    if (id === undefined || owner === undefined || name === undefined) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stream = open();
    function open() {
      return server.open(`/workspaces/${id}/watch-ws`, {
        opened: () => setLive(true),
        text: (text) => {
          const event = JSON.parse(text) as WatchEvent;
          if (event.type === "data") told(queries, keys.workspace(owner!, name!), event.data as Workspace);
        },
        closed: () => {
          setLive(false);
          void queries.invalidateQueries({ queryKey: keys.workspace(owner!, name!) });
          timer = setTimeout(() => (stream = open()), AGAIN);
        },
      });
    }
    return () => {
      clearTimeout(timer);
      stream.close();
    };
  }, [id, owner, name, queries]);
  return isLive;
}

/** Orders a build. */
export function order(one: Workspace, transition: Transition, version?: string): Promise<Build> {
  return server.call<Build>("POST", `/workspaces/${one.id}/builds`, {
    transition,
    rich_parameter_values: [],
    ...(version === undefined ? {} : { template_version_id: version }),
  });
}

/** Tells every reader that a workspace changed. */
export async function changed(queries: QueryClient): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: keys.workspaces }),
    queries.invalidateQueries({ queryKey: ["workspace"] }),
    queries.invalidateQueries({ queryKey: ["builds"] }),
  ]);
}

export const create = (wanted: CreateWorkspace) => server.call<Workspace>("POST", "/users/me/workspaces", wanted);
export const favorite = (one: Workspace, is: boolean) => server.call(is ? "PUT" : "DELETE", `/workspaces/${one.id}/favorite`);
export const rename = (one: Workspace, name: string) => server.call("PATCH", `/workspaces/${one.id}`, { name });
export const setAutostart = (one: Workspace, schedule: string) => server.call("PUT", `/workspaces/${one.id}/autostart`, { schedule });
export const setTtl = (one: Workspace, ttl_ms: number) => server.call("PUT", `/workspaces/${one.id}/ttl`, { ttl_ms });
export const extend = (one: Workspace, deadline: string) => server.call("PUT", `/workspaces/${one.id}/extend`, { deadline });
export const setUpdates = (one: Workspace, automatic_updates: AutomaticUpdates) =>
  server.call("PUT", `/workspaces/${one.id}/autoupdates`, { automatic_updates });
