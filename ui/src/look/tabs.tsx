// Parts of a page that are read one at a time; the arrow keys go between them.
import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";

export interface Part {
  key: string;
  name: string;
  show: ReactNode;
}

export function Tabs({ parts, chosen, choose, name }: { parts: Part[]; chosen: string; choose: (key: string) => void; name: string }) {
  return (
    <Radix.Root value={chosen} onValueChange={choose}>
      <Radix.List aria-label={name} className="mb-4 flex gap-1 overflow-x-auto border-b border-line">
        {parts.map((part) => (
          <Radix.Trigger key={part.key} value={part.key} className="-mb-px h-9 border-b-2 border-transparent px-3 whitespace-nowrap text-quiet hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink">
            {part.name}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {parts.map((part) => <Radix.Content key={part.key} value={part.key} className="grid gap-4">{part.show}</Radix.Content>)}
    </Radix.Root>
  );
}
