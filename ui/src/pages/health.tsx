// Whether the deployment is well, part by part, and how to find out more.
import { useQuery } from "@tanstack/react-query";
import { buildInfo, health, type HealthReport, type HealthSection } from "../data/deployment";
import { Copyable } from "../look/copy";
import { Mark } from "../look/mark";
import { Facts, Head, Panel, Waiting } from "../look/panel";
import { Trouble } from "../look/trouble";
import { full } from "../rules/moment";
import type { Word } from "../rules/status";

const PARTS: Array<[string, string]> = [
  ["access_url", "Access URL"],
  ["database", "Database"],
  ["derp", "Relay"],
  ["websocket", "Websockets"],
  ["workspace_proxy", "Workspace proxies"],
  ["provisioner_daemons", "Provisioners"],
];

export function Health() {
  const report = useQuery(health);
  const info = useQuery(buildInfo);
  return (
    <>
      <Head name="Health" title={<>Health {report.data && <Mark word={wordOf(report.data.healthy, report.data.severity)} />}</>} under={report.data && `Looked at ${full(report.data.time)}`} />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {report.error ? <Trouble failure={report.error} title="The health report could not be read" retry={() => void report.refetch()} />
          : <Panel flush title="Parts">{report.data ? <Parts report={report.data} /> : <Waiting what="the report" />}</Panel>}
        <div className="grid gap-4">
          <Panel title="This deployment">
            {info.error ? <Trouble failure={info.error} retry={() => void info.refetch()} /> : !info.data ? <Waiting what="the build" /> : (
              <Facts rows={[["Version", info.data.version], ["Address", info.data.external_url], ["Deployment", <code key="id">{info.data.deployment_id}</code>], ["Workspace daemon API", info.data.agent_api_version]]} />
            )}
          </Panel>
          <Panel title="Something does not work?">
            <div className="grid gap-3">
              <p>On the computer where it does not work, this looks at every step and says which one fails:</p>
              <Copyable isWide name="the command" text="homeport diagnose" />
              <p className="text-quiet">The server sees only itself. Whether names resolve and packets get through is seen from your computer.</p>
            </div>
          </Panel>
        </div>
      </div>
    </>
  );
}

function wordOf(healthy: boolean, severity: string): Word {
  if (!healthy || severity === "error") return { text: "Not well", tone: "bad" };
  return severity === "warning" ? { text: "Warnings", tone: "warn" } : { text: "Well", tone: "good" };
}

function Parts({ report }: { report: HealthReport }) {
  return (
    <ul className="divide-y divide-line">
      {PARTS.map(([key, name]) => {
        const part = report[key] as HealthSection | undefined;
        if (!part) return null;
        return (
          <li key={key} className="grid gap-1 px-4 py-2.5">
            <div className="flex items-center justify-between gap-3">
              <span>{name} <span className="text-quiet">{part.latency ?? part.access_url ?? ""}</span></span>
              <Mark word={wordOf(part.healthy, part.severity)} />
            </div>
            {part.error && <p className="text-bad">{part.error}</p>}
            {(part.warnings ?? []).map((warning, at) => <p key={at} className="text-warn">{warning.code} {warning.message}</p>)}
          </li>
        );
      })}
    </ul>
  );
}
