// What moves by itself: the list follows the server, a restart goes on wherever its person goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, shot } from "./browser.mjs";
import { house, pagesOf, running, signIn } from "./house.mjs";
import { Server, until } from "./server.mjs";

/** A house of its own: these tests count what is asked and start and stop its workspace. */
async function ownHouse(run) {
  const server = await new Server(["--first-workspace", "box"]).start();
  const pages = await pagesOf(server);
  try {
    const me = await server.account();
    await running(server, "box");
    const page = await openPage(house.browser, pages.url);
    page.lists = 0;
    page.on("request", (request) => (page.lists += isListUrl(new URL(request.url())) ? 1 : 0));
    await signIn(page, me.email);
    await run({ server, page, me, url: pages.url });
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  } finally {
    await pages.close();
    await server.remove();
  }
}

const isListUrl = (url) => url.pathname.endsWith("/api/v2/workspaces");
const latest = async (server) => (await server.call("GET", "/users/me/workspace/box")).latest_build;

test("a change made elsewhere is in the list without asking for it; a new workspace and one that goes are too", async () => {
  await ownHouse(async ({ server, page }) => {
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: "box", exact: true }) });
    await row.getByText("Running", { exact: true }).waitFor();
    // It is asked for when the page opens and when the stream stands, then only slowly.
    await until("the stream", () => page.lists >= 2);
    // From here on no question is answered: what the list shows came by the stream.
    await page.route(isListUrl, (route) => route.abort());
    const { id } = await server.call("GET", "/users/me/workspace/box");
    const began = Date.now();
    await server.call("POST", `/workspaces/${id}/builds`, { transition: "stop" });
    await row.getByText("Stopped", { exact: true }).waitFor();
    const took = Date.now() - began;
    await server.call("PUT", `/workspaces/${id}/favorite`);
    await row.getByRole("button", { name: "Take box from the favourites" }).waitFor();
    await page.unroute(isListUrl);
    console.log(`a stop ordered through the API was in the list, ended, after ${took} ms`);
    const [template] = (await server.call("GET", "/templates")).filter((one) => one.name === "process");
    const made = await server.call("POST", "/users/me/workspaces", { template_id: template.id, name: "second" });
    // The slow question comes every 30 s: this waits less.
    await page.getByRole("link", { name: "second", exact: true }).waitFor({ timeout: 20_000 });
    await page.getByText("2 workspaces").waitFor();
    await until("second to run", async () => (await server.call("GET", `/workspaces/${made.id}`)).latest_build.status === "running");
    await server.call("POST", `/workspaces/${made.id}/builds`, { transition: "delete" });
    await page.getByRole("link", { name: "second", exact: true }).waitFor({ state: "detached", timeout: 20_000 });
  });
});

test("without the stream the list is asked for now and then, which the test above would notice", async () => {
  await ownHouse(async ({ server, page }) => {
    await page.routeWebSocket(/\/homeport\/workspaces\/watch/, (socket) => socket.close({ code: 1011 }));
    await page.reload();
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: "box", exact: true }) });
    await row.getByText("Running", { exact: true }).waitFor();
    const before = page.lists;
    const { id } = await server.call("GET", "/users/me/workspace/box");
    await server.call("POST", `/workspaces/${id}/builds`, { transition: "stop" });
    await row.getByText("Stopped", { exact: true }).waitFor({ timeout: 30_000 });
    assert.ok(page.lists > before, "it was asked for");
  });
});

/** Holds the log of the stop, by which the page sees its end, until `open` is called. */
async function heldStop(page) {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  await page.context().route(/\/api\/v2\/workspacebuilds\/[^/]+$/, async (route) => {
    await gate;
    await route.continue().catch(() => {});
  });
  return open;
}

const restarting = (page) => page.getByRole("status").filter({ hasText: "Keep this window open until then." });

async function orderRestart(page, me) {
  await page.goto(`/@${me.username}/box`);
  await page.getByRole("button", { name: "More actions for box" }).click();
  await page.getByRole("menuitem", { name: "Restart" }).click();
  await page.getByRole("alertdialog").getByText("keep this window open until then").waitFor();
  await page.getByRole("alertdialog").getByRole("button", { name: "Restart" }).click();
  await restarting(page).waitFor();
}

const restarted = (server, from) => until("box to run again", async () => {
  const now = await latest(server);
  return now.build_number === from + 2 && now.transition === "start" && now.status === "running";
});

test("a restart goes on while its person reads other pages, and the window warns before it is closed", async () => {
  await ownHouse(async ({ server, page, me }) => {
    const from = (await latest(server)).build_number;
    const open = await heldStop(page);
    await orderRestart(page, me);
    await page.getByRole("link", { name: "Templates" }).first().click();
    await page.getByRole("heading", { level: 1, name: "Templates" }).waitFor();
    await restarting(page).waitFor();
    await shot(page, "restart-elsewhere");
    await until("the stop", async () => (await latest(server)).status === "stopped");
    let asked = "";
    page.once("dialog", (dialog) => {
      asked = dialog.type();
      void dialog.dismiss();
    });
    await page.close({ runBeforeUnload: true });
    await until("the question of the browser", () => asked === "beforeunload");
    assert.ok(!page.isClosed(), "a person who stays goes on");
    open();
    await restarted(server, from);
    await restarting(page).waitFor({ state: "detached" });
    // With nothing under way the window closes without a word.
    asked = "";
    page.on("dialog", (dialog) => { asked = dialog.type(); void dialog.accept(); });
    await page.goto("about:blank");
    assert.equal(asked, "");
  });
});

test("a window that is closed in the middle of a restart leaves the start to the next one", async () => {
  await ownHouse(async ({ server, page, me, url }) => {
    const from = (await latest(server)).build_number;
    await heldStop(page);
    await orderRestart(page, me);
    await until("the stop", async () => (await latest(server)).status === "stopped");
    const state = await page.context().storageState();
    await page.context().close();
    assert.equal((await latest(server)).build_number, from + 1, "nothing started it yet");
    const next = await openPage(house.browser, url, { state });
    await next.goto("/templates");
    await restarted(server, from);
    assert.equal((await latest(server)).build_number, from + 2, "and once");
    await next.context().close();
  });
});

test("a start that is refused says so above every page, and can be tried by hand", async () => {
  await ownHouse(async ({ server, page, me }) => {
    const from = (await latest(server)).build_number;
    let isRefused = true;
    await page.route(/\/workspaces\/[^/]+\/builds$/, (route) => {
      const isStart = route.request().method() === "POST" && route.request().postDataJSON().transition === "start";
      return isStart && isRefused ? route.fulfill({ status: 500, json: { message: "The disk is full." } }) : route.continue();
    });
    await orderRestart(page, me);
    const panel = page.getByRole("alert").filter({ hasText: "box was stopped for a restart and not started again" });
    await panel.getByText("The disk is full.").waitFor();
    // Loaded again, the page tries once more, and says so again.
    await page.goto("/health");
    await panel.waitFor();
    isRefused = false;
    await shot(page, "error-restart");
    await panel.getByRole("button", { name: "Start box" }).click();
    await restarted(server, from);
    await panel.waitFor({ state: "detached" });
  });
});
