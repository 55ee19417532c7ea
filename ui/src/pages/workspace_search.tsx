// The search line over the list, with the words that are asked for most as buttons.
import { Search as Glass } from "lucide-react";
import { has, toggled, WORDS } from "../rules/filter";

const QUICK: Array<[string, string, string]> = [
  ["owner", "me", "Mine"],
  ["status", "running", "Running"],
  ["status", "stopped", "Stopped"],
  ["status", "failed", "Failed"],
  ["outdated", "true", "Outdated"],
];

export function Search({ query, setQuery, fault }: { query: string; setQuery: (query: string) => void; fault?: string }) {
  return (
    <search className="grid gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <div className="relative min-w-0 grow basis-72">
          <Glass aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-quiet" />
          <input
            type="search"
            aria-label="Search workspaces"
            aria-describedby="search-help"
            aria-invalid={fault ? true : undefined}
            placeholder="Search, for example owner:me status:running"
            className="h-8 w-full rounded-md border border-edge bg-surface pr-8 pl-8 aria-invalid:border-bad"
            value={query}
            autoComplete="off"
            spellCheck={false}
            list="search-words"
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && setQuery("")}
          />
          <datalist id="search-words">{Object.keys(WORDS).slice(0, 8).map((word) => <option key={word} value={`${word}:`} />)}</datalist>
          <kbd aria-hidden className="pointer-events-none absolute top-1.5 right-2 hidden rounded border border-line px-1.5 text-quiet sm:block">/</kbd>
        </div>
        <div role="group" aria-label="Quick filters" className="flex flex-wrap gap-1">
          {QUICK.map(([key, value, name]) => {
            const isOn = has(query, key, value);
            return (
              <button key={name} type="button" aria-pressed={isOn} onClick={() => setQuery(toggled(query, key, value))} className={`h-8 rounded-md border px-2.5 ${isOn ? "border-accent bg-accent-soft font-medium" : "border-line bg-surface text-quiet hover:text-ink"}`}>
                {name}
              </button>
            );
          })}
        </div>
      </div>
      <p id="search-help" className={fault ? "font-medium text-bad" : "sr-only"}>{fault ?? "Words narrow the list, such as owner:me, status:running or template:process. The slash key comes back here."}</p>
    </search>
  );
}
