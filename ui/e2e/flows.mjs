// What people do: sign in, look, start and stop, open a terminal, create, make a token, be the first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, shot } from "./browser.mjs";
import { focused, house, open, pagesOf, signIn } from "./house.mjs";
import { Server, until } from "./server.mjs";

const none = (page) => assert.deepEqual(page.complaints, []);
const mark = (page, text) => page.getByRole("heading", { level: 1 }).getByText(text, { exact: true });

test("a wrong password is said, the right one leads where the person wanted to go", async () => {
  const page = await openPage(house.browser, house.url);
  await page.goto("/templates");
  await page.getByLabel("Email").fill(house.me.email);
  await page.getByLabel("Password", { exact: true }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").getByText("Incorrect email or password.").waitFor();
  await signInHere(page);
  await page.waitForURL("**/templates");
  await page.getByRole("link", { name: "Process", exact: true }).waitFor();
  none(page);
  await page.context().close();
});

async function signInHere(page) {
  await page.getByLabel("Password", { exact: true }).fill("a-long-password-1");
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a one-use code signs in, and is gone from the address and for others", async () => {
  const { code } = await house.server.call("POST", "/homeport/sign-in-codes");
  const page = await openPage(house.browser, house.url);
  await page.goto(`/sign-in#code=${code}`);
  await page.waitForURL("**/workspaces");
  const late = await openPage(house.browser, house.url);
  await late.goto(`/sign-in#code=${code}`);
  await late.getByRole("alert").waitFor();
  assert.ok(!late.url().includes(code));
  await page.context().close();
  await late.context().close();
});

test("box is stopped with a question and started without, and the page follows live", async () => {
  const page = await open();
  await page.goto(`/@${house.me.username}/box`);
  await mark(page, "Running").waitFor();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
  await mark(page, "Stopped").waitFor();
  const list = await open();
  await list.goto("/workspaces?q=status:stopped");
  await list.getByRole("button", { name: "Start box" }).click();
  await mark(page, "Running").waitFor();
  await page.getByText("Ready", { exact: true }).waitFor();
  none(page);
  none(list);
  await page.context().close();
  await list.context().close();
});

test("many are stopped and started at once from the list", async () => {
  const page = await open();
  await page.goto("/workspaces");
  await page.getByRole("checkbox", { name: "Pick box" }).check();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped", { exact: true }).last().waitFor();
  await page.getByRole("checkbox", { name: "Pick box" }).check();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Start" }).click();
  await page.getByRole("listitem").getByText("Running", { exact: true }).waitFor();
  none(page);
  await page.context().close();
});

test("a terminal runs a command, in colour, and goes on after a reload of the line", async () => {
  const page = await open();
  await page.goto(`/@${house.me.username}/box/terminal`);
  await page.getByText("Connected.").waitFor({ state: "attached" });
  await page.locator(".xterm-helper-textarea").focus();
  await page.keyboard.type("printf '\\033[38;2;10;200;30m%s\\033[0m\\n' $((40+2))answer\n");
  const answer = page.locator(".xterm-rows span", { hasText: "42answer" });
  await answer.waitFor();
  assert.equal(await answer.evaluate((cell) => getComputedStyle(cell).color), "rgb(10, 200, 30)");
  none(page);
  await shot(page, "terminal-answer");
  await page.keyboard.press("Control+Escape");
  await focused(page, () => document.activeElement?.id === "main", "Control+Escape leaves the terminal");
  await page.context().close();
});

test("a link fills the form of a new workspace in; a person makes it, and deletes it by its name", async () => {
  const page = await open();
  await page.goto("/templates/process/workspace?name=from-link");
  await page.getByText("A link filled this form in.").waitFor();
  const before = await house.server.call("GET", "/workspaces?q=name:from-link");
  assert.equal(before.count, 0);
  await page.getByLabel("Name").fill("not good");
  await page.getByRole("button", { name: "Create the workspace" }).click();
  await page.getByText("Letters and digits, in words joined by single dashes.").waitFor();
  await focused(page, () => document.activeElement?.getAttribute("aria-invalid") === "true", "the fault has the focus");
  await page.getByLabel("Name").fill("made-here");
  await page.getByRole("button", { name: "Create the workspace" }).click();
  await page.waitForURL("**/made-here*");
  await mark(page, "Running").waitFor({ timeout: 30_000 });
  await page.getByRole("tab", { name: "Builds" }).click();
  await page.getByRole("log").getByText(/\w/).first().waitFor();
  await page.getByRole("button", { name: "More actions for made-here" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByLabel(/Type made-here/).fill("made-here");
  await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL("**/workspaces");
  await until("it to be gone", async () => (await house.server.call("GET", "/workspaces?q=name:made-here")).count === 0);
  none(page);
  await page.context().close();
});

test("a token is shown once, works, and is void when revoked", async () => {
  const page = await open();
  await page.goto("/tokens");
  await page.getByRole("button", { name: "New token" }).click();
  await page.getByLabel("Name").fill("laptop");
  await page.getByRole("button", { name: "Make the token" }).click();
  const token = await page.getByRole("dialog").locator("code").innerText();
  const ask = () => fetch(`${house.server.url}/api/v2/users/me`, { headers: { "Coder-Session-Token": token } });
  assert.equal((await ask()).status, 200);
  await page.getByRole("button", { name: "I have kept it" }).click();
  assert.ok(!(await page.content()).includes(token.split("-")[1]));
  await page.getByRole("button", { name: "Revoke laptop" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
  await page.getByText("No token yet").or(page.getByText("laptop was revoked.")).first().waitFor();
  assert.equal((await ask()).status, 401);
  none(page);
  await page.context().close();
});

test("the first account is made where there is none", async () => {
  const server = await new Server(["--no-local-user"]).start();
  const pages = await pagesOf(server);
  try {
    const page = await openPage(house.browser, pages.url);
    await page.goto("/");
    await page.waitForURL("**/first");
    await shot(page, "first-1280");
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByText("A name is needed.").waitFor();
    await page.getByLabel("User name").fill("ada");
    await page.getByLabel("Email").fill("ada@example.com");
    await page.getByLabel("Password").fill("a-long-password-1");
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.waitForURL("**/workspaces");
    await page.getByText("No workspace yet").waitFor();
    none(page);
    await page.context().close();
  } finally {
    await pages.close();
    await server.remove();
  }
});

test("the owner makes an account, which signs in until it is suspended", async () => {
  const page = await open();
  await page.goto("/settings");
  await page.getByRole("button", { name: "New account" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("User name").fill("grace");
  await dialog.getByLabel("Email").fill("grace@example.com");
  await dialog.getByLabel("Password").fill("a-long-password-1");
  await dialog.getByRole("button", { name: "Make the account" }).click();
  await page.getByRole("button", { name: "Suspend grace" }).waitFor();
  const other = await openPage(house.browser, house.url);
  await signIn(other, "grace@example.com");
  await other.getByText("No workspace yet").waitFor();
  await page.getByRole("button", { name: "Suspend grace" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Suspend" }).click();
  await page.getByText("Suspended", { exact: true }).waitFor();
  await other.goto("/tokens");
  await other.waitForURL("**/sign-in**");
  none(page);
  await page.context().close();
  await other.context().close();
});

test("the settings say where one is signed in, and end a session elsewhere", async () => {
  const other = await openPage(house.browser, house.url);
  await signIn(other, house.me.email);
  await other.goto("/settings");
  const own = other.getByRole("listitem").filter({ hasText: "This window" });
  const id = (await own.locator("code").innerText()).replace("…", "");
  const page = await open();
  await page.goto("/settings");
  await page.getByRole("button", { name: `End the session ${id}` }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "End" }).click();
  await page.getByText(id).waitFor({ state: "detached" });
  await other.goto("/tokens");
  await other.waitForURL("**/sign-in**");
  none(page);
  await page.context().close();
  await other.context().close();
});

test("signing out ends the session", async () => {
  const page = await openPage(house.browser, house.url);
  await signIn(page, house.me.email);
  await page.getByRole("button", { name: `Account ${house.me.username}` }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.waitForURL("**/sign-in");
  await page.goto("/tokens");
  await page.waitForURL("**/sign-in**");
  await page.context().close();
});
