// One workspace: how it stands, what it is made of, its builds, its clock.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { workspace, useWatch } from "../data/workspaces";
import { Head, Panel, Waiting } from "../look/panel";
import { Mark } from "../look/mark";
import { Tabs } from "../look/tabs";
import { Trouble } from "../look/trouble";
import { failedBuild } from "../transport/failure";
import { workspaceWord } from "../rules/status";
import type { Workspace } from "../wire/rest";
import { Actions } from "./workspace_actions";
import { BuildLog } from "./build_log";
import { History } from "./build_history";
import { Overview } from "./overview";
import { Clock } from "./clock";

export function WorkspacePage() {
  const { owner = "", name = "" } = useParams({ strict: false });
  const found = useQuery(workspace(owner, name));
  const isLive = useWatch(found.data);
  if (found.isPending) return <Panel><Waiting what={name} /></Panel>;
  if (!found.data) {
    return (
      <>
        <Head name={name} title={name} />
        <Trouble failure={found.error} title={`${owner}/${name} could not be read`} retry={() => void found.refetch()} />
        <p className="mt-4"><Link to="/workspaces" className="text-accent underline">To the workspaces</Link></p>
      </>
    );
  }
  return <Shown one={found.data} isLive={isLive} problem={found.error} />;
}

function Shown({ one, isLive, problem }: { one: Workspace; isLive: boolean; problem: unknown }) {
  const search: Record<string, unknown> = useSearch({ strict: false });
  const navigate = useNavigate();
  const build = one.latest_build;
  const isQuiet = build.status === "running" || build.status === "stopped";
  const fallback = isQuiet ? "overview" : "builds";
  const chosen = typeof search.part === "string" ? search.part : fallback;
  const choose = (part: string) => void navigate({ to: ".", search: { part }, replace: true });
  return (
    <>
      <Head
        name={one.name}
        title={<><span className="min-w-0 break-all">{one.name}</span><span aria-live="polite"><Mark word={workspaceWord(one)} /></span></>}
        under={<>{one.owner_name} · <Link to="/templates/$template" params={{ template: one.template_name }} className="underline-offset-2 hover:underline">{one.template_display_name || one.template_name}</Link>{one.outdated && " · a newer version of the template is there"}{!isLive && " · not live, asking now and then"}</>}
        side={<Actions one={one} />}
      />
      <div className="grid gap-4">
        {problem !== null && <Trouble failure={problem} />}
        {build.status === "failed" && <Trouble failure={failedBuild(build.job.error)} title={`Build ${build.build_number} failed`} />}
        <Tabs
          name={`Parts of ${one.name}`}
          chosen={["overview", "builds", "clock"].includes(chosen) ? chosen : fallback}
          choose={choose}
          parts={[
            { key: "overview", name: "Overview", show: <Overview one={one} /> },
            { key: "builds", name: "Builds", show: <><BuildLog build={build} /><History one={one} /></> },
            { key: "clock", name: "Schedule and settings", show: <Clock key={one.id} one={one} /> },
          ]}
        />
      </div>
    </>
  );
}
