// When things are gone: each page says what happened and what to do, and comes back by itself or by a button.
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, openPage, shot } from "./browser.mjs";
import { house, open, pagesOf, running, signIn } from "./house.mjs";
import { Server } from "./server.mjs";

const CALLS = [
  ["workspaces", () => "/workspaces", "**/api/v2/workspaces?*"],
  ["workspace", (me) => `/@${me}/box`, "**/api/v2/users/*/workspace/box"],
  ["build", (me) => `/@${me}/box/builds/1`, "**/builds/1"],
  ["terminal", (me) => `/@${me}/box/terminal`, "**/api/v2/users/*/workspace/box"],
  ["templates", () => "/templates", "**/api/v2/templates"],
  ["template", () => "/templates/process", "**/templates/process"],
  ["create", () => "/templates/process/workspace", "**/rich-parameters"],
  ["settings", () => "/settings", "**/gitsshkey"],
  ["tokens", () => "/tokens", "**/keys/tokens"],
  ["health", () => "/health", "**/debug/health"],
  ["account", () => "/workspaces", "**/api/v2/users/me"],
];

test("a server that cannot answer is said on each page, and asked again by the button", async () => {
  for (const [name, path, call] of CALLS) {
    const page = await open();
    let isBroken = true;
    await page.route((url) => url.pathname.includes("/api/") && matches(call, url), (route) => (isBroken ? route.abort("connectionrefused") : route.continue()));
    await page.goto(path(house.me.username));
    const panel = page.getByRole("alert").filter({ hasText: "The server cannot be reached." });
    await panel.waitFor();
    assert.match(await panel.innerText(), /Check that the server runs/, name);
    await accessible(page, `${name} without a server`);
    await shot(page, `error-${name}`);
    isBroken = false;
    await panel.getByRole("button", { name: "Try again" }).click();
    await panel.waitFor({ state: "detached" });
    await page.context().close();
  }
});

// The same calls, and those that the rows above leave out: [page, address, call, how the answer is drawn on].
const PARTS = [
  ...CALLS,
  ["sessions", () => "/settings", "**/homeport/sessions"],
  ["accounts", () => "/settings", "**/api/v2/users"],
  ["versions", () => "/templates/process", "**/templates/*/versions"],
  ["parameters", () => "/templates/process", "**/rich-parameters"],
  ["history", (me) => `/@${me}/box?part=builds`, "**/workspaces/*/builds?limit=50"],
  ["ports", (me) => `/@${me}/box?part=overview`, "**/listening-ports"],
  ["deployment", () => "/health", "**/buildinfo"],
];

test("an answer that says the server is broken is shown in its words on each page, and asked again", async () => {
  for (const [name, path, call] of PARTS) {
    const page = await open();
    let isBroken = true;
    await page.route((url) => url.pathname.includes("/api/") && matches(call, url), (route) => (isBroken ? route.fulfill({ status: 500, json: { message: "The disk is full.", detail: "database or disk is full" } }) : route.continue()));
    await page.goto(path(house.me.username));
    const panel = page.getByRole("alert").filter({ hasText: "The disk is full." }).first();
    await panel.getByText("database or disk is full").waitFor();
    await shot(page, `broken-${name}`);
    isBroken = false;
    await panel.getByRole("button", { name: "Try again" }).click();
    await panel.waitFor({ state: "detached" });
    assert.deepEqual(page.complaints, [], name);
    await page.context().close();
  }
});

test("forms that the server refuses keep what was typed and say why", async () => {
  const refuse = (page, call, status, body) => page.route((url) => matches(call, url), (route) => (route.request().method() === "GET" ? route.continue() : route.fulfill({ status, json: body })));
  const rows = [
    ["cli-auth", "/cli-auth", "**/keys/tokens", 409, { message: "A token with this name already exists." }, async (page) => page.getByRole("button", { name: "Make the token" }).click(), (page) => page.getByLabel("Name"), "cli"],
    ["password", "/settings", "**/users/me/password", 400, { message: "The old password is wrong.", validations: [{ field: "old_password", detail: "It is wrong." }] }, async (page) => {
      await page.getByLabel("New password").fill("another-password");
      await page.getByRole("button", { name: "Change the password" }).click();
    }, (page) => page.getByLabel("New password"), "another-password"],
    ["rename", `/@me/box?part=clock`, "**/workspaces/*", 409, { message: "The name is taken." }, async (page) => {
      await page.getByLabel("Name of the workspace").fill("other");
      await page.getByRole("button", { name: "Rename" }).click();
    }, (page) => page.getByLabel("Name of the workspace"), "other"],
  ];
  for (const [name, path, call, status, body, send, field, kept] of rows) {
    const page = await open();
    await refuse(page, call, status, body);
    await page.goto(path.replace("@me", `@${house.me.username}`));
    await field(page).waitFor();
    await send(page);
    await page.getByRole("alert").getByText(body.message).waitFor();
    assert.equal(await field(page).inputValue(), kept, name);
    await shot(page, `refused-${name}`);
    await page.context().close();
  }
  // Signing in, and the first account: nobody is signed in there.
  const out = await openPage(house.browser, house.url);
  await refuse(out, "**/users/login", 429, { message: "Too many failed sign-ins. Please wait.", detail: "Try again in 40 seconds." });
  await out.goto("/sign-in");
  await out.getByLabel("Email").fill("ada@example.com");
  await out.getByLabel("Password", { exact: true }).fill("wrong");
  await out.getByRole("button", { name: "Sign in", exact: true }).click();
  await out.getByRole("alert").getByText("Try again in 40 seconds.").waitFor();
  await shot(out, "refused-sign-in");
  await out.route("**/api/v2/users/first", (route) => route.fulfill(route.request().method() === "GET" ? { status: 404, json: { message: "none" } } : { status: 409, json: { message: "The initial user has already been created." } }));
  await out.goto("/first");
  await out.getByLabel("User name").fill("ada");
  await out.getByLabel("Email").fill("ada@example.com");
  await out.getByLabel("Password").fill("a-long-password-1");
  await out.getByRole("button", { name: "Create the account" }).click();
  await out.getByRole("alert").getByText("The initial user has already been created.").waitFor();
  await shot(out, "refused-first");
  await out.context().close();
});

test("where nothing is, it is said, with the next step", async () => {
  const rows = [
    ["workspaces", "/workspaces", /\/api\/v2\/workspaces\?/, { workspaces: [], count: 0 }, "No workspace yet"],
    ["search", "/workspaces?q=name:none", /\/none$/, undefined, "No workspace is like that"],
    ["templates", "/templates", /\/api\/v2\/templates$/, [], "No template"],
    ["tokens", "/tokens", /keys\/tokens$/, [], "No token yet"],
    ["versions", "/templates/process", /\/versions$/, [], "No version"],
    ["builds", "/@me/box?part=builds", /\/builds\?limit/, [], "No build yet"],
    ["ports", "/@me/box?part=overview", /listening-ports$/, { ports: [] }, "No program was reported to listen."],
  ];
  for (const [name, path, call, body, words] of rows) {
    const page = await open();
    if (body !== undefined) await page.route(call, (route) => route.fulfill({ json: body }));
    await page.goto(path.replace("@me", `@${house.me.username}`));
    await page.getByText(words).waitFor();
    await accessible(page, `${name}, empty`);
    await shot(page, `empty-${name}`);
    await page.context().close();
  }
});

function matches(glob, url) {
  const pattern = new RegExp(glob.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("**", ".*").replaceAll(/(?<!\.)\*/g, "[^/]*") + "$");
  return pattern.test(url.href.replace(/\?$/, ""));
}

test("what is not there is said, with a way back", async () => {
  const page = await open();
  for (const path of [`/@${house.me.username}/nothing`, "/@nobody/box", `/@${house.me.username}/box/builds/99`, `/@${house.me.username}/nothing/terminal`, "/templates/nothing", "/templates/nothing/workspace"]) {
    await page.goto(path);
    await page.getByRole("alert").getByText("Go back to the list.").waitFor();
  }
  await shot(page, "error-missing");
  await page.goto("/workspaces?q=colour:red");
  await page.locator("#search-help").getByText("is not a search word").waitFor();
  await page.context().close();
});

test("a part of the pages that is gone leaves a panel, not a blank page", async () => {
  const page = await open();
  await page.route("**/assets/health-*.js", (route) => route.abort());
  await page.goto("/workspaces");
  await page.getByRole("navigation").getByRole("link", { name: "Health" }).click();
  await page.getByRole("alert").getByText("A part of this page could not be loaded.").waitFor();
  await shot(page, "error-chunk");
  await page.context().close();
});

test("a terminal that is refused says so and can be tried again", async () => {
  const page = await open();
  await page.routeWebSocket(/\/pty\?/, (socket) => socket.close({ code: 1011 }));
  await page.goto(`/@${house.me.username}/box/terminal`);
  await page.getByRole("button", { name: /Try again|Open a new shell/ }).waitFor();
  await shot(page, "error-terminal-refused");
  await page.context().close();
});

test("a server that stops under an open page is said, and the page recovers when it is back", async () => {
  const server = await new Server(["--first-workspace", "box"]).start();
  const pages = await pagesOf(server);
  try {
    const me = await server.account();
    await running(server, "box");
    const page = await openPage(house.browser, pages.url);
    await signIn(page, me.email);
    await page.getByRole("link", { name: "box", exact: true }).waitFor();
    await server.stop();
    await page.getByRole("alert").getByText("The server cannot be reached.").first().waitFor({ timeout: 30_000 });
    assert.ok(await page.getByRole("link", { name: "box", exact: true }).isVisible(), "what was known stays in sight");
    await shot(page, "error-server-gone");
    await server.start();
    await page.getByRole("alert").waitFor({ state: "detached", timeout: 30_000 });
    await page.context().close();
  } finally {
    await pages.close();
    await server.remove();
  }
});

test("a failed build says why, in the list and on its page", async () => {
  const server = await new Server(["--daemon-binary", "/no/such/program"]).start();
  const pages = await pagesOf(server);
  try {
    const me = await server.account();
    const [template] = (await server.call("GET", "/templates")).filter((one) => one.name === "process");
    await server.call("POST", "/users/me/workspaces", { template_id: template.id, name: "broken" });
    const page = await openPage(house.browser, pages.url);
    await signIn(page, me.email, `/@${me.username}/broken`);
    const panel = page.getByRole("alert").filter({ hasText: "Build 1 failed" });
    await panel.waitFor();
    assert.match(await panel.innerText(), /\/no\/such\/program is not there[^]*mend the cause/);
    await shot(page, "error-failed-build");
    await accessible(page, "a failed build");
    await page.goto("/workspaces?q=status:failed");
    await page.getByRole("listitem").getByText("Failed", { exact: true }).waitFor();
    await shot(page, "error-failed-list");
    await page.context().close();
  } finally {
    await pages.close();
    await server.remove();
  }
});
