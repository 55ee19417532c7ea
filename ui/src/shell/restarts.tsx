// The restarts that are under way, above every page: what happens next, and what to do when it did not.
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import { useEffect, useRef } from "react";
import { restarts, useRestarts } from "../data/restart";
import { changed } from "../data/workspaces";
import { Button } from "../look/button";
import { Trouble } from "../look/trouble";
import { pathOf } from "../rules/name";

let isResumed = false;

export function Restarts() {
  const all = useRestarts();
  const queries = useQueryClient();
  useEffect(() => {
    // Once for the page, and only behind the sign-in.
    if (!isResumed) restarts.resume();
    isResumed = true;
  }, []);
  const before = useRef(all);
  useEffect(() => {
    if (before.current !== all) void changed(queries);
    before.current = all;
  }, [all, queries]);
  if (all.length === 0) return null;
  return (
    <div className="mb-4 grid gap-2">
      {all.map((one) => {
        const link = <Link to="/@{$owner}/$name" params={pathOf({ owner_name: one.owner, name: one.name })} className="font-medium underline underline-offset-2">{one.name}</Link>;
        if (one.failure === undefined) {
          return (
            <p key={one.workspace} role="status" className="flex items-start gap-2 rounded-lg border border-line bg-accent-soft p-3">
              <LoaderCircle aria-hidden className="working mt-0.5 size-4 shrink-0 text-accent" />
              <span>{one.version === undefined ? "Restarting" : "Updating"} {link}: it is being stopped, and is started when that is done. Keep this window open until then.</span>
            </p>
          );
        }
        return (
          <Trouble key={one.workspace} failure={one.failure} title={`${one.name} was stopped for a restart and not started again`}>
            <div className="flex flex-wrap gap-2"><Button weight="primary" onClick={() => restarts.startNow(one)}>Start {one.name}</Button><Button onClick={() => restarts.forget(one)}>Leave it</Button></div>
          </Trouble>
        );
      })}
    </div>
  );
}
