// Builds: their list, their log as it grows, how long their steps took, and cancelling one.
import { queryOptions } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { server } from "../transport/transport";
import type { Build, JobLog, Timings } from "../wire/rest";
import { keys } from "./queries";

export const builds = (workspace: string) =>
  queryOptions({
    queryKey: keys.builds(workspace),
    queryFn: ({ signal }) => server.call<Build[]>("GET", `/workspaces/${workspace}/builds?limit=50`, undefined, signal),
  });

export const timings = (build: string, isOver: boolean) =>
  queryOptions({
    queryKey: [...keys.timings(build), isOver],
    queryFn: ({ signal }) => server.call<Timings>("GET", `/workspacebuilds/${build}/timings`, undefined, signal),
    refetchInterval: isOver ? false : 3_000,
  });

/** The log of a build so far, in order, and whether more may come. */
export function useLog(build: string): { lines: JobLog[]; isOpen: boolean; isBroken: boolean } {
  const [state, setState] = useState<{ build: string; lines: JobLog[]; isOpen: boolean; isBroken: boolean }>({ build, lines: [], isOpen: true, isBroken: false });
  useEffect(() => {
    setState({ build, lines: [], isOpen: true, isBroken: false });
    let waiting: JobLog[] = [];
    let frame = 0;
    const flush = () => {
      frame = 0;
      const more = waiting;
      waiting = [];
      setState((before) => ({ ...before, lines: [...before.lines, ...more] }));
    };
    const stream = server.open(`/workspacebuilds/${build}/logs?follow&after=0`, {
      text: (text) => {
        waiting.push(JSON.parse(text) as JobLog);
        // A chatty build sends thousands of lines: one drawing for all of a moment.
        frame ||= requestAnimationFrame(flush);
      },
      closed: (isClean) => setState((before) => ({ ...before, isOpen: false, isBroken: !isClean })),
    });
    return () => {
      cancelAnimationFrame(frame);
      stream.close();
    };
  }, [build]);
  return state.build === build ? state : { lines: [], isOpen: true, isBroken: false };
}

export const cancel = (build: string) => server.call("PATCH", `/workspacebuilds/${build}/cancel`);
