// The list of workspaces kept as the server has it: one stream tells of each change. What cannot be told from one workspace
// (whether a search still fits, a new row) is asked for again, and not more often than a person can see.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { server } from "../transport/transport";
import type { WatchEvent, Workspace, WorkspaceList } from "../wire/rest";
import { keys } from "./queries";

const PATH = "/homeport/workspaces/watch";
/** How long a stream that broke off waits before it is tried again: at once, then longer, for servers without one. */
const WAITS = [1_000, 2_000, 5_000, 15_000, 60_000];
/** Lists are asked for again at most this often, whatever is told. */
const GATHER = 300;

/**
 * A list with one workspace as it is now; nothing when the list must be asked for instead: the workspace is new to it, it
 * is gone, or a search might not fit it any more.
 */
export function patched(list: WorkspaceList, query: string, one: Workspace): WorkspaceList | undefined {
  const isThere = list.workspaces.some((other) => other.id === one.id);
  if (!isThere || query !== "" || one.latest_build.status === "deleted") return undefined;
  return { ...list, workspaces: list.workspaces.map((other) => (other.id === one.id ? one : other)) };
}

/** Keeps every list that is shown. Tells whether the stream stands. */
export function useLiveList(): boolean {
  const queries = useQueryClient();
  const [isLive, setLive] = useState(false);
  useEffect(() => follow(queries, setLive), [queries]);
  return isLive;
}

/** Follows until the answer is called. */
export function follow(queries: QueryClient, tell: (isLive: boolean) => void): () => void {
  let tries = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  let asking: ReturnType<typeof setTimeout> | undefined;
  const ask = () => {
    asking ??= setTimeout(() => {
      asking = undefined;
      void queries.invalidateQueries({ queryKey: keys.workspaces });
    }, GATHER);
  };
  const hear = (one: Workspace | null) => {
    if (one === null) return ask();
    for (const [key, list] of queries.getQueriesData<WorkspaceList>({ queryKey: keys.workspaces })) {
      if (!list) continue;
      const now = patched(list, String(key[1] ?? ""), one);
      if (now) queries.setQueryData(key, now);
      else ask();
    }
  };
  const open = () =>
    server.open(PATH, {
      opened: () => {
        tries = 0;
        tell(true);
        // What happened before the stream stood was not told.
        ask();
      },
      text: (text) => {
        const event = JSON.parse(text) as WatchEvent;
        if (event.type === "data") hear(event.data as Workspace | null);
      },
      closed: () => {
        tell(false);
        again = setTimeout(() => (stream = open()), WAITS[Math.min(tries, WAITS.length - 1)]);
        tries += 1;
      },
    });
  let stream = open();
  return () => {
    clearTimeout(again);
    clearTimeout(asking);
    stream.close();
  };
}
