// A path on every page with the keyboard alone: Tab until the control has the focus, then the key that a person would press.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./browser.mjs";
import { focused, house, open, pagesOf, reach } from "./house.mjs";
import { PASSWORD, Server, until } from "./server.mjs";

async function press(page, wanted, key = "Enter") {
  await reach(page, wanted, wanted.toString());
  await page.keyboard.press(key);
}

async function type(page, wanted, text) {
  await reach(page, wanted, wanted.toString());
  await page.keyboard.press("Control+A");
  await page.keyboard.type(text);
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const head = (page, name) => page.getByRole("heading", { level: 1, name });

const PATHS = [
  ["the list: pick one, ask to stop it, think better of it", "/workspaces", async (page) => {
    await press(page, page.getByRole("checkbox", { name: "Pick box" }), "Space");
    await press(page, button(page, "Stop"));
    await page.getByRole("alertdialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog").waitFor({ state: "detached" });
  }],
  ["the list: a quick filter on and off", "/workspaces", async (page) => {
    await press(page, button(page, "Stopped"), "Space");
    await page.waitForURL("**q=status**");
    await page.getByText("No workspace is like that").waitFor();
    await press(page, button(page, "Stopped"), "Space");
    await page.getByRole("link", { name: "box", exact: true }).waitFor();
  }],
  ["a workspace: its parts by the arrow keys", "/@me/box?part=overview", async (page) => {
    await reach(page, page.getByRole("tab", { name: "Overview" }), "the parts");
    await page.keyboard.press("ArrowRight");
    await page.getByText("Earlier builds").waitFor();
    await page.keyboard.press("End");
    await page.getByText("Autostop", { exact: true }).waitFor();
  }],
  ["a workspace: a build of its history", "/@me/box?part=builds", async (page) => {
    await press(page, page.getByRole("link", { name: /^#1 start/ }));
    await page.getByText("Asked for by").waitFor();
  }],
  ["a workspace: copy its ssh command", "/@me/box?part=overview", async (page) => {
    await press(page, button(page, "Copy the ssh command"), "Space");
    await page.getByRole("status").getByText(/the ssh command (copied|is selected)/).waitFor();
  }],
  ["the clock: a day on, saved, and off again", "/@me/box?part=clock", async (page) => {
    const panel = page.locator("section", { has: page.getByRole("heading", { name: "Autostart" }) });
    await press(page, panel.getByRole("button", { name: "Sun" }), "Space");
    await press(page, panel.getByRole("button", { name: "Save" }));
    await panel.getByText(/Sun.* at 08:00/).waitFor();
    await press(page, panel.getByRole("button", { name: "Switch off" }));
    await panel.getByText("Off", { exact: true }).waitFor();
  }],
  ["a build: its log is scrolled", "/@me/box/builds/1", async (page) => {
    await reach(page, page.getByRole("log"), "the log");
  }],
  ["the terminal: into it, and out again", "/@me/box/terminal", async (page) => {
    await page.getByText("Connected.").waitFor({ state: "attached" });
    await page.locator(".xterm-helper-textarea").focus();
    await page.keyboard.type("echo $((6*7))keys\n");
    await page.locator(".xterm-rows").getByText("42keys").waitFor();
    await page.keyboard.press("Control+Escape");
    await press(page, page.getByRole("link", { name: "Back to box" }));
    await head(page, /box/).waitFor();
  }],
  ["the templates: to one, and to a new workspace of it", "/templates", async (page) => {
    await press(page, page.getByRole("link", { name: "Process", exact: true }));
    await page.getByText("In use").waitFor();
    await press(page, page.getByRole("link", { name: "New workspace" }));
    await head(page, "New workspace of Process").waitFor();
  }],
  ["a new workspace: a wrong name has the focus back", "/templates/process/workspace", async (page) => {
    await type(page, page.getByLabel("Name"), "not good");
    await page.keyboard.press("Enter");
    await focused(page, () => document.activeElement?.getAttribute("aria-invalid") === "true", "the fault has the focus");
  }],
  ["the tokens: one is made, kept, and revoked", "/tokens", async (page) => {
    await press(page, button(page, "New token"));
    await type(page, page.getByLabel("Name"), "by-keyboard");
    await page.keyboard.press("Enter");
    await press(page, button(page, "I have kept it"));
    await press(page, button(page, "Revoke by-keyboard"));
    await press(page, page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }));
    await page.getByText("by-keyboard", { exact: true }).waitFor({ state: "detached" });
  }],
  ["signing a command line in", "/cli-auth", async (page) => {
    await press(page, button(page, "Make the token"));
    await page.getByText("It is shown now and never again.").waitFor();
    for (const { id, token_name } of await house.server.call("GET", "/users/me/keys/tokens")) if (token_name === "cli") await house.server.call("DELETE", `/users/me/keys/${id}`);
  }],
  ["the settings: the look by the arrow keys", "/settings", async (page) => {
    await reach(page, page.getByRole("radio", { name: /As the system/ }), "the look");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await until("dark", () => page.evaluate(() => document.documentElement.dataset.theme === "dark"));
  }],
  ["the health: copy the command", "/health", async (page) => {
    await press(page, button(page, "Copy the command"), "Space");
    await page.getByRole("status").getByText(/the command (copied|is selected)/).waitFor();
  }],
  ["no page: back to the list", "/no/such/page", async (page) => {
    await press(page, page.getByRole("link", { name: "To the workspaces" }));
    await page.getByRole("link", { name: "box", exact: true }).waitFor();
  }],
  ["signing out by the menu", "/workspaces", async (page) => {
    await reach(page, button(page, `Account ${house.me.username}`), "the account");
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Settings" }).waitFor();
    await page.keyboard.press("Escape");
  }],
];

for (const [name, path, walk] of PATHS) {
  test(`keyboard, ${name}`, async () => {
    const page = await open();
    await page.goto(path.replace("@me", `@${house.me.username}`));
    await page.getByRole("heading", { level: 1 }).waitFor();
    await walk(page);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test("keyboard, signing in", async () => {
  const page = await openPage(house.browser, house.url);
  await page.goto("/sign-in");
  await type(page, page.getByLabel("Email"), house.me.email);
  await type(page, page.getByLabel("Password", { exact: true }), PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/workspaces");
  await page.context().close();
});

test("keyboard, the first account", async () => {
  const server = await new Server(["--no-local-user"]).start();
  const pages = await pagesOf(server);
  try {
    const page = await openPage(house.browser, pages.url);
    await page.goto("/first");
    await type(page, page.getByLabel("User name"), "ada");
    await type(page, page.getByLabel("Email"), "ada@example.com");
    await type(page, page.getByLabel("Password"), PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByText("No workspace yet").waitFor();
    await page.context().close();
  } finally {
    await pages.close();
    await server.remove();
  }
});
