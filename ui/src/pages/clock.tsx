// When a workspace stops and starts by itself, its name, and whether it follows its template.
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { changed, extend, rename, setAutostart, setTtl, setUpdates } from "../data/workspaces";
import { announce } from "../look/announce";
import { Button } from "../look/button";
import { Field } from "../look/field";
import { Panel } from "../look/panel";
import { Trouble } from "../look/trouble";
import { full, left } from "../rules/moment";
import { nameFault } from "../rules/name";
import { DAYS, later, readSchedule, scheduleWords, writeSchedule } from "../rules/schedule";
import type { Workspace } from "../wire/rest";

/** Sends one change; keeps what went wrong. */
function useChange(said: string) {
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const send = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
      announce(said);
      await changed(queries);
      return true;
    } catch (thrown) {
      setFailure(thrown);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, failure, send };
}

export function Clock({ one }: { one: Workspace }) {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Autostop one={one} />
      <Autostart one={one} />
      <Updates one={one} />
      <Rename one={one} />
    </div>
  );
}

function Autostop({ one }: { one: Workspace }) {
  const { isBusy, failure, send } = useChange("The time to stop was changed.");
  const [hours, setHours] = useState(one.ttl_ms ? String(one.ttl_ms / 3_600_000) : "");
  const { deadline, status } = one.latest_build;
  const number = Number(hours);
  const fault = hours !== "" && !(number >= 1 / 60 && number <= 720) ? "Between one minute and 720 hours." : undefined;
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (!fault) void send(() => setTtl(one, Math.round(number * 3_600_000)));
  };
  return (
    <Panel title="Autostop">
      <form onSubmit={save} className="grid gap-4">
        {status === "running" && (deadline
          ? <p>Stops in {left(Date.parse(deadline) - Date.now())}, {full(deadline)}. <Button size="small" isBusy={isBusy} onClick={() => void send(() => extend(one, later(deadline, 1, Date.now())))}>Extend by 1 hour</Button></p>
          : <p className="text-quiet">It does not stop by itself until it is started again with a time.</p>)}
        <Field label="Stop after hours" inputMode="decimal" value={hours} onChange={(event) => setHours(event.target.value)} fault={fault} hint="Counts from the next start. Empty means never." />
        {failure !== undefined && <Trouble failure={failure} />}
        <div><Button type="submit" isBusy={isBusy}>Save</Button></div>
      </form>
    </Panel>
  );
}

function Autostart({ one }: { one: Workspace }) {
  const { isBusy, failure, send } = useChange("The schedule was changed.");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const now = readSchedule(one.autostart_schedule) ?? { zone, hour: 8, minute: 0, days: [1, 2, 3, 4, 5] };
  const [time, setTime] = useState(`${String(now.hour).padStart(2, "0")}:${String(now.minute).padStart(2, "0")}`);
  const [days, setDays] = useState(now.days);
  const save = (event: FormEvent) => {
    event.preventDefault();
    const [hour = 0, minute = 0] = time.split(":").map(Number);
    if (days.length > 0) void send(() => setAutostart(one, writeSchedule({ zone: now.zone, hour, minute, days })));
  };
  const toggle = (day: number) => setDays(days.includes(day) ? days.filter((one) => one !== day) : [...days, day]);
  return (
    <Panel title="Autostart" side={<span className="text-quiet">{scheduleWords(one.autostart_schedule)}</span>}>
      <form onSubmit={save} className="grid gap-4">
        <Field label={`Time (${now.zone})`} type="time" required value={time} onChange={(event) => setTime(event.target.value)} />
        <fieldset>
          <legend className="mb-1 font-medium">Days</legend>
          <div className="flex flex-wrap gap-1">
            {DAYS.map((name, day) => (
              <button key={name} type="button" aria-pressed={days.includes(day)} onClick={() => toggle(day)} className={`h-8 rounded-md border px-2.5 ${days.includes(day) ? "border-accent bg-accent-soft font-medium" : "border-line text-quiet"}`}>{name}</button>
            ))}
          </div>
          {days.length === 0 && <p className="mt-1 text-bad">Choose a day.</p>}
        </fieldset>
        {failure !== undefined && <Trouble failure={failure} />}
        <div className="flex gap-2">
          <Button type="submit" isBusy={isBusy}>Save</Button>
          {one.autostart_schedule && <Button weight="quiet" isBusy={isBusy} onClick={() => void send(() => setAutostart(one, ""))}>Switch off</Button>}
        </div>
      </form>
    </Panel>
  );
}

function Updates({ one }: { one: Workspace }) {
  const { isBusy, failure, send } = useChange("Saved.");
  const isOn = one.automatic_updates === "always";
  return (
    <Panel title="Updates">
      <label className="flex items-start gap-3">
        <input type="checkbox" className="mt-0.5 size-4" checked={isOn} disabled={isBusy} onChange={() => void send(() => setUpdates(one, isOn ? "never" : "always"))} />
        <span>Follow the template <span className="block text-quiet">Each start takes the template's newest version.</span></span>
      </label>
      {failure !== undefined && <div className="mt-3"><Trouble failure={failure} /></div>}
    </Panel>
  );
}

function Rename({ one }: { one: Workspace }) {
  const { isBusy, failure, send } = useChange("The workspace was renamed.");
  const navigate = useNavigate();
  const [name, setName] = useState(one.name);
  const fault = name === one.name ? undefined : nameFault(name);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (fault || name === one.name) return;
    if (await send(() => rename(one, name))) await navigate({ to: "/@{$owner}/$name", params: { owner: one.owner_name, name } });
  };
  return (
    <Panel title="Name">
      <form onSubmit={(event) => void save(event)} className="grid gap-4">
        <Field label="Name of the workspace" value={name} disabled={!one.allow_renames} onChange={(event) => setName(event.target.value)} fault={fault} hint={one.allow_renames ? "Host names and ssh settings change with it." : "This deployment does not allow renaming."} />
        {failure !== undefined && <Trouble failure={failure} />}
        <div><Button type="submit" isBusy={isBusy} disabled={!one.allow_renames || name === one.name}>Rename</Button></div>
      </form>
    </Panel>
  );
}
