// One workspace in the list: who, what, how it stands, when it stops, and its next action.
import { Link } from "@tanstack/react-router";
import { Play, RefreshCw, Square, SquareTerminal, Star } from "lucide-react";
import { memo } from "react";
import { useQueryClient } from "@tanstack/react-query";
import { changed, order } from "../data/workspaces";
import { announce } from "../look/announce";
import { ButtonLink, IconButton } from "../look/button";
import type { Question } from "../look/dialog";
import { Mark } from "../look/mark";
import { left, since } from "../rules/moment";
import { pathOf } from "../rules/name";
import { actions, workspaceWord } from "../rules/status";
import { asFailure } from "../transport/failure";
import type { Workspace } from "../wire/rest";

interface Props {
  one: Workspace;
  isPicked: boolean;
  pick: (one: Workspace, is: boolean) => void;
  ask: (question: Question) => void;
  star: (one: Workspace) => void;
  /** Milliseconds since 1970. */
  now: number;
}

/** Drawn again only when its own workspace changed: a list may have a thousand. */
export const Row = memo(function Row({ one, isPicked, pick, ask, star, now }: Props) {
  const able = actions(one);
  const queries = useQueryClient();
  const start = async () => {
    try {
      await order(one, "start");
      announce(`Starting ${one.name}.`);
      await changed(queries);
    } catch (thrown) {
      announce(asFailure(thrown).message);
    }
  };
  const stop = () =>
    ask({
      title: `Stop ${one.name}?`,
      text: "Programs that run there end.",
      verb: "Stop",
      run: async () => {
        await order(one, "stop");
        announce(`Stopping ${one.name}.`);
        await changed(queries);
      },
    });
  const { error } = one.latest_build.job;
  return (
    <li className={`grid grid-cols-[auto_auto_minmax(0,1fr)_auto] items-center gap-x-2 gap-y-1 px-2 py-2 sm:px-3 lg:grid-cols-[auto_auto_minmax(0,2fr)_minmax(0,1.4fr)_11rem_minmax(0,1fr)_4.5rem] ${isPicked ? "bg-accent-soft" : "hover:bg-sunken/60"}`}>
      <input type="checkbox" className="size-4" checked={isPicked} onChange={(event) => pick(one, event.target.checked)} aria-label={`Pick ${one.name}`} />
      <IconButton name={one.favorite ? `Take ${one.name} from the favourites` : `Make ${one.name} a favourite`} aria-pressed={one.favorite} icon={Star} iconClass={one.favorite ? "fill-warn text-warn" : "text-quiet"} onClick={() => star(one)} />
      <div className="min-w-0">
        <Link to="/@{$owner}/$name" params={pathOf(one)} className="block truncate font-medium text-ink underline-offset-2 hover:underline">{one.name}</Link>
        <span className="block truncate text-[0.8125rem] text-quiet">{one.owner_name}</span>
        {error && <span title={error} className="line-clamp-2 text-[0.8125rem] break-words text-bad">{error}</span>}
      </div>
      <span className="hidden min-w-0 items-center gap-2 text-quiet lg:flex"><span className="truncate">{one.template_display_name || one.template_name}</span>{one.outdated && <span className="inline-flex shrink-0 items-center gap-1 text-warn"><RefreshCw aria-hidden className="size-3" />update</span>}</span>
      <span className="col-span-2 col-start-3 row-start-2 lg:col-span-1 lg:col-start-auto lg:row-start-auto"><Mark word={workspaceWord(one)} /></span>
      <span className="hidden text-[0.8125rem] text-quiet lg:block">{when(one, now)}</span>
      <div className="col-start-4 row-start-1 flex justify-end gap-0.5 lg:col-start-auto lg:row-start-auto">
        {one.latest_build.status === "running" && <ButtonLink to="/@{$owner}/$name/terminal" params={pathOf(one)} weight="quiet" size="icon" aria-label={`Terminal of ${one.name}`} title="Terminal"><SquareTerminal aria-hidden className="size-4" /></ButtonLink>}
        {able.includes("stop") && <IconButton name={`Stop ${one.name}`} icon={Square} onClick={stop} />}
        {able.includes("start") && <IconButton name={`Start ${one.name}`} icon={Play} onClick={() => void start()} />}
      </div>
    </li>
  );
});

function when(one: Workspace, now: number): string {
  const { deadline, status } = one.latest_build;
  if (status === "running" && deadline) return `Stops in ${left(Date.parse(deadline) - now)}`;
  return `Used ${since(one.last_used_at, now)}`;
}
