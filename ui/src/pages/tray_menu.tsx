// The tray's menu in a window of its own, for desktops whose panel shows no icons: the same lines, by mouse and keyboard.
import { ChevronRight, Power, Search } from "lucide-react";
import { useDeferredValue, useEffect, useId, useMemo, useRef, useState } from "react";
import { Button } from "../look/button";
import { narrowed, rows, withoutMark, type Row } from "../rules/tray_menu";
import { clickMenu, followMenu, startTray, type Told } from "../transport/tray_menu";
import type { MenuIcon, MenuView } from "../wire/menu";
import { useMenuKeys } from "./tray_menu_keys";

export function TrayMenu() {
  const [told, setTold] = useState<Told>({ kind: "waiting" });
  useEffect(() => followMenu(setTold), []);
  switch (told.kind) {
    case "view": return <Menu view={told.view} />;
    case "away": return <Away />;
    case "refused": return <Sentence title="This window shows no menu">The menu of the tray is shown by <code>homeport-desktop --menu</code>.</Sentence>;
    default: return <Sentence title="Homeport">Asking the tray program for its menu…</Sentence>;
  }
}

function Sentence({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main className="grid min-h-dvh content-center gap-3 p-6">
      <h1 className="text-lg">{title}</h1>
      <p>{children}</p>
    </main>
  );
}

/** The tray program was killed, or is not started yet. */
function Away() {
  const [trouble, setTrouble] = useState("");
  return (
    <main role="alert" className="grid min-h-dvh content-center gap-3 p-6">
      <h1 className="text-lg">Homeport does not run</h1>
      <p>Its menu is shown here again as soon as it does. Workspaces and connections that were there go on without it.</p>
      {trouble !== "" && <p className="text-bad">{trouble}</p>}
      <div><Button weight="primary" icon={Power} onClick={() => startTray().catch((sentence: unknown) => setTrouble(String(sentence)))}>Start it</Button></div>
    </main>
  );
}

const TONES: Record<MenuIcon, string> = { off: "text-quiet", working: "text-accent", on: "text-good", attention: "text-warn", error: "text-bad" };

function Menu({ view }: { view: MenuView }) {
  const [words, setWords] = useState("");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  /** What a search opened and a person closed again. */
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const wanted = useDeferredValue(words);
  const all = useMemo(() => rows(view.items), [view]);
  const left = useMemo(() => narrowed(all, wanted), [all, wanted]);
  const head = all[0]?.item.kind === "line" && all[0].item.label.endsWith(view.headline) ? withoutMark(all[0].item.label) : { mark: "", text: view.headline };
  const isSearched = wanted.trim() !== "";
  const shown = isSearched || head.mark === "" ? left.rows : left.rows.slice(1);
  const search = (sought: string) => {
    setWords(sought);
    setClosed(new Set());
  };
  const menu = {
    isOpen: (id: string) => (left.open.has(id) ? !closed.has(id) : opened.has(id)),
    toggle: (id: string) => (left.open.has(id) ? setClosed(toggled(closed, id)) : setOpened(toggled(opened, id))),
    click: (row: Row, text?: string) => clickMenu({ view: view.number, path: row.path, ...(text === undefined ? {} : { text }) }),
  };

  const stopSearch = () => {
    search("");
    return words !== "";
  };
  useMenuKeys({ list, field, stopSearch });

  return (
    <main className="flex min-h-dvh flex-col">
      <header className="sticky top-0 z-10 grid gap-2 border-b border-line bg-page p-3">
        <h1 className="flex gap-2 text-[0.9375rem]"><span aria-hidden className={TONES[view.icon]}>{head.mark}</span><span role="status">{head.text}</span></h1>
        <label className="flex h-8 items-center gap-2 rounded-md border border-edge bg-surface px-2">
          <Search aria-hidden className="size-4 shrink-0 text-quiet" />
          <span className="sr-only">Find in the menu</span>
          <input ref={field} type="search" value={words} onChange={(event) => search(event.target.value)} placeholder="Find (/)" className="w-full min-w-0 bg-transparent outline-none" />
        </label>
      </header>
      <nav ref={list} aria-label="Menu of Homeport" className="flex-1 p-1.5">
        <Lines some={shown} menu={menu} />
        {shown.length === 0 && <p className="p-3 text-quiet">Nothing in the menu has these words.</p>}
      </nav>
    </main>
  );
}

function toggled(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const after = new Set(set);
  if (!after.delete(id)) after.add(id);
  return after;
}

interface Handlers {
  isOpen(id: string): boolean;
  toggle(id: string): void;
  click(row: Row, text?: string): void;
}

function Lines({ some, menu }: { some: Row[]; menu: Handlers }) {
  return <ul className="grid">{some.map((row) => <Line key={row.id} row={row} menu={menu} />)}</ul>;
}

const LINE = "flex w-full items-baseline gap-2 rounded-md px-2 py-1.5 text-left break-words hover:bg-sunken";

function Line({ row, menu }: { row: Row; menu: Handlers }) {
  const below = useId();
  const { item } = row;
  if (item.kind === "separator") return <li aria-hidden className="my-1 border-t border-line" />;
  const { mark, text } = withoutMark(item.label);
  const words = <><span aria-hidden className={`shrink-0 ${tone(mark)}`}>{mark}</span><span className="min-w-0 flex-1 break-words">{text}</span></>;
  if (item.kind === "line") return <li className="flex gap-2 px-2 py-1 text-quiet">{words}</li>;
  if (item.kind === "ask") return <li><Question label={item.label} hint={item.hint} answer={(text) => menu.click(row, text)} /></li>;
  if (item.kind === "do") return <li><button type="button" className={LINE} onClick={() => menu.click(row)}>{words}</button></li>;
  if (item.kind === "switch") {
    return (
      <li>
        <button type="button" role="switch" aria-checked={item.is_on} className={LINE} onClick={() => menu.click(row)}>
          {words}
          <span aria-hidden className={`shrink-0 text-[0.8125rem] font-medium ${item.is_on ? "text-good" : "text-quiet"}`}>{item.is_on ? "✓ on" : "off"}</span>
        </button>
      </li>
    );
  }
  const isOpen = menu.isOpen(row.id);
  return (
    <li>
      <button type="button" aria-expanded={isOpen} aria-controls={isOpen ? below : undefined} className={LINE} onClick={() => menu.toggle(row.id)}>
        {words}
        <ChevronRight aria-hidden className={`size-4 shrink-0 self-center text-quiet ${isOpen ? "rotate-90" : ""}`} />
      </button>
      {isOpen && <div id={below} className="ml-3 border-l border-line pl-1.5"><Lines some={row.below} menu={menu} /></div>}
    </li>
  );
}

/** Longest answer: the tray takes no longer one. */
const MAX_TEXT = 512;

/** A line that wants a text. It was asked for, so it has the focus as soon as it is there. */
function Question({ label, hint, answer }: { label: string; hint: string; answer: (text: string) => void }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form className="m-1 grid gap-2 rounded-md border border-line bg-raised p-2" onSubmit={(event) => { event.preventDefault(); answer(text); }}>
      <label className="grid gap-1">
        <span className="font-medium">{label}</span>
        <input ref={field} value={text} onChange={(event) => setText(event.target.value)} placeholder={hint} maxLength={MAX_TEXT} spellCheck={false} autoCapitalize="off" autoComplete="off" className="h-8 w-full min-w-0 rounded-md border border-edge bg-surface px-2" />
      </label>
      <div><Button type="submit" weight="primary" disabled={text.trim() === ""}>Go on</Button></div>
    </form>
  );
}

/** The colour only helps: the shapes differ, and the words say it. */
function tone(mark: string): string {
  switch (mark) {
    case "●": return "text-good";
    case "◐": return "text-accent";
    case "▲": case "⚠": case "✖": return "text-warn";
    default: return "text-quiet";
  }
}
