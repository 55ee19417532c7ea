// The window of the tray's menu, with the program of the windows played by the test: axe in light and dark, widths, and
// Tab alone. That it works with the real programs is shown by `tests/window/menu.rs`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, openPage, shot } from "./browser.mjs";
import { focused, house } from "./house.mjs";

const line = (label) => ({ kind: "line", label });
const act = (label) => ({ kind: "do", label });
const more = (label, items, key = label) => ({ kind: "more", key, label, items });
const separator = { kind: "separator" };
const VIEW = {
  kind: "view", number: 1, icon: "attention", headline: "Homeport: needs you, 1 of 3 workspaces runs",
  items: [
    line("⚠ Homeport: needs you, 1 of 3 workspaces runs"),
    line("▲ Sign in at a-deployment-with-a-very-long-name.example.com:8443"),
    { kind: "switch", label: "Connect", is_on: true },
    separator,
    line("This computer (127.0.0.1:7080)"),
    more("● ★ box: running, 1 ms", [act("Open a terminal"), act("Copy box.coder"), separator, act("Stop"), { kind: "switch", label: "Favourite", is_on: true }], "1"),
    more("◐ lab: starting", [act("Stop")], "2"),
    more("▲ a-workspace-with-a-name-that-is-as-long-as-names-can-be: failed", [line("The disk is full"), act("Start")], "3"),
    separator,
    { kind: "switch", label: "Host workspaces on this computer", is_on: false },
    more("Quit…", [act("Quit, stay connected and hosting")]),
  ],
};

/** The page, with a program that tells it this and keeps what it asks. */
async function menu(told, options = {}) {
  const page = await openPage(house.browser, house.url, options);
  await page.addInitScript((given) => {
    window.asked = [];
    window.__TAURI_INTERNALS__ = {
      transformCallback: (callback) => { window.tell = (message, index) => callback({ index, message }); return 1; },
      invoke: (command, body) => {
        window.asked.push([command, body.click]);
        if (command === "menu_open") setTimeout(() => given.forEach((message, at) => window.tell(message, at)));
        return Promise.resolve(null);
      },
    };
  }, told);
  await page.goto("/menu");
  return page;
}

for (const dark of [false, true]) {
  test(`the menu's window: axe finds nothing serious, ${dark ? "dark" : "light"}`, async () => {
    const page = await menu([VIEW], { dark, width: 380, height: 600 });
    await page.getByRole("button", { name: "box: running" }).click();
    await page.getByRole("button", { name: /as long as|as-long-as/ }).click();
    await accessible(page, "menu");
    await shot(page, `menu-${dark ? "dark" : "light"}`);
    const away = await menu([{ kind: "away" }], { dark, width: 380, height: 600 });
    await away.getByRole("button", { name: "Start it" }).waitFor();
    await accessible(away, "menu without a tray");
    await shot(away, `menu-away-${dark ? "dark" : "light"}`);
    assert.deepEqual([...page.complaints, ...away.complaints], []);
    await page.context().close();
    await away.context().close();
  });
}

test("the menu's window: nothing runs out of it, however small or large", async () => {
  for (const [width, height] of [[280, 240], [380, 600], [3840, 2160]]) {
    const page = await menu([VIEW], { width, height });
    await page.getByRole("button", { name: /as-long-as/ }).click();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${over} px too wide at ${width}`);
    await shot(page, `menu-${width}`);
    await page.context().close();
  }
});

test("the menu's window: Tab and Enter alone do what the mouse does", async () => {
  const page = await menu([VIEW], { width: 380, height: 600 });
  const box = page.getByRole("button", { name: "box: running" });
  await box.waitFor();
  for (let at = 0; at < 10 && !(await box.evaluate((one) => one === document.activeElement)); at += 1) await page.keyboard.press("Tab");
  const outline = await box.evaluate((one) => getComputedStyle(one).outlineStyle);
  assert.notEqual(outline, "none", "the focus is seen");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.deepEqual(await page.evaluate(() => window.asked.filter(([command]) => command === "menu_click")), [["menu_click", { view: 1, path: [5, 0] }]]);
  await page.context().close();
});

for (const dark of [false, true]) {
  test(`the menu's window: an address that is asked for, ${dark ? "dark" : "light"}`, async () => {
    const asked = { ...VIEW, number: 2, items: [VIEW.items[0], { kind: "ask", label: "Sign in at which deployment?", hint: "dev.example.com" }, act("Not now"), ...VIEW.items.slice(2)] };
    const page = await menu([VIEW, asked], { dark, width: 280, height: 600 });
    await page.getByLabel("Sign in at which deployment?").waitFor();
    await focused(page, () => document.activeElement?.getAttribute("placeholder") === "dev.example.com", "what is asked has the focus");
    await accessible(page, "menu that asks");
    await shot(page, `menu-asks-${dark ? "dark" : "light"}`);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${over} px too wide`);
    await page.keyboard.type("dev.example.com");
    await page.keyboard.press("Enter");
    assert.deepEqual(await page.evaluate(() => window.asked.filter(([command]) => command === "menu_click")), [["menu_click", { view: 2, path: [1], text: "dev.example.com" }]]);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("the menu's page in a browser says where the menu is", async () => {
  const page = await openPage(house.browser, house.url);
  await page.goto("/menu");
  await page.getByText("homeport-desktop --menu").waitFor();
  await page.context().close();
});
