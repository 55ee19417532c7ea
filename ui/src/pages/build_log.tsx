// The log of a build as it grows, its progress in words, and how long its steps took.
import { useQuery } from "@tanstack/react-query";
import { timings, useLog } from "../data/builds";
import { Mark } from "../look/mark";
import { Panel } from "../look/panel";
import { took } from "../rules/moment";
import type { Build } from "../wire/rest";
import { outcome } from "./build_history";
import { LogLines } from "./log_lines";

export function BuildLog({ build }: { build: Build }) {
  const { lines, isOpen, isBroken } = useLog(build.id);
  const { job } = build;
  const isOver = job.completed_at !== null || job.canceled_at !== null;
  const stage = lines.at(-1)?.stage;
  const progress = isOver ? `Took ${took(job.started_at ?? job.created_at, job.completed_at) || "a moment"}` : (stage ?? (job.queue_position > 0 ? `Place ${job.queue_position} in the queue` : "Waiting"));
  return (
    <Panel
      flush
      title={<>Build {build.build_number} <span className="font-normal text-quiet">{build.transition}</span></>}
      side={<span className="flex items-center gap-3"><span role="status" className="text-quiet">{progress}</span><Mark word={outcome(build)} /></span>}
    >
      {!isOver && <div aria-hidden className="h-0.5 overflow-hidden bg-sunken"><div className="pulse h-full w-full bg-accent" /></div>}
      <LogLines name={`Log of build ${build.build_number}`} lines={lines.map((line) => ({ id: line.id, level: line.log_level, text: line.output, stage: line.stage }))} />
      {isBroken && isOpen === false && !isOver && <p className="border-t border-line p-4 text-warn">The stream of lines broke off. Load the page again to follow on.</p>}
      {job.logs_overflowed && <p className="border-t border-line p-4 text-warn">The log was longer than the server keeps.</p>}
      <Timing build={build} isOver={isOver} />
    </Panel>
  );
}

interface Step {
  name: string;
  from: string;
  to: string;
  isBad?: boolean;
}

function Timing({ build, isOver }: { build: Build; isOver: boolean }) {
  const found = useQuery(timings(build.id, isOver));
  const all = found.data;
  const steps: Step[] = [
    ...(all?.provisioner_timings ?? []).map((one) => ({ name: [one.stage, one.resource].filter(Boolean).join(" "), from: one.started_at, to: one.ended_at })),
    ...(all?.agent_connection_timings ?? []).map((one) => ({ name: `${one.workspace_agent_name} connects`, from: one.started_at, to: one.ended_at })),
    ...(all?.agent_script_timings ?? []).map((one) => ({ name: `script ${one.display_name}`, from: one.started_at, to: one.ended_at, isBad: one.status !== "ok" })),
  ].filter((step) => took(step.from, step.to) !== "");
  if (steps.length === 0) return null;
  const begin = Math.min(...steps.map((step) => Date.parse(step.from)));
  const length = Math.max(1, Math.max(...steps.map((step) => Date.parse(step.to))) - begin);
  return (
    <div className="border-t border-line p-4">
      <h3 className="mb-2 font-medium">Where the time went</h3>
      <ul className="grid gap-1">
        {steps.map((step, at) => {
          const x = ((Date.parse(step.from) - begin) / length) * 100;
          const width = Math.max(0.6, ((Date.parse(step.to) - Date.parse(step.from)) / length) * 100);
          return (
            <li key={at} className="grid grid-cols-[35%_minmax(0,1fr)_7rem] lg:grid-cols-[16rem_minmax(0,1fr)_8rem] items-center gap-3">
              <span className="truncate" title={step.name}>{step.name}</span>
              <svg aria-hidden viewBox="0 0 100 6" preserveAspectRatio="none" className="h-2 w-full"><rect width="100" height="6" className="fill-sunken" /><rect x={Math.min(x, 99.4)} width={width} height="6" className={step.isBad ? "fill-bad" : "fill-accent"} /></svg>
              <span className="text-right text-quiet tabular-nums">{took(step.from, step.to)}{step.isBad && " failed"}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
