// A labelled control of a form, with its hint and what is wrong with it tied to it for readers.
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from "react";

export const BOX = "h-8 w-full min-w-0 rounded-md border border-edge bg-surface px-2.5 text-ink aria-invalid:border-bad";

interface Around {
  label: string;
  hint?: ReactNode;
  fault?: string;
}

export function Field({ label, hint, fault, ...rest }: Around & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <input {...described(id, hint, fault)} className={BOX} {...rest} />
    </Frame>
  );
}

export function Choice({ label, hint, fault, children, ...rest }: Around & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} fault={fault}>
      <select {...described(id, hint, fault)} className={BOX} {...rest}>{children}</select>
    </Frame>
  );
}

export function described(id: string, hint: unknown, fault: string | undefined) {
  const by = [hint ? `${id}-hint` : "", fault ? `${id}-fault` : ""].filter(Boolean).join(" ");
  return { id, "aria-invalid": fault ? true : undefined, "aria-describedby": by || undefined };
}

export function Frame({ id, label, hint, fault, children }: Around & { id: string; children: ReactNode }) {
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">{label}</label>
      {children}
      {hint && <p id={`${id}-hint`} className="text-[0.8125rem] text-quiet">{hint}</p>}
      {fault && <p id={`${id}-fault`} className="text-[0.8125rem] font-medium text-bad">{fault}</p>}
    </div>
  );
}
