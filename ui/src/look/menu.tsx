// A menu behind a button, usable with the arrow keys.
import * as Drop from "@radix-ui/react-dropdown-menu";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

export interface Item {
  name: string;
  icon?: LucideIcon;
  isDangerous?: boolean;
  isChosen?: boolean;
  run: () => void;
}

export function Menu({ button, items, head }: { button: ReactNode; items: Item[]; head?: ReactNode }) {
  return (
    <Drop.Root modal={false}>
      <Drop.Trigger asChild>{button}</Drop.Trigger>
      <Drop.Portal>
        <Drop.Content align="end" sideOffset={6} className="z-50 min-w-48 rounded-lg border border-line bg-raised p-1 shadow-xl">
          {head && <Drop.Label className="border-b border-line px-2.5 py-2 text-quiet">{head}</Drop.Label>}
          {items.map(({ name, icon: Icon, isDangerous, isChosen, run }) => (
            <Drop.Item key={name} onSelect={run} className={`flex h-8 items-center gap-2 rounded px-2.5 outline-none select-none data-highlighted:bg-accent-soft ${isDangerous ? "text-bad" : ""} ${isChosen ? "font-semibold" : ""}`}>
              {Icon && <Icon aria-hidden className="size-4" />}
              {name}
              {isChosen && <span className="ml-auto pl-4 text-quiet">current</span>}
            </Drop.Item>
          ))}
        </Drop.Content>
      </Drop.Portal>
    </Drop.Root>
  );
}
