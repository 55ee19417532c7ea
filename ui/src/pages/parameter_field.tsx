// The control that asks for one parameter of a template.
import { useId } from "react";
import { BOX, described, Frame } from "../look/field";
import { control, items } from "../rules/parameter";
import type { RichParameter } from "../wire/rest";

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
  const notes = [one.description_plaintext || one.description, one.required && "A value is needed.", isFromLink && "Filled in by the link.", !one.mutable && "It cannot be changed later."];
  const hint = notes.filter(Boolean).join(" ");
  const tied = described(id, hint, fault);
  const kind = control(one);
  if (kind === "choices") return <Choices one={one} value={value} hint={hint} fault={fault} change={change} />;
  if (kind === "switch") {
    return (
      <div className="grid gap-1">
        <label className="flex items-center gap-3 font-medium">
          <input type="checkbox" {...tied} className="size-4" checked={value === "true"} onChange={(event) => change(String(event.target.checked))} />
          {label}
        </label>
        {hint && <p id={`${id}-hint`} className="text-[0.8125rem] text-quiet">{hint}</p>}
        {fault && <p id={`${id}-fault`} className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
      </div>
    );
  }
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      {kind === "choice" ? (
        <select {...tied} className={BOX} value={value} onChange={(event) => change(event.target.value)}>
          {!one.options.some((option) => option.value === value) && <option value={value}>{value || "Choose…"}</option>}
          {one.options.map((option) => <option key={option.value} value={option.value}>{option.name}{option.description && ` – ${option.description}`}</option>)}
        </select>
      ) : kind === "area" ? (
        <textarea {...tied} rows={4} className={`${BOX} h-auto py-1.5`} value={value} onChange={(event) => change(event.target.value)} />
      ) : kind === "list" ? (
        <textarea {...tied} rows={3} className={`${BOX} h-auto py-1.5`} placeholder="One per line" value={(items(value) ?? [value]).join("\n")} onChange={(event) => change(event.target.value === "" ? "" : JSON.stringify(event.target.value.split("\n")))} />
      ) : (
        <input {...tied} className={BOX} inputMode={kind === "number" ? "numeric" : undefined} value={value} onChange={(event) => change(event.target.value)} />
      )}
    </Frame>
  );
}

function Choices({ one, value, hint, fault, change }: Omit<Props, "isFromLink"> & { hint: string }) {
  const chosen = items(value) ?? [];
  const toggle = (item: string) => change(JSON.stringify(chosen.includes(item) ? chosen.filter((other) => other !== item) : [...chosen, item]));
  return (
    <fieldset className="grid gap-1">
      <legend className="font-medium">{one.display_name || one.name}</legend>
      {hint && <p className="text-[0.8125rem] text-quiet">{hint}</p>}
      {one.options.map((option) => (
        <label key={option.value} className="flex items-center gap-3">
          <input type="checkbox" className="size-4" checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} />
          {option.name}
        </label>
      ))}
      {fault && <p className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
    </fieldset>
  );
}
