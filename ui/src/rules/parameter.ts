// Values of a template's parameters: what a form starts with, and what is wrong with a value. Pure.
import type { RichParameter } from "../wire/rest";

/** The control that asks for a parameter. */
export type Control = "switch" | "checkbox" | "radio" | "choice" | "choices" | "tags" | "slider" | "number" | "text" | "area";

/** What the template's author asked for where the type allows it, else what fits the type. */
export function control(one: RichParameter): Control {
  const { type, form_type: form } = one;
  if (one.options.length > 0) {
    if (form === "radio" || form === "dropdown") return form === "radio" ? "radio" : "choice";
    return type === "list(string)" ? "choices" : "choice";
  }
  if (type === "list(string)") return "tags";
  if (type === "bool") return form === "checkbox" ? "checkbox" : "switch";
  if (type === "number") return form === "slider" && limits(one) ? "slider" : "number";
  return form === "textarea" ? "area" : "text";
}

/** The two ends of a slider; none where the template names only one of them. */
export function limits(one: RichParameter): { min: number; max: number } | undefined {
  const { validation_min: min, validation_max: max } = one;
  return typeof min === "number" && typeof max === "number" && min < max ? { min, max } : undefined;
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

const NEEDED = "A value is needed.";

/** What is wrong with a value, in a sentence; nothing when it is fine. */
export function fault(one: RichParameter, value: string): string | undefined {
  if (value === "") return one.required ? NEEDED : undefined;
  if (one.type === "number") return numberFault(one, value);
  if (one.type === "bool" && value !== "true" && value !== "false") return "It is either true or false.";
  if (one.type === "list(string)" && items(value) === undefined) return "It must be a list of texts.";
  if (control(one) === "tags" && one.required && items(value)?.length === 0) return "Add at least one.";
  const allowed = one.options.map((option) => option.value);
  // One choice of a list parameter is a whole list.
  const isMany = one.type === "list(string)" && control(one) === "choices";
  const chosen = isMany ? (items(value) ?? []) : [value];
  if (isMany && one.required && chosen.length === 0) return "Choose at least one.";
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

/** What can be said beside a control, in sentences. */
export function notes(one: RichParameter, isFromLink: boolean, fault?: string): string {
  const size = limits(one);
  const later = !one.mutable ? "It cannot be changed later."
    : one.validation_monotonic === "increasing" ? "Later it can only be raised."
    : one.validation_monotonic === "decreasing" ? "Later it can only be lowered." : "";
  const all = [one.description_plaintext || one.description, one.required && fault !== NEEDED && NEEDED, size && `From ${size.min} to ${size.max}.`, isFromLink && "Filled in by the link.", later];
  return all.filter(Boolean).join(" ");
}
