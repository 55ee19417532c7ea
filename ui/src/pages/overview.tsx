// What a workspace is made of: resources, the workspace daemons in them with their sub-daemons, facts of the template.
import { useQuery } from "@tanstack/react-query";
import { ssh } from "../data/deployment";
import { Empty, Facts, Panel } from "../look/panel";
import { daemons, plain } from "../rules/name";
import type { Agent, Resource, Workspace } from "../wire/rest";
import { DaemonCard } from "./daemon_card";

export function Overview({ one }: { one: Workspace }) {
  const names = useQuery(ssh);
  const resources = one.latest_build.resources.filter((resource) => !resource.hide);
  if (resources.length === 0) {
    return <Panel><Empty title="Nothing runs">{one.latest_build.status === "stopped" ? "Start the workspace: its resources and its workspace daemon appear here." : "Resources appear here when the build made them."}</Empty></Panel>;
  }
  return <>{resources.map((resource) => <ResourcePanel key={resource.id} resource={resource} one={one} suffix={names.data} />)}</>;
}

function ResourcePanel({ resource, one, suffix }: { resource: Resource; one: Workspace; suffix: Parameters<typeof DaemonCard>[0]["ssh"] }) {
  const all = resource.agents ?? [];
  const roots = all.filter((daemon) => !daemon.parent_id);
  const below = (parent: Agent) => all.filter((daemon) => daemon.parent_id === parent.id);
  const facts = resource.metadata ?? [];
  return (
    <Panel flush title={<>{resource.name} <span className="font-normal text-quiet">{resource.type}</span></>}>
      {facts.length > 0 && <div className="border-b border-line p-4"><Facts rows={facts.map((fact) => [fact.key, fact.sensitive ? "hidden" : plain(fact.value)])} /></div>}
      {roots.length === 0 && facts.length === 0 && <p className="px-4 py-3 text-quiet">{one.latest_build.transition === "start" ? "No workspace daemon runs in it." : "Its workspace daemon is there while the workspace runs."}</p>}
      {roots.map((daemon) => (
        <div key={daemon.id}>
          <DaemonCard daemon={daemon} one={one} ssh={suffix} isFirst={daemon.id === daemons(one)[0]?.id} />
          {below(daemon).map((child) => (
            <div key={child.id} className="ml-4 border-l-2 border-line sm:ml-8"><DaemonCard daemon={child} one={one} ssh={suffix} isSub /></div>
          ))}
        </div>
      ))}
    </Panel>
  );
}
