// What the tests share: one server with `box` running, one browser, a signed-in state, and the pages of the server or,
// where it was built without them, of the front.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { front } from "./front.mjs";
import { launch, openPage } from "./browser.mjs";
import { freePort, PASSWORD, Server, until } from "./server.mjs";

export const house = {};

/** `HOMEPORT_E2E_FRONT=1` shows the pages of `ui/dist`, for a server that has older ones inside. */
export async function pagesOf(server) {
  const text = await (await fetch(`${server.url}/workspaces`, { headers: { accept: "text/html" } })).text();
  if (text.includes('id="root"') && !process.env.HOMEPORT_E2E_FRONT) return { url: server.url, close: () => {}, isEmbedded: true };
  return { ...(await front(server, await freePort())), isEmbedded: false };
}

export async function signIn(page, email, next = "/workspaces") {
  await page.goto(next);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

/** What a request asks for, without the path to which the session's cookie goes. */
export const pathOf = (request) => new URL(request.url()).pathname.replace(COOKIE_PATH, "");
const COOKIE_PATH = /^\/at\/[A-Za-z0-9]{32}(?=\/)/;

/** The path to which the cookie of the house's session goes; only our own pages can know it. */
export function cookiePath() {
  const path = house.state.origins.flatMap(({ localStorage }) => localStorage).find(({ name }) => name === "homeport-cookie-path")?.value;
  assert.match(path, /^\/at\/[A-Za-z0-9]{32}$/);
  return path;
}

/** A signed-in page of the house. */
export const open = (options = {}) => openPage(house.browser, house.url, { state: house.state, ...options });

/** Presses Tab until `wanted` has the focus; a control that Tab does not reach is a failure. */
export async function reach(page, wanted, what) {
  await wanted.waitFor();
  for (let at = 0; at < 80; at += 1) {
    if (await wanted.evaluate((one) => one === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not reach ${what}`);
}

/** Waits until what has the focus is as `isIt` says: pages move it a moment after what they show, a dialog when it has gone. */
export async function focused(page, isIt, what, value) {
  await page.waitForFunction(isIt, value, { timeout: 10_000 }).catch(async () => {
    assert.fail(`${what}; the focus is on ${await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 160))}`);
  });
}

export async function running(server, name) {
  await until(`${name} to run`, async () => {
    const one = await server.call("GET", `/users/me/workspace/${name}`);
    const daemons = one.latest_build.resources.flatMap((resource) => resource.agents ?? []);
    return one.latest_build.status === "running" && daemons.some((daemon) => daemon.status === "connected");
  }, 60);
}

before(async () => {
  house.server = await new Server(["--first-workspace", "box"]).start();
  house.me = await house.server.account();
  await running(house.server, "box");
  house.pages = await pagesOf(house.server);
  house.url = house.pages.url;
  console.log(house.pages.isEmbedded ? "The pages come from the server." : "The pages come from the front, under the same policy.");
  house.browser = await launch();
  const page = await openPage(house.browser, house.url);
  await signIn(page, house.me.email);
  house.state = await page.context().storageState();
  await page.context().close();
});

after(async () => {
  await house.browser?.close();
  await house.pages?.close();
  await house.server?.remove();
});
