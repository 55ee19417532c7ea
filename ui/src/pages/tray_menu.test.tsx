// The menu's window: what it shows, what a click says, what stays open while the menu changes, and what is said without a
// tray. The program of the windows is played by this test.
import { act, cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MenuItem, MenuView } from "../wire/menu";
import { TrayMenu } from "./tray_menu";

interface Call { command: string; arguments: Record<string, unknown> }
let calls: Call[];
let tell: (message: unknown) => Promise<void>;
let answer: (command: string) => Promise<unknown>;

beforeEach(() => {
  calls = [];
  answer = () => Promise.resolve(null);
  let callback: (message: unknown) => void = () => {};
  let index = 0;
  tell = (message) => act(async () => callback({ index: index++, message }));
  Object.assign(window, {
    __TAURI_INTERNALS__: {
      transformCallback: (given: (message: unknown) => void) => { callback = given; return 1; },
      invoke: (command: string, given: Record<string, unknown>) => { calls.push({ command, arguments: given }); return answer(command); },
    },
  });
});
afterEach(() => {
  cleanup();
  delete (window as { __TAURI_INTERNALS__?: unknown }).__TAURI_INTERNALS__;
});

const view = (number: number, items: MenuItem[]): MenuView & { kind: "view" } => ({
  kind: "view", number, icon: "on", headline: "Homeport: connected, 1 of 2 workspaces runs",
  items: [{ kind: "line", label: "● Homeport: connected, 1 of 2 workspaces runs" }, ...items],
});
const box = (state: string): MenuItem => ({ kind: "more", key: "w1", label: `● box: ${state}`, items: [{ kind: "do", label: "Stop" }, { kind: "line", label: "no more" }] });
const connect: MenuItem = { kind: "switch", label: "Connect", is_on: true };
const clicks = () => calls.filter((call) => call.command === "menu_click").map((call) => call.arguments.click);

test("lines are shown, and a click says the view and the place", async () => {
  const user = userEvent.setup();
  render(<TrayMenu />);
  screen.getByText(/Asking the tray/);
  await tell(view(4, [connect, { kind: "separator" }, box("running")]));
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("●Homeport: connected, 1 of 2 workspaces runs");
  expect(screen.getByRole("switch", { name: "Connect" }).getAttribute("aria-checked")).toBe("true");
  await user.click(screen.getByRole("switch", { name: "Connect" }));
  await user.click(screen.getByRole("button", { name: "box: running" }));
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(clicks()).toEqual([{ view: 4, path: [1] }, { view: 4, path: [3, 0] }]);
});

test("what is open stays open while the menu changes around it", async () => {
  const user = userEvent.setup();
  render(<TrayMenu />);
  await tell(view(1, [box("running")]));
  await user.click(screen.getByRole("button", { name: "box: running" }));
  await tell(view(2, [{ kind: "line", label: "▲ Something is wrong" }, box("stopping")]));
  expect(screen.getByRole("button", { name: "box: stopping" }).getAttribute("aria-expanded")).toBe("true");
  await user.click(screen.getByRole("button", { name: "Stop" }));
  expect(clicks()).toEqual([{ view: 2, path: [2, 0] }]);
});

test("the keyboard alone: search, go down, open, go in and out", async () => {
  const user = userEvent.setup();
  render(<TrayMenu />);
  await tell(view(1, [connect, box("running"), { kind: "more", key: "help", label: "Help", items: [{ kind: "do", label: "Diagnose" }] }]));
  await user.keyboard("/");
  expect(document.activeElement).toBe(screen.getByRole("searchbox", { name: "Find in the menu" }));
  await user.keyboard("diag");
  expect(screen.queryByRole("switch")).toBeNull();
  await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  expect(clicks()).toEqual([{ view: 1, path: [3, 0] }]);
  await user.keyboard("{Escape}");
  screen.getByRole("switch", { name: "Connect" }).focus();
  await user.keyboard("{ArrowDown}{ArrowRight}{ArrowDown}");
  expect(document.activeElement?.textContent).toBe("Stop");
  await user.keyboard("{ArrowLeft}{ArrowLeft}");
  expect(document.activeElement?.getAttribute("aria-expanded")).toBe("false");
  expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
  // What was opened by hand is open in a search as well, and what a search opened can be closed.
  await user.click(screen.getByRole("button", { name: "box: running" }));
  await user.keyboard("/box stop");
  screen.getByRole("button", { name: "Stop" });
  await user.click(screen.getByRole("button", { name: "box: running" }));
  expect(screen.queryByRole("button", { name: "Stop" })).toBeNull();
  await user.keyboard("{Escape}");
  screen.getByRole("button", { name: "Stop" });
  await user.keyboard("/nothing of this");
  screen.getByText(/Nothing in the menu/);
});

test("without a tray it says so, starts it, and shows the menu again", async () => {
  const user = userEvent.setup();
  render(<TrayMenu />);
  await tell({ kind: "away" });
  screen.getByRole("heading", { name: "Homeport does not run" });
  answer = () => Promise.reject(new Error("homeport-desktop cannot be started"));
  await user.click(screen.getByRole("button", { name: "Start it" }));
  await screen.findByText(/cannot be started/);
  await tell(view(1, [connect]));
  screen.getByRole("switch", { name: "Connect" });
});

test("a window that may not ask says where the menu is", async () => {
  answer = () => Promise.reject(new Error("not allowed"));
  render(<TrayMenu />);
  await screen.findByText(/homeport-desktop --menu/);
});

test("in a browser it says where the menu is", async () => {
  delete (window as { __TAURI_INTERNALS__?: unknown }).__TAURI_INTERNALS__;
  render(<TrayMenu />);
  await screen.findByText(/homeport-desktop --menu/);
});

test("a line that asks has the focus, keeps what is typed while the menu changes, and answers once", async () => {
  const user = userEvent.setup();
  render(<TrayMenu />);
  const ask: MenuItem = { kind: "ask", label: "Sign in at which deployment?", hint: "dev.example.com" };
  const no: MenuItem = { kind: "do", label: "Not now" };
  await tell(view(1, [connect]));
  await tell(view(2, [ask, no, connect]));
  const field = screen.getByRole("textbox", { name: "Sign in at which deployment?" });
  expect(document.activeElement).toBe(field);
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Go on" }).disabled).toBe(true);
  // Keys of the menu are letters here, and the lines below are reached from here.
  await user.keyboard("http://dev/");
  await tell(view(3, [{ kind: "line", label: "▲ Something is wrong" }, ask, no, connect]));
  expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Sign in at which deployment?" }).value).toBe("http://dev/");
  await user.keyboard("{Enter}");
  expect(clicks()).toEqual([{ view: 3, path: [2], text: "http://dev/" }]);
  await user.keyboard("{ArrowDown}{ArrowDown}");
  expect(document.activeElement?.textContent).toBe("Not now");
});
