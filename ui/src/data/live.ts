// The list of workspaces kept as the server has it: one stream tells of each change. What cannot be told from one workspace
// (whether a search still fits, a new row) is asked for again, and not more often than a person can see.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { server } from "../transport/transport";
import type { WatchEvent, Workspace, WorkspaceList } from "../wire/rest";
import { keys, told } from "./queries";

const PATH = "/homeport/workspaces/watch";
/** How long a stream that broke off waits before it is tried again: at once, then longer, for servers without one. */
const WAITS = [1_000, 2_000, 5_000, 15_000, 60_000];
/** Lists are asked for again at most this often, whatever is told. */
const GATHER = 300;
/** And drawn again at most this often: a thousand workspaces may change a hundred times a second. */
const DRAW = 250;

/**
 * A list with these workspaces as they are now, and whether that is all of it: one that is new to the list, is gone, or might
 * not fit a search any more, only the server can place.
 */
export function patched(list: WorkspaceList, query: string, changed: ReadonlyMap<string, Workspace>): { list: WorkspaceList; isWhole: boolean } {
  const known = new Set(list.workspaces.map(({ id }) => id));
  const isWhole = query === "" && [...changed.values()].every(({ id, latest_build }) => known.has(id) && latest_build.status !== "deleted");
  return { list: { ...list, workspaces: list.workspaces.map((one) => changed.get(one.id) ?? one) }, isWhole };
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
  const changed = new Map<string, Workspace>();
  let drawing: ReturnType<typeof setTimeout> | undefined;
  let drawn = 0;
  const draw = () => {
    drawing = undefined;
    drawn = Date.now();
    for (const [key, list] of queries.getQueriesData<WorkspaceList>({ queryKey: keys.workspaces })) {
      if (!list) continue;
      const now = patched(list, String(key[1] ?? ""), changed);
      told(queries, key, now.list);
      if (!now.isWhole) ask();
    }
    changed.clear();
  };
  const hear = (one: Workspace | null) => {
    if (one === null) return ask();
    changed.set(one.id, one);
    drawing ??= setTimeout(draw, Math.max(0, drawn + DRAW - Date.now()));
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
    clearTimeout(drawing);
    stream.close();
  };
}
