// Buttons, and links that look like them. Each says in words what it does; an icon alone carries a name for readers.
import { Link, type LinkProps } from "@tanstack/react-router";
import { LoaderCircle, type LucideIcon } from "lucide-react";
import type { AnchorHTMLAttributes, ButtonHTMLAttributes, ReactNode, Ref } from "react";

type Weight = "primary" | "plain" | "quiet" | "danger";

const BASE = "inline-flex items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap transition-colors disabled:opacity-55";
const SIZES = { normal: "h-8 px-3", small: "h-7 px-2 text-[0.8125rem]", icon: "h-8 w-8" };
const WEIGHTS: Record<Weight, string> = {
  primary: "bg-accent-strong text-on-accent hover:brightness-110",
  plain: "border border-line bg-surface text-ink hover:bg-sunken",
  quiet: "text-ink hover:bg-sunken",
  danger: "bg-bad-strong text-on-accent hover:brightness-110",
};

export const look = (weight: Weight, size: keyof typeof SIZES = "normal") => `${BASE} ${SIZES[size]} ${WEIGHTS[weight]}`;

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  weight?: Weight;
  size?: keyof typeof SIZES;
  icon?: LucideIcon;
  isBusy?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ weight = "plain", size, icon: Icon, isBusy, children, className = "", disabled, ...rest }: Props) {
  return (
    <button type="button" className={`${look(weight, size)} ${className}`} disabled={disabled || isBusy} aria-busy={isBusy || undefined} {...rest}>
      {isBusy ? <LoaderCircle aria-hidden className="working size-4" /> : Icon && <Icon aria-hidden className="size-4 shrink-0" />}
      {children}
    </button>
  );
}

/** A button that is only an icon; its name is read aloud and shown as a tip. */
export function IconButton({ name, icon: Icon, iconClass = "", ...rest }: Props & { name: string; icon: LucideIcon; iconClass?: string }) {
  return (
    <button type="button" aria-label={name} title={name} {...rest} className={`${look("quiet", "icon")} ${rest.className ?? ""}`}>
      <Icon aria-hidden className={`size-4 ${iconClass}`} />
    </button>
  );
}

export function ButtonLink({ weight = "plain", size, icon: Icon, children, ...rest }: LinkProps & Pick<AnchorHTMLAttributes<HTMLAnchorElement>, "title" | "aria-label"> & { weight?: Weight; size?: keyof typeof SIZES; icon?: LucideIcon; children: ReactNode }) {
  return (
    <Link {...rest} className={look(weight, size)}>
      {Icon && <Icon aria-hidden className="size-4 shrink-0" />}
      {children}
    </Link>
  );
}
