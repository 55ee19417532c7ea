// The control that asks for one parameter of a template, in the form that its author chose. Groups: `parameter_group.tsx`.
import * as Switch from "@radix-ui/react-switch";
import { useId, type ReactNode } from "react";
import { BOX, described, Frame } from "../look/field";
import { control, limits, notes } from "../rules/parameter";
import type { RichParameter } from "../wire/rest";
import { Choices, Radios, Tags } from "./parameter_group";

interface Props {
  one: RichParameter;
  value: string;
  fault?: string;
  isFromLink: boolean;
  change: (value: string) => void;
}

export function ParameterField({ one, value, fault, isFromLink, change }: Props) {
  const id = useId();
  const label = one.display_name || one.name;
  const hint = notes(one, isFromLink, fault);
  const tied = described(id, hint, fault);
  const group = { one, label, value, hint, fault, change };
  switch (control(one)) {
    case "radio": return <Radios {...group} />;
    case "choices": return <Choices {...group} />;
    case "tags": return <Tags {...group} />;
    case "checkbox":
      return (
        <Toggle id={id} label={label} hint={hint} fault={fault}>
          <input type="checkbox" {...tied} className="size-4 shrink-0" checked={value === "true"} onChange={(event) => change(String(event.target.checked))} />
        </Toggle>
      );
    case "switch":
      return (
        <Toggle id={id} label={label} hint={hint} fault={fault}>
          <Switch.Root {...tied} checked={value === "true"} onCheckedChange={(is) => change(String(is))} className="h-5 w-9 shrink-0 rounded-full border border-edge bg-sunken data-[state=checked]:border-accent-strong data-[state=checked]:bg-accent-strong">
            <Switch.Thumb className="block size-4 rounded-full bg-edge transition-transform data-[state=checked]:translate-x-4 data-[state=checked]:bg-on-accent" />
          </Switch.Root>
        </Toggle>
      );
    case "slider": {
      const { min, max } = limits(one)!;
      return (
        <Frame id={id} label={label} hint={hint} fault={fault}>
          <div className="flex items-center gap-3">
            <input type="range" {...tied} min={min} max={max} step={1} className="min-w-0 grow" value={value === "" ? min : value} onChange={(event) => change(event.target.value)} />
            <output htmlFor={id} className="w-14 shrink-0 rounded-md border border-line bg-sunken px-2 py-1 text-right tabular-nums">{value === "" ? "not set" : value}</output>
          </div>
        </Frame>
      );
    }
    case "choice":
      return (
        <Frame id={id} label={label} hint={hint} fault={fault}>
          <select {...tied} className={BOX} value={value} onChange={(event) => change(event.target.value)}>
            {!one.options.some((option) => option.value === value) && <option value={value}>{value || "Choose…"}</option>}
            {one.options.map((option) => <option key={option.value} value={option.value}>{option.name}{option.description && ` – ${option.description}`}</option>)}
          </select>
        </Frame>
      );
    case "area":
      return (
        <Frame id={id} label={label} hint={hint} fault={fault}>
          <textarea {...tied} rows={4} className={`${BOX} h-auto py-1.5`} value={value} onChange={(event) => change(event.target.value)} />
        </Frame>
      );
    case "number": case "text":
      return (
        <Frame id={id} label={label} hint={hint} fault={fault}>
          <input {...tied} className={BOX} inputMode={one.type === "number" ? "decimal" : undefined} autoComplete="off" value={value} onChange={(event) => change(event.target.value)} />
        </Frame>
      );
  }
}

/** A yes or no with its words beside it. */
function Toggle({ id, label, hint, fault, children }: { id: string; label: string; hint: string; fault?: string; children: ReactNode }) {
  return (
    <div className="grid gap-1">
      <div className="flex items-center gap-3">{children}<label htmlFor={id} className="font-medium">{label}</label></div>
      {hint && <p id={`${id}-hint`} className="text-[0.8125rem] text-quiet">{hint}</p>}
      {fault && <p id={`${id}-fault`} className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
    </div>
  );
}
