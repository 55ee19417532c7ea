// Controls of a parameter that are more than one field: one of several, some of several, and texts of one's own.
import { X } from "lucide-react";
import { useId, useState, type KeyboardEvent, type ReactNode } from "react";
import { Button } from "../look/button";
import { BOX, described } from "../look/field";
import { items } from "../rules/parameter";
import type { ParameterOption, RichParameter } from "../wire/rest";

interface Props {
  one: RichParameter;
  label: string;
  value: string;
  hint: string;
  fault?: string;
  change: (value: string) => void;
}

function Group({ id, label, hint, fault, role, children }: { id: string; label: string; hint: string; fault?: string; role?: string; children: ReactNode }) {
  return (
    <fieldset role={role} className="grid gap-1" {...described(id, hint, fault)}>
      <legend className="mb-1 font-medium">{label}</legend>
      {hint && <p id={`${id}-hint`} className="text-[0.8125rem] text-quiet">{hint}</p>}
      {children}
      {fault && <p id={`${id}-fault`} className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
    </fieldset>
  );
}

const words = (option: ParameterOption) => <span className="min-w-0">{option.name}{option.description && <span className="block text-[0.8125rem] text-quiet">{option.description}</span>}</span>;
const LINE = "flex items-start gap-3 rounded-md px-2 py-1 hover:bg-sunken";

/** One of several, all in sight. */
export function Radios({ one, label, value, hint, fault, change }: Props) {
  const id = useId();
  return (
    <Group id={id} label={label} hint={hint} fault={fault} role="radiogroup">
      {one.options.map((option) => (
        <label key={option.value} className={LINE}>
          <input type="radio" name={id} aria-invalid={fault ? true : undefined} className="mt-0.5 size-4 shrink-0" checked={value === option.value} onChange={() => change(option.value)} />
          {words(option)}
        </label>
      ))}
    </Group>
  );
}

/** Some of several. The order is the template's, whatever was clicked first. */
export function Choices({ one, label, value, hint, fault, change }: Props) {
  const id = useId();
  const chosen = items(value) ?? [];
  const toggle = (item: string, is: boolean) =>
    change(JSON.stringify(one.options.map((option) => option.value).filter((other) => (other === item ? is : chosen.includes(other)))));
  return (
    <Group id={id} label={label} hint={hint} fault={fault}>
      <div className="grid max-h-72 overflow-y-auto">
        {one.options.map((option) => (
          <label key={option.value} className={LINE}>
            <input type="checkbox" aria-invalid={fault ? true : undefined} className="mt-0.5 size-4 shrink-0" checked={chosen.includes(option.value)} onChange={(event) => toggle(option.value, event.target.checked)} />
            {words(option)}
          </label>
        ))}
      </div>
    </Group>
  );
}

/** Texts that a person types: each is added with Enter or a comma, and taken away by its button. */
export function Tags({ label, value, hint, fault, change }: Props) {
  const id = useId();
  const [text, setText] = useState("");
  const list = items(value) ?? [];
  const add = () => {
    const more = text.split(",").map((word) => word.trim()).filter((word, at, all) => word !== "" && !list.includes(word) && all.indexOf(word) === at);
    setText("");
    if (more.length > 0) change(JSON.stringify([...list, ...more]));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && text === "" && list.length > 0) {
      change(JSON.stringify(list.slice(0, -1)));
    }
  };
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">{label}</label>
      {list.length > 0 && (
        <ul aria-label={`Values of ${label}`} className="flex flex-wrap gap-1">
          {list.map((item) => (
            <li key={item} className="flex max-w-full items-center gap-1 rounded-md border border-line bg-sunken pl-2">
              <span className="min-w-0 break-all">{item}</span>
              <button type="button" aria-label={`Take ${item} away`} title={`Take ${item} away`} onClick={() => change(JSON.stringify(list.filter((other) => other !== item)))} className="grid size-6 shrink-0 place-items-center text-quiet hover:text-ink"><X aria-hidden className="size-3.5" /></button>
            </li>
          ))}
        </ul>
      )}
      <div className="flex gap-2">
        {/* What was typed and not added counts too: leaving the field adds it. */}
        <input {...described(id, hint, fault)} className={BOX} autoComplete="off" placeholder="Type and press Enter" value={text} onChange={(event) => setText(event.target.value)} onKeyDown={press} onBlur={add} />
        <Button onClick={add} disabled={text.trim() === ""}>Add</Button>
      </div>
      {hint && <p id={`${id}-hint`} className="text-[0.8125rem] text-quiet">{hint}</p>}
      {fault && <p id={`${id}-fault`} className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
    </div>
  );
}
