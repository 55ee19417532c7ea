// Values of a template's parameters: what a form starts with, and what is wrong with a value. Pure.
import type { RichParameter } from "../wire/rest";

/** The control that asks for a parameter. */
export type Control = "switch" | "choice" | "choices" | "number" | "text" | "area" | "list";

export function control(one: RichParameter): Control {
  if (one.type === "list(string)") return one.options.length > 0 ? "choices" : "list";
  if (one.options.length > 0) return "choice";
  if (one.type === "bool") return "switch";
  if (one.type === "number") return "number";
  return one.form_type === "textarea" ? "area" : "text";
}

/** First values: from a link where it names the parameter, else the template's own. */
export function firstValues(all: RichParameter[], link: Record<string, string>): Record<string, string> {
  return Object.fromEntries(all.map((one) => [one.name, link[one.name] ?? (one.default_value || (one.type === "bool" ? "false" : ""))]));
}

/** Values that a link fills in: `param.<name>=<value>`. */
export function fromLink(search: Record<string, unknown>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(search)) {
    if (key.startsWith("param.") && ["string", "number", "boolean"].includes(typeof value)) found[key.slice(6)] = String(value);
  }
  return found;
}

/** What is wrong with a value, in a sentence; nothing when it is fine. */
export function fault(one: RichParameter, value: string): string | undefined {
  if (value === "") return one.required ? "A value is needed." : undefined;
  if (one.type === "number") return numberFault(one, value);
  if (one.type === "bool" && value !== "true" && value !== "false") return "It is either true or false.";
  if (one.type === "list(string)" && items(value) === undefined) return "It must be a list of texts.";
  const allowed = one.options.map((option) => option.value);
  const chosen = one.type === "list(string)" ? (items(value) ?? []) : [value];
  if (allowed.length > 0 && chosen.some((item) => !allowed.includes(item))) return "Choose one of the values that are offered.";
  if (one.validation_regex && !matches(one.validation_regex, value)) return one.validation_error || `It must match ${one.validation_regex}.`;
  return undefined;
}

function numberFault(one: RichParameter, value: string): string | undefined {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) return "A number is needed.";
  const said = one.validation_error?.replaceAll("{min}", String(one.validation_min)).replaceAll("{max}", String(one.validation_max)).replaceAll("{value}", value);
  if (one.validation_min !== undefined && one.validation_min !== null && number < one.validation_min) return said || `At least ${one.validation_min}.`;
  if (one.validation_max !== undefined && one.validation_max !== null && number > one.validation_max) return said || `At most ${one.validation_max}.`;
  return undefined;
}

/** A pattern that this browser cannot read is left to the server. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern).test(value);
  } catch {
    return true;
  }
}

/** The texts of a list value, which is JSON on the wire. */
export function items(value: string): string[] | undefined {
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((item) => typeof item === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}
