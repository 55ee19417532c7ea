// The builds of a workspace, newest first.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { builds } from "../data/builds";
import { Mark } from "../look/mark";
import { Empty, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { full, took } from "../rules/moment";
import { pathOf } from "../rules/name";
import { statusWord } from "../rules/status";
import type { Build, Workspace } from "../wire/rest";

export function History({ one }: { one: Workspace }) {
  const found = useQuery(builds(one.id));
  if (found.error) return <Trouble failure={found.error} retry={() => void found.refetch()} />;
  const all = found.data ?? [];
  return (
    <Panel flush title="Earlier builds">
      {found.isPending ? <Waiting what="builds" /> : all.length === 0 ? <Empty title="No build yet" /> : (
        <ul className="divide-y divide-line">
          {all.map((build) => (
            <li key={build.id} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2">
              <Link to="/@{$owner}/$name/builds/$number" params={{ ...pathOf(one), number: String(build.build_number) }} className="w-32 font-medium underline-offset-2 hover:underline">
                #{build.build_number} {build.transition}
              </Link>
              <Mark word={outcome(build)} />
              <span className="text-quiet">{full(build.created_at)}, by {build.initiator_name || "the server"} ({build.reason})</span>
              <span className="ml-auto text-quiet tabular-nums">{took(build.job.started_at, build.job.completed_at)}</span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

/** How a build ended: that it was a start says nothing about today. */
export function outcome(build: Build) {
  if (build.job.status === "succeeded") return { text: "Succeeded", tone: "good" as const };
  return statusWord(build.status);
}
