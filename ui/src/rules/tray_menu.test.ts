// Which row is which line, which rows a search leaves, and what a label says.
import { expect, test } from "vitest";
import type { MenuItem } from "../wire/menu";
import { narrowed, rows, withoutMark } from "./tray_menu";

const box = (state: string): MenuItem => ({
  kind: "more", key: "w#1", label: `● box: ${state}`, items: [{ kind: "do", label: "Stop" }, { kind: "separator" }, { kind: "do", label: "Copy box.coder" }],
});
const menu: MenuItem[] = [
  { kind: "line", label: "● Homeport: connected" },
  { kind: "switch", label: "Connect", is_on: true },
  { kind: "separator" },
  box("running"),
  { kind: "more", key: "w#2", label: "○ lab: stopped", items: [{ kind: "do", label: "Start" }] },
  { kind: "separator" },
];

test("a row has the path that a click says, and the same name while its label changes", () => {
  const before = rows(menu);
  expect(before[3]!.below[2]!.path).toEqual([3, 2]);
  const after = rows([menu[0]!, ...menu.slice(1).map((item, at) => (at === 2 ? box("stopping") : item))]);
  expect(after[3]!.id).toBe(before[3]!.id);
  const later = rows([{ kind: "line", label: "new" }, ...menu]);
  expect(later[4]!.id).toBe(before[3]!.id);
  expect(later[4]!.path).toEqual([4]);
  expect(new Set(before.map((row) => row.id)).size).toBe(before.length);
});

test("a search leaves what it names, with what is above it", () => {
  const of = (words: string) => {
    const left = narrowed(rows(menu), words);
    return { labels: left.rows.map((row) => (row.item.kind === "separator" ? "-" : row.item.label)), below: left.rows.map((row) => row.below.length), open: left.open.size };
  };
  expect(of(" ").labels).toHaveLength(6);
  expect(of("BOX")).toEqual({ labels: ["● box: running"], below: [3], open: 0 });
  expect(of("start")).toEqual({ labels: ["○ lab: stopped"], below: [1], open: 1 });
  expect(of("box stop")).toEqual({ labels: ["● box: running"], below: [1], open: 1 });
  expect(of("stop").labels).toEqual(["● box: running", "○ lab: stopped"]);
  expect(of("connect").labels).toEqual(["Connect"]);
  expect(of("nothing").labels).toEqual([]);
});

test.each([
  ["● box: running", "●", "box: running"],
  ["▲ No panel shows the icon", "▲", "No panel shows the icon"],
  ["    and on", "", "    and on"],
  ["Connect", "", "Connect"],
  ["I am", "", "I am"],
  ["", "", ""],
])("%s", (label, mark, text) => {
  expect(withoutMark(label)).toEqual({ mark, text });
});
