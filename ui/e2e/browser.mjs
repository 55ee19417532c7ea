// Debian's Chromium, driven; and what every page is held to: nothing refused by the policy, nothing serious found by axe.
import { mkdirSync, readFileSync } from "node:fs";
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = new URL("./shots/", import.meta.url).pathname;

/** `HOMEPORT_E2E_LATE=<ms>`: what a page puts off happens that much later, as on a busy machine. A test that looks once, and by luck late enough, fails then every time. */
const LATE = Number(process.env.HOMEPORT_E2E_LATE ?? 0);

/** In the page: timers, frames and the messages by which React goes on with its work. */
function putOff(late) {
  const { setTimeout: timer, requestAnimationFrame: frame } = window;
  const message = MessagePort.prototype.postMessage;
  window.setTimeout = (run, wait = 0, ...more) => timer(run, wait + late, ...more);
  window.requestAnimationFrame = (run) => frame(() => timer(() => run(performance.now()), late));
  MessagePort.prototype.postMessage = function (...what) { timer(() => message.apply(this, what), late); };
}

/** `more` are further options of the browser. */
export async function launch(more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...more],
  });
}

/** A page whose complaints are kept: refusals of the policy and errors of scripts. */
export async function openPage(browser, url, { dark = false, width = 1280, height = 800, state } = {}) {
  const context = await browser.newContext({ baseURL: url, viewport: { width, height }, colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", storageState: state });
  if (LATE > 0) await context.addInitScript(putOff, LATE);
  const page = await context.newPage();
  page.complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" && /Content Security Policy|Uncaught/.test(message.text())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.setDefaultTimeout(30_000);
  return page;
}

/** axe is put in by the debugger, which the page's policy does not bind. */
export async function accessible(page, what) {
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  const { result } = await session.send("Runtime.evaluate", {
    expression: "axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + ' | ' + (node.any[0]?.message ?? '')) }))))",
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  const found = JSON.parse(result.value);
  const serious = found.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious, [], `axe on ${what}`);
  return found;
}

export async function shot(page, name) {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}${name}.png` });
}
