// The tray's menu, as the program of the windows passes it on. Only the window of the menu may ask for it.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { Click, FromTray, MenuView } from "../wire/menu";
import { isApp } from "./app";

/** What the page knows of the tray: nothing yet, its menu, or that it does not run. */
export type Told = { kind: "waiting" } | { kind: "away" } | { kind: "refused" } | { kind: "view"; view: MenuView };

type Heard = FromTray | { kind: "away" };

/** Follows the menu until the page goes. */
export function followMenu(tell: (told: Told) => void): void {
  if (!isApp()) return tell({ kind: "refused" });
  const channel = new Channel<Heard>();
  channel.onmessage = (heard) => {
    if (heard.kind === "view") tell({ kind: "view", view: heard });
    else if (heard.kind === "away") tell({ kind: "away" });
  };
  invoke("menu_open", { channel }).catch(() => tell({ kind: "refused" }));
}

/** Clicks a line of a view. */
export function clickMenu(click: Click): void {
  void invoke("menu_click", { click });
}

/** Starts the tray program; rejects with a sentence. */
export async function startTray(): Promise<void> {
  await invoke("start_tray");
}
