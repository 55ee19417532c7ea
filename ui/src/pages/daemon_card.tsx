// A workspace daemon, or a sub-daemon of a dev container: its state, names to reach it by, apps, ports, reported facts.
import { useQuery } from "@tanstack/react-query";
import { AppWindow, ExternalLink, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { ports, useDaemonLog, useFacts } from "../data/daemons";
import { ButtonLink, look } from "../look/button";
import { Copyable } from "../look/copy";
import { Mark } from "../look/mark";
import { Facts } from "../look/panel";
import { Trouble } from "../look/trouble";
import { since } from "../rules/moment";
import { hostname, pathOf, plain, safeAddress } from "../rules/name";
import { daemonWord } from "../rules/status";
import type { Agent, App, SshConfig, Workspace } from "../wire/rest";
import { LogLines } from "./log_lines";

export function DaemonCard({ daemon, one, ssh, isSub, isFirst }: { daemon: Agent; one: Workspace; ssh?: SshConfig; isSub?: boolean; isFirst?: boolean }) {
  const isConnected = daemon.status === "connected";
  const host = hostname(one, daemon, ssh);
  const facts = useFacts(daemon.id);
  const latency = Object.entries(daemon.latency ?? {}).find(([, one]) => one.preferred);
  const apps = daemon.apps.filter((app) => !app.hidden);
  return (
    <article aria-label={`${isSub ? "Sub-daemon" : "Workspace daemon"} ${daemon.name}`} className="grid gap-4 p-4 not-first:border-t not-first:border-line">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h3 className="flex flex-wrap items-center gap-2">
          {daemon.name} <span className="font-normal text-quiet">{isSub ? "sub-daemon" : "workspace daemon"}</span>
          <Mark word={daemonWord(daemon.status, daemon.lifecycle_state)} />
        </h3>
        {isConnected && <ButtonLink to="/@{$owner}/$name/terminal" params={pathOf(one)} search={{ daemon: daemon.name }} size="small" icon={SquareTerminal}>Terminal</ButtonLink>}
      </div>
      {daemon.health.reason && <p className="text-warn">{daemon.health.reason}</p>}
      <div className="grid gap-x-10 gap-y-4 xl:grid-cols-2">
        <div className="grid content-start gap-2">
          <h4 className="font-medium">Reach it</h4>
          <div className="flex flex-wrap gap-2"><Copyable name="the host name" text={host} /><Copyable name="the ssh command" text={`ssh ${host}`} /></div>
          {isFirst && <p className="text-[0.8125rem] text-quiet">Names work while the tunnel is on (<code>homeport connect start</code>), or after <code>homeport config-ssh</code>.</p>}
        </div>
        <Facts
          rows={[
            ["System", `${daemon.operating_system || "unknown"} ${daemon.architecture}`],
            ["Version", daemon.version || "unknown"],
            ["Folder", daemon.expanded_directory || daemon.directory || "the home folder"],
            ["Last seen", isConnected ? "now" : since(daemon.last_connected_at, Date.now())],
            ...(latency ? [["Relay", `${latency[0]}, ${latency[1].latency_ms.toFixed(0)} ms`] as [string, string]] : []),
            ...facts.map((fact) => [fact.name, fact.error ? <span key={fact.key} className="text-warn">{fact.error}</span> : fact.value || "not yet"] as [string, React.ReactNode]),
          ]}
        />
      </div>
      {apps.length > 0 && <Apps apps={apps} />}
      {isConnected && <Ports daemon={daemon} host={host} />}
      <Scripts daemon={daemon} />
    </article>
  );
}

const HEALTH: Record<string, string> = { disabled: "", initializing: "starting", healthy: "well", unhealthy: "does not answer", unknown: "" };

function Apps({ apps }: { apps: App[] }) {
  return (
    <div className="grid gap-2">
      <h4 className="font-medium">Apps</h4>
      <ul className="flex flex-wrap gap-2">
        {apps.map((app) => {
          const name = plain(app.display_name || app.slug);
          const state = HEALTH[app.health];
          const url = safeAddress(app.url);
          const words = <><span className="truncate">{name}</span>{state && <span className={`shrink-0 ${app.health === "unhealthy" ? "text-warn" : "text-quiet"}`}>({state})</span>}</>;
          return (
            <li key={app.id} className="max-w-full min-w-0">
              {app.external && url
                ? <a href={url} target="_blank" rel="noreferrer noopener" className={`${look("plain")} max-w-full`}><ExternalLink aria-hidden className="size-4 shrink-0" />{words}</a>
                : <span className="inline-flex h-8 max-w-full items-center gap-1.5 rounded-md border border-line bg-sunken px-3"><AppWindow aria-hidden className="size-4 shrink-0 text-quiet" />{words}<code className="hidden min-w-0 truncate text-quiet sm:inline">{app.url || app.command}</code></span>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Ports({ daemon, host }: { daemon: Agent; host: string }) {
  const found = useQuery(ports(daemon.id));
  const list = found.data?.ports ?? [];
  return (
    <div className="grid gap-2">
      <h4 className="font-medium">Listening ports</h4>
      {found.error ? <Trouble failure={found.error} retry={() => void found.refetch()} />
        : found.isPending ? <p className="text-quiet">Asking the daemon…</p>
        : list.length === 0 ? <p className="text-quiet">No program was reported to listen. What listens is reachable all the same: <code>{host}:&lt;port&gt;</code>.</p>
        : <ul className="flex flex-wrap gap-2">{list.map((one) => <li key={`${one.network}${one.port}`} className="flex items-center gap-2"><Copyable name={`the address of port ${one.port}`} text={`${host}:${one.port}`} /><span className="text-quiet">{plain(one.process_name) || "unknown program"}</span></li>)}</ul>}
    </div>
  );
}

function Scripts({ daemon }: { daemon: Agent }) {
  const isBad = ["start_error", "start_timeout"].includes(daemon.lifecycle_state);
  const [isOpen, setOpen] = useState(isBad);
  if (daemon.logs_length === 0 && daemon.scripts.length === 0) return null;
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="font-medium">Log of the scripts</summary>
      {isOpen && <ScriptLog daemon={daemon.id} />}
    </details>
  );
}

function ScriptLog({ daemon }: { daemon: string }) {
  const { lines } = useDaemonLog(daemon);
  return <LogLines name="Log of the scripts" lines={lines.map((line) => ({ id: line.id, level: line.level, text: line.output }))} />;
}
