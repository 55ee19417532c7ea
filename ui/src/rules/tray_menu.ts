// The tray's menu as rows of a page: which row is which line of the menu, and what a search leaves of it. Pure.
import type { MenuItem } from "../wire/menu";

/** A line of the menu where it stands. */
export interface Row {
  /** The same for the same thing in the next view, as far as that can be known. */
  id: string;
  /** Where the line is, as a click says it. */
  path: number[];
  item: MenuItem;
  below: Row[];
}

/** Every line with its place. */
export function rows(items: MenuItem[], path: number[] = [], above = ""): Row[] {
  const seen = new Map<string, number>();
  return items.map((item, at) => {
    const name = nameOf(item);
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    const id = `${above}/${name}${count > 0 ? `#${count}` : ""}`;
    const here = [...path, at];
    return { id, path: here, item, below: item.kind === "more" ? rows(item.items, here, id) : [] };
  });
}

function nameOf(item: MenuItem): string {
  switch (item.kind) {
    case "separator": return "-";
    case "more": return `more:${item.key}`;
    default: return `${item.kind}:${item.label}`;
  }
}

/** What is left when only lines with these words are wanted, and which rows are open then. */
export function narrowed(all: Row[], words: string): { rows: Row[]; open: Set<string> } {
  const open = new Set<string>();
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  if (wanted.length === 0) return { rows: all, open };
  // What is below is searched by all words on the way: "box stop" finds "Stop" under "box".
  const keep = (some: Row[], above: string): Row[] =>
    some.flatMap((row) => {
      if (row.item.kind === "separator" || row.item.kind === "line") return [];
      const own = row.item.label.toLowerCase();
      if (wanted.every((word) => own.includes(word))) return [row];
      const text = `${above} ${own}`;
      if (row.item.kind !== "more") return wanted.every((word) => text.includes(word)) && wanted.some((word) => own.includes(word)) ? [row] : [];
      const below = keep(row.below, text);
      if (below.length === 0) return [];
      open.add(row.id);
      return [{ ...row, below }];
    });
  return { rows: keep(all, ""), open };
}

/** The shape and the words at the front of a line: marks are read aloud badly, the words say the same. */
export function withoutMark(label: string): { mark: string; text: string } {
  const found = /^([^\p{L}\p{N}\s]) (.*)$/su.exec(label);
  return found ? { mark: found[1]!, text: found[2]! } : { mark: "", text: label };
}
