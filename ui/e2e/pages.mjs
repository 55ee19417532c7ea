// Every page: axe in light and dark, screenshots at three widths, the keyboard, the first paint.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, openPage, shot } from "./browser.mjs";
import { focused, house, open } from "./house.mjs";
import { until } from "./server.mjs";

const WIDTHS = [[360, 740], [1280, 800], [3840, 2160]];
const PAGES = [
  { name: "sign-in", path: () => "/sign-in", isOut: true, ready: (page) => page.getByLabel("Email") },
  { name: "workspaces", path: () => "/workspaces", ready: (page) => page.getByRole("link", { name: "box", exact: true }) },
  { name: "workspace", path: (me) => `/@${me}/box?part=overview`, ready: (page) => page.getByText("workspace daemon", { exact: true }) },
  { name: "workspace-builds", path: (me) => `/@${me}/box?part=builds`, ready: (page) => page.getByText("Earlier builds") },
  { name: "workspace-clock", path: (me) => `/@${me}/box?part=clock`, ready: (page) => page.getByText("Autostop") },
  { name: "build", path: (me) => `/@${me}/box/builds/1`, ready: (page) => page.getByText("Asked for by") },
  { name: "terminal", path: (me) => `/@${me}/box/terminal`, ready: (page) => page.locator(".xterm-rows") },
  { name: "templates", path: () => "/templates", ready: (page) => page.getByRole("link", { name: "Process", exact: true }) },
  { name: "template", path: () => "/templates/process", ready: (page) => page.getByText("In use") },
  { name: "create", path: () => "/templates/process/workspace", ready: (page) => page.getByLabel("Name") },
  { name: "settings", path: () => "/settings", ready: (page) => page.getByText("ssh-ed25519").or(page.getByText("ecdsa-")).first() },
  { name: "tokens", path: () => "/tokens", ready: (page) => page.getByRole("button", { name: "New token" }) },
  { name: "cli-auth", path: () => "/cli-auth", ready: (page) => page.getByRole("button", { name: "Make the token" }) },
  { name: "hand-off", path: () => `/hand-off?port=9&state=${"A".repeat(32)}&challenge=${"A".repeat(43)}`, ready: (page) => page.getByRole("main").getByRole("button", { name: "Sign in" }) },
  { name: "health", path: () => "/health", ready: (page) => page.getByText("Database") },
  { name: "not-found", path: () => "/no/such/page", ready: (page) => page.getByText("There is no such page") },
];

const go = async (page, one) => {
  await page.goto(one.path(house.me.username));
  await one.ready(page).waitFor();
};

for (const dark of [false, true]) {
  test(`axe finds nothing serious, ${dark ? "dark" : "light"}`, async () => {
    const inside = await open({ dark });
    const outside = await open({ dark, state: undefined });
    for (const one of PAGES) {
      const page = one.isOut ? outside : inside;
      await go(page, one);
      await accessible(page, `${one.name}, ${dark ? "dark" : "light"}`);
      assert.deepEqual(page.complaints, [], one.name);
      if (dark) await shot(page, `${one.name}-dark-1280`);
    }
    await inside.context().close();
    await outside.context().close();
  });
}

test("nothing runs out of the window, from a telephone to a wall", async () => {
  for (const [width, height] of WIDTHS) {
    const inside = await open({ width, height });
    const outside = await open({ width, height, state: undefined });
    for (const one of PAGES) {
      const page = one.isOut ? outside : inside;
      await go(page, one);
      await shot(page, `${one.name}-${width}`);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `${one.name} is ${over} px too wide at ${width}`);
    }
    await inside.context().close();
    await outside.context().close();
  }
});

test("every page is reached and used with the keyboard", async () => {
  const page = await open();
  for (const one of PAGES) {
    if (one.isOut || one.name === "not-found") continue;
    await go(page, one);
    if (one.name === "terminal") continue;
    await focused(page, () => document.activeElement?.tagName === "H1", `${one.name} takes the focus to its head`);
    const wanted = await page.evaluate(() => document.querySelectorAll("main a[href], main button:not(:disabled), main input:not([type=radio]), main select, main textarea, main summary").length);
    const seen = new Set();
    for (let at = 0; at < wanted + 12; at += 1) {
      await page.keyboard.press("Tab");
      const place = await page.evaluate(() => {
        const on = document.activeElement;
        if (!on || on === document.body) return undefined;
        const style = getComputedStyle(on);
        return { key: on.outerHTML.slice(0, 300), isSeen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, what: on.outerHTML.slice(0, 120) };
      });
      if (!place) break;
      assert.ok(place.isSeen, `${one.name}: the focus on ${place.what} cannot be seen`);
      seen.add(place.key);
    }
    assert.ok(seen.size > 0, one.name);
  }
  await page.context().close();
});

test("the keyboard alone: skip link, search, a menu, a dialog", async () => {
  const page = await open();
  await go(page, PAGES[1]);
  await page.keyboard.press("/");
  await focused(page, () => document.activeElement?.getAttribute("type") === "search", "a slash goes to the search");
  await page.keyboard.type("status:running");
  await page.waitForURL("**q=status**");
  await page.getByRole("link", { name: "box", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/box");
  await page.getByRole("button", { name: "Stop", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("alertdialog").waitFor();
  for (let at = 0; at < 5; at += 1) {
    await page.keyboard.press("Tab");
    assert.ok(await page.evaluate(() => document.activeElement?.closest("[role=alertdialog]") !== null), "the dialog holds the focus");
  }
  await page.keyboard.press("Escape");
  await page.getByRole("alertdialog").waitFor({ state: "detached" });
  await focused(page, () => document.activeElement?.textContent === "Stop", "the focus goes back to what opened the dialog");
  await page.getByRole("button", { name: /^More actions/ }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Delete" }).waitFor();
  await page.keyboard.press("Escape");
  await focused(page, () => document.activeElement?.getAttribute("aria-label")?.startsWith("More actions"), "the focus goes back to what opened the menu");
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.evaluate(() => (document.activeElement instanceof HTMLElement ? document.activeElement.blur() : undefined));
  await page.locator("body").press("Tab");
  await page.getByRole("link", { name: "Skip to the page" }).focus();
  await page.keyboard.press("Enter");
  await focused(page, () => document.activeElement?.id === "main", "the link skips to the page");
  await page.context().close();
});

test("the theme can be chosen against the system", async () => {
  const page = await open();
  await go(page, PAGES[1]);
  const light = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByRole("button", { name: /^Theme/ }).click();
  await page.getByRole("menuitem", { name: "Dark" }).click();
  const dark = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await until("dark", async () => (await dark()) !== light);
  await page.reload();
  await PAGES[1].ready(page).waitFor();
  assert.notEqual(await dark(), light);
  await page.context().close();
});

test("a first paint comes, and its time is printed", async () => {
  const times = [];
  for (let at = 0; at < 5; at += 1) {
    const page = await openPage(house.browser, house.url);
    await page.goto("/sign-in");
    await page.getByLabel("Email").waitFor();
    times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime));
    await page.context().close();
  }
  times.sort((a, b) => a - b);
  console.log(`first paint, five times: ${times.map((time) => `${Math.round(time)} ms`).join(", ")}`);
  // 300 ms are the goal. A busy machine is no fault of the pages, so what fails is a page that does not paint.
  assert.ok(times[0] <= 3000, `${times[0]} ms`);
});
