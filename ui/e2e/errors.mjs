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
    await page.route((url) => url.pathname.startsWith("/api/") && matches(call, url), (route) => (isBroken ? route.abort("connectionrefused") : route.continue()));
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
