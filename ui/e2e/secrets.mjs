// What a link may do (fill in, never act: A20), which addresses a page leads to (A19), and where secrets turn up (A21).
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openPage, shot } from "./browser.mjs";
import { house, open, pagesOf, pathOf, running, signIn } from "./house.mjs";
import { PASSWORD, Server, until } from "./server.mjs";

/** What pages send that could change something; the pages themselves and everything they read is left out. */
function changes(page) {
  const sent = [];
  page.on("request", (request) => {
    if (request.method() !== "GET") sent.push(`${request.method()} ${pathOf(request)}`);
  });
  page.on("websocket", (socket) => {
    if (socket.url().includes("/pty")) sent.push(`PTY ${new URL(socket.url()).search}`);
  });
  return sent;
}

const LINKS = [
  ["/templates/process/workspace?name=from-a-link", (page) => page.getByText("A link filled this form in.")],
  ["/templates/process/workspace?name=from-a-link&mode=auto", (page) => page.getByText("A link filled this form in.")],
  ["/templates/process/workspace?name=from-a-link&mode=auto&submit=1&autostart=true&param.a=b#create", (page) => page.getByText("A link filled this form in.")],
  ["/workspaces?q=name:box&action=delete&confirm=true", (page) => page.getByRole("link", { name: "box", exact: true })],
  ["/@me/box?action=stop&transition=stop", (page) => page.getByRole("button", { name: "Stop", exact: true })],
  ["/tokens?name=mine&create=true", (page) => page.getByRole("button", { name: "New token" })],
  ["/cli-auth?callback=http://evil.test&name=cli", (page) => page.getByRole("button", { name: "Make the token" })],
  ["/settings?theme=dark&suspend=me", (page) => page.getByText("Where you are signed in")],
  ["/@me/box/terminal?command=touch%20from-a-link", (page) => page.getByText("A link wants to run a command")],
];

test("A20: no link does anything by being opened", async () => {
  for (const [link, ready] of LINKS) {
    const page = await open();
    const sent = changes(page);
    await page.goto(link.replace("@me", `@${house.me.username}`));
    await ready(page).waitFor();
    await page.waitForLoadState("networkidle");
    assert.deepEqual(sent, [], link);
    await page.context().close();
  }
  assert.equal((await house.server.call("GET", "/workspaces?q=name:from-a-link")).count, 0);
});

test("A20, the control: a click is seen, and does what the link asked", async () => {
  const page = await open();
  const sent = changes(page);
  await page.goto("/templates/process/workspace?name=from-a-link");
  await page.getByRole("button", { name: "Create the workspace" }).click();
  await page.waitForURL("**/from-a-link*");
  assert.deepEqual(sent, ["POST /api/v2/users/me/workspaces"]);
  const { workspaces } = await house.server.call("GET", "/workspaces?q=name:from-a-link");
  assert.equal(workspaces.length, 1);
  await page.context().close();
  await running(house.server, "from-a-link");
  await house.server.call("POST", `/workspaces/${workspaces[0].id}/builds`, { transition: "delete" });
  await until("it to be gone", async () => (await house.server.call("GET", "/workspaces?q=name:from-a-link")).count === 0);
});

test("A20: a link's command runs in a terminal when a person says so, and is seen as it is", async () => {
  const page = await open();
  const sent = changes(page);
  await page.goto(`/@${house.me.username}/box/terminal?command=${encodeURIComponent("echo $((40+2))\u202e; sleep 60 # \u001b[2K")}`);
  await page.locator("pre", { hasText: "echo $((40+2))\\u{202e}; sleep 60 # \\u{1b}[2K" }).waitFor();
  await shot(page, "terminal-command");
  await page.getByRole("button", { name: "Open a shell without it" }).click();
  await page.getByText("Connected.").waitFor({ state: "attached" });
  assert.deepEqual(sent.map((one) => one.includes("command")), [false]);
  await page.goto(`/@${house.me.username}/box/terminal?command=${encodeURIComponent("echo $((40+2))answer; sleep 60")}`);
  await page.getByRole("button", { name: "Run the command" }).click();
  await page.locator(".xterm-rows").getByText("42answer").waitFor();
  await page.context().close();
});

test("A19: an app's address that runs code or opens files is no link; others open without a way back", async () => {
  const addresses = [
    ["javascript:alert(1)", false], ["JaVaScRiPt:alert(1)", false], [" javascript:alert(1)", false], ["java\nscript:alert(1)", false],
    ["data:text/html,x", false], ["vbscript:x", false], ["file:///etc/passwd", false], ["blob:http://x/1", false],
    ["smb://server/share", false], ["vscode://x?token=$SESSION_TOKEN", false], ["no address", false],
    ["https://example.com/", true], ["http://127.0.0.1:8080/", true], ["vscode://coder.coder-remote/open?a=b", true],
  ];
  const page = await open();
  await page.route("**/api/v2/users/*/workspace/box", async (route) => {
    const answer = await route.fetch();
    const one = await answer.json();
    one.latest_build.resources[0].agents[0].apps = addresses.map(([url], at) => ({ id: `app-${at}`, url, external: true, slug: `a${at}`, display_name: `App ${at}`, icon: "", subdomain: false, sharing_level: "owner", healthcheck: { url: "", interval: 0, threshold: 0 }, health: "disabled", hidden: false, open_in: "tab", statuses: [] }));
    await route.fulfill({ json: one });
  });
  // The watch would put the real workspace in its place.
  await page.routeWebSocket(/watch-ws/, () => {});
  await page.goto(`/@${house.me.username}/box`);
  await page.getByRole("heading", { name: "Apps" }).waitFor();
  for (const [at, [address, isLink]] of addresses.entries()) {
    const link = page.getByRole("link", { name: `App ${at}`, exact: true });
    assert.equal(await link.count(), isLink ? 1 : 0, JSON.stringify(address));
    if (isLink) assert.deepEqual([await link.getAttribute("rel"), await link.getAttribute("target")], ["noreferrer noopener", "_blank"]);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Keeps every place where a secret could turn up, and says in which a word is. */
function watchFor(page) {
  const places = { address: [], console: [], referrer: [] };
  page.on("request", (request) => {
    places.address.push(request.url());
    places.referrer.push(request.headers().referer ?? "");
  });
  page.on("websocket", (socket) => places.address.push(socket.url()));
  page.on("framenavigated", (frame) => places.address.push(frame.url()));
  page.on("console", (message) => places.console.push(message.text()));
  return {
    async found(secret, log) {
      const kept = await page.evaluate(async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.title, document.cookie, name, document.documentElement.outerHTML, await navigator.clipboard.readText().catch(() => "")]));
      const all = { ...places, kept: [kept], log: [log] };
      return Object.keys(all).filter((place) => all[place].some((text) => text.includes(secret)));
    },
  };
}

test("A21: no secret in an address, a log, the browser's stores or the clipboard, unless a person copies it there", async () => {
  const server = await new Server(["--first-workspace", "box"]).keepLog().start();
  const pages = await pagesOf(server);
  try {
    const me = await server.account();
    await running(server, "box");
    const page = await openPage(house.browser, pages.url);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: pages.url });
    const watch = watchFor(page);
    const secrets = [["password", PASSWORD], ["session of this computer", server.token.split("-")[1]]];
    const { code } = await server.call("POST", "/homeport/sign-in-codes");
    await signIn(page, me.email);
    const session = async () => (await page.context().cookies()).find(({ name }) => name === "coder_session_token").value.split("-")[1];
    secrets.push(["session", await session()]);
    await page.goto("/tokens");
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("Name").fill("canary");
    await page.getByRole("button", { name: "Make the token" }).click();
    const token = await page.getByRole("dialog").locator("code").innerText();
    secrets.push(["token", token.split("-")[1]]);
    await page.getByRole("button", { name: "I have kept it" }).click();
    for (const path of ["/workspaces", `/@${me.username}/box`, `/@${me.username}/box/terminal`, "/settings", "/health", "/templates"]) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      for (const button of await page.getByRole("button", { name: /^Copy / }).all()) await button.click();
    }
    for (const [name, secret] of secrets) assert.deepEqual(await watch.found(secret, server.log), [], name);
    // The control: what is put there is found. A token that its person copies is in the clipboard, and there alone.
    assert.ok((await watch.found("/api/v2/users/me", server.log)).includes("address"), "addresses are looked at");
    assert.match(server.log, /listening|ready|http/i, "the log is looked at");
    await page.evaluate((text) => navigator.clipboard.writeText(text), token);
    assert.deepEqual(await watch.found(token.split("-")[1], server.log), ["kept"]);
    await page.evaluate(() => navigator.clipboard.writeText(""));
    // A one-use code comes in the part of an address that is not sent, and leaves the line at once.
    const late = await openPage(house.browser, pages.url);
    const sent = [];
    late.on("request", (request) => sent.push(request.url(), request.headers().referer ?? ""));
    await late.goto(`/sign-in#code=${code}`);
    await late.waitForURL("**/workspaces");
    await late.goBack().catch(() => {});
    assert.deepEqual(sent.filter((text) => text.includes(code) && !text.includes("#")), []);
    assert.ok(!late.url().includes(code) && !server.log.includes(code));
    await late.context().close();
    await page.context().close();
    const files = ["server.log", "homeport-server.log"].map((name) => join(server.data, name)).filter((path) => existsSync(path));
    for (const path of files) for (const [name, secret] of secrets) assert.ok(!readFileSync(path, "utf8").includes(secret), `${name} in ${path}`);
  } finally {
    await pages.close();
    await server.remove();
  }
});
