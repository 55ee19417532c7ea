// Pages of others in the same browser: what they try reaches nothing (A15, A16). Every attack is also run from the right
// origin, where it succeeds: an attack that cannot succeed proves nothing.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, openPage } from "./browser.mjs";
import { cookiePath, house, running } from "./house.mjs";
import { until } from "./server.mjs";

const PAGE = "<!doctype html><title>stranger</title><body>stranger</body>";
const SCRIPT = "self.addEventListener('fetch', (event) => event.respondWith(new Response('taken over', { headers: { 'content-type': 'text/html' } }))); self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));";

/** A browser in which the names of strangers lead to this computer, as a rebound name does. */
let browser;
/** A server of somebody else: a workspace's app, or a site. It keeps what it was sent. */
let stranger;

before(async () => {
  // The browser's own wall around this computer is taken down: what is tried here is the server's.
  browser = await launch(["--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,LocalNetworkAccessChecksWebRTC,PrivateNetworkAccessRespectPreflightResults,BlockInsecurePrivateNetworkRequests", "--host-resolver-rules=MAP evil.test 127.0.0.1,MAP rebound.test 127.0.0.1,MAP box.coder 127.0.0.1"]);
  const seen = [];
  const listener = createServer((asked, answer) => {
    seen.push({ url: asked.url, cookie: asked.headers.cookie ?? "" });
    const isScript = asked.url.endsWith(".js");
    answer.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html", "set-cookie": "own=visible; Path=/" });
    answer.end(isScript ? SCRIPT : asked.url === "/frames-itself" ? "<!doctype html><iframe src='/inner'></iframe>" : PAGE);
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  stranger = { port: listener.address().port, seen, close: () => new Promise((resolve) => { listener.close(resolve); listener.closeAllConnections(); }) };
});

after(async () => {
  await browser?.close();
  await stranger?.close();
});

/** What the attacks want to change, as the server has it. */
async function standing() {
  const one = await house.server.call("GET", "/users/me/workspace/box");
  const tokens = await house.server.call("GET", "/users/me/keys/tokens");
  const sessions = await house.server.call("GET", "/homeport/sessions");
  return { favorite: one.favorite, builds: one.latest_build.build_number, tokens: tokens.map((token) => token.token_name).sort(), sessions: sessions.length };
}

/** Runs in the stranger's page: each way to reach the server, and how it ended for the page. */
async function attack({ base, workspace, daemon, token }) {
  const api = `${base}/api/v2`;
  const body = (name) => JSON.stringify({ token_name: `${token}-${name}`, scope: "all", lifetime: 0 });
  const fetched = async (path, options) => {
    try {
      const answer = await fetch(api + path, { credentials: "include", ...options });
      return answer.type === "opaque" ? "opaque" : answer.ok ? `read ${(await answer.text()).length > 0}` : `status ${answer.status}`;
    } catch {
      return "refused";
    }
  };
  const post = (name, more) => fetched("/users/me/keys/tokens", { method: "POST", body: body(name), ...more });
  const socket = (path) => new Promise((resolve) => {
    const line = new WebSocket(`${api.replace("http", "ws")}${path}`);
    line.onopen = () => { line.close(); resolve("open"); };
    line.onerror = () => resolve("refused");
  });
  const events = () => new Promise((resolve) => {
    const line = new EventSource(`${api}/workspaces/${workspace}/watch`, { withCredentials: true });
    line.onmessage = line.onopen = () => { line.close(); resolve("open"); };
    line.addEventListener("data", () => { line.close(); resolve("open"); });
    line.onerror = () => { line.close(); resolve("refused"); };
  });
  const element = (name) => new Promise((resolve) => {
    const one = document.createElement(name);
    one.onload = () => resolve("loaded");
    one.onerror = () => resolve("refused");
    one.src = `${api}/users/me`;
    document.body.append(one);
  });
  /** A form sends without asking; its answer goes to a frame that the page cannot look into. */
  const form = (name, enctype, path = "/users/me/keys/tokens") => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = `frame-${name}`;
    const sender = document.createElement("form");
    Object.assign(sender, { method: "POST", action: `${api}${path}`, enctype, target: frame.name });
    const field = document.createElement("input");
    // As text/plain this line is the JSON of a token: name=value with the equals sign inside a string.
    field.name = `{"lifetime":0,"scope":"all","token_name":"${token}-${name}","ignored":"`;
    field.value = `"}`;
    if (name !== "form-empty") sender.append(field);
    document.body.append(frame, sender);
    frame.onload = () => resolve("sent");
    sender.submit();
  });
  return {
    read: await fetched("/users/me"),
    readTokens: await fetched("/users/me/keys/tokens"),
    postJson: await post("json", { headers: { "content-type": "application/json" } }),
    postPlain: await post("plain", { mode: "no-cors", headers: { "content-type": "text/plain" } }),
    put: await fetched(`/workspaces/${workspace}/favorite`, { method: "PUT" }),
    form: await form("form", "text/plain"),
    formUrl: await form("form-url", "application/x-www-form-urlencoded"),
    // What has no body is not held to its kind: each of these makes a session.
    postEmpty: await fetched("/users/me/keys", { method: "POST", mode: "no-cors" }),
    formEmpty: await form("form-empty", "application/x-www-form-urlencoded", "/users/me/keys"),
    watch: await socket("/homeport/workspaces/watch"),
    watchOne: await socket(`/workspaces/${workspace}/watch-ws`),
    terminal: await socket(`/workspaceagents/${daemon}/pty?reconnect=${crypto.randomUUID?.() ?? "00000000-0000-4000-8000-00000000000a"}&width=80&height=24`),
    events: await events(),
    script: await element("script"),
    image: await element("img"),
    // Last, because it takes the daemon away that the terminal is in.
    build: await fetched(`/workspaces/${workspace}/builds`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ transition: "start" }) }),
  };
}

/** The same from a frame without an origin: `Origin: null`. */
async function attackFromNowhere(target) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts allow-forms";
    window.onmessage = (event) => resolve(event.data);
    frame.srcdoc = `<body><script>(${target.source})(${JSON.stringify(target)}).then((ends) => parent.postMessage(ends, "*"))</script></body>`;
    document.body.append(frame);
  });
}

/** A page at `origin` that shows the stranger's words, and what the server answered to whatever it sends. */
async function pageAt(origin, target, { withCookieOf } = {}) {
  const page = await openPage(browser, origin, { state: house.state });
  if (withCookieOf) {
    const { value } = house.state.cookies.find((cookie) => cookie.name === "coder_session_token");
    await page.context().addCookies([{ name: "coder_session_token", value, url: origin, httpOnly: true, sameSite: "Lax" }]);
  }
  // The first answer is the stranger's own, as its own server gave it before the name was rebound.
  await page.route((url) => url.href === `${origin}/stranger`, (route) => route.fulfill({ contentType: "text/html", body: PAGE }));
  await page.goto("/stranger");
  page.answers = [];
  page.on("response", (answer) => {
    if (answer.url().startsWith(`${target}/api/`)) page.answers.push({ method: answer.request().method(), url: answer.url(), status: answer.status(), cors: answer.headers()["access-control-allow-origin"] });
  });
  return page;
}

async function target(base, token) {
  const one = await house.server.call("GET", "/users/me/workspace/box");
  const daemon = one.latest_build.resources.flatMap((resource) => resource.agents ?? [])[0].id;
  return { base, workspace: one.id, daemon, token, source: attack.toString() };
}

async function clean() {
  for (const { id, token_name } of await house.server.call("GET", "/users/me/keys/tokens")) {
    if (token_name.startsWith("from-")) await house.server.call("DELETE", `/users/me/keys/${id}`);
  }
  const one = await house.server.call("GET", "/users/me/workspace/box");
  if (one.favorite) await house.server.call("DELETE", `/workspaces/${one.id}/favorite`);
  await running(house.server, "box");
}

test("A15, the control: the same attacks from the server's own origin read, change and listen, where they send JSON or nothing", async () => {
  const { url } = house.server;
  const base = url + cookiePath();
  const page = await pageAt(url, base);
  const before = await standing();
  const ends = await page.evaluate(attack, await target(base, "from-own"));
  assert.match(ends.read, /^read/);
  assert.deepEqual([ends.postJson, ends.watch, ends.watchOne, ends.terminal, ends.events], ["read true", "open", "open", "open", "open"]);
  const now = await standing();
  assert.deepEqual([now.favorite, now.builds, now.sessions], [true, before.builds + 1, before.sessions + 2]);
  assert.deepEqual(now.tokens.filter((name) => !before.tokens.includes(name)), ["from-own-json"]);
  // Even from here a form and plain text are no JSON.
  assert.deepEqual([ends.form, ends.formUrl, ends.postPlain], ["sent", "sent", "status 415"]);
  assert.equal(page.answers.filter(({ status }) => status === 415).length, 3);
  await page.context().close();
  await clean();
});

const PLACES = [
  { name: "another site", origin: () => `http://evil.test:${stranger.port}` },
  // The hardest: the same host, so the browser sends the session along where its path is known. Here it is.
  { name: "another port of the same host", origin: () => `http://127.0.0.1:${stranger.port}`, isSameSite: true },
  { name: "a workspace's app by its name", origin: () => `http://box.coder:${stranger.port}` },
];

for (const { name, origin, isSameSite } of PLACES) {
  test(`A15, A16: ${name} reads nothing, changes nothing, hears nothing`, async () => {
    const base = house.server.url + cookiePath();
    const before = await standing();
    const page = await pageAt(origin(), base);
    const ends = await page.evaluate(attack, await target(base, "from-stranger"));
    const { form, formUrl, formEmpty, postPlain, postEmpty, ...read } = ends;
    assert.deepEqual([...new Set(Object.values(read))], ["refused"], JSON.stringify(ends));
    assert.deepEqual([form, formUrl, formEmpty, postPlain, postEmpty], ["sent", "sent", "sent", "opaque", "opaque"], "these leave the browser, and are refused by the server");
    assert.deepEqual(await standing(), before);
    const changes = page.answers.filter(({ method }) => method !== "GET");
    assert.ok(changes.length >= 3, JSON.stringify(page.answers));
    // Where no session came along there is nobody to forbid anything to.
    const allowed = isSameSite ? [403, 405, 415] : [401, 403, 405, 415];
    assert.deepEqual(changes.filter(({ status }) => !allowed.includes(status)), []);
    if (isSameSite) assert.ok(changes.some(({ status }) => status === 403), "the session was there, and the origin was refused");
    assert.deepEqual(page.answers.filter(({ cors }) => cors !== undefined), [], "no answer is opened to others");
    await page.context().close();
  });
}

test("A15: a page without an origin changes nothing", async () => {
  const base = house.server.url + cookiePath();
  const before = await standing();
  const page = await pageAt(`http://127.0.0.1:${stranger.port}`, base);
  const ends = await page.evaluate(attackFromNowhere, await target(base, "from-nowhere"));
  assert.deepEqual([ends.read, ends.postJson, ends.watch, ends.terminal, ends.events], ["refused", "refused", "refused", "refused", "refused"], JSON.stringify(ends));
  assert.deepEqual(await standing(), before);
  await page.context().close();
});

test("A15: a rebound name is not served, not even with a session", async () => {
  const { port, url } = house.server;
  const before = await standing();
  const origin = `http://rebound.test:${port}`;
  const page = await pageAt(origin, origin, { withCookieOf: true });
  const ends = await page.evaluate(attack, await target(origin, "from-rebound"));
  assert.deepEqual([ends.read, ends.readTokens, ends.postJson, ends.put], ["status 403", "status 403", "status 403", "status 403"], "the page reads that it is refused, and no more");
  assert.deepEqual([ends.watch, ends.watchOne, ends.terminal, ends.events], ["refused", "refused", "refused", "refused"]);
  assert.deepEqual(page.answers.filter(({ status }) => status !== 403), []);
  assert.ok(page.answers.length >= 8);
  assert.deepEqual(await standing(), before);
  assert.equal((await page.goto(`${origin}/workspaces`)).status(), 403, "nor are the pages");
  assert.equal((await page.goto(`${url}${cookiePath()}/api/v2/users/me`)).status(), 200, "under its own name the same server answers the same browser");
  await page.context().close();
});

test("A15: a public site that asks for this computer's network is promised nothing", async () => {
  for (const path of ["/api/v2/users/me", "/api/v2/users/me/keys/tokens", "/"]) {
    const answer = await fetch(house.server.url + path, {
      method: "OPTIONS",
      headers: { origin: "https://evil.test", "access-control-request-method": "POST", "access-control-request-private-network": "true", "access-control-request-local-network": "true" },
    });
    assert.ok(answer.status >= 400, `${path}: ${answer.status}`);
    assert.deepEqual([...answer.headers.keys()].filter((name) => name.startsWith("access-control-")), [], path);
  }
});

test("A16: neither an app's script nor its server sees the session, on our host or by its own name", async () => {
  for (const host of ["127.0.0.1", "box.coder"]) {
    const page = await openPage(browser, `http://${host}:${stranger.port}`, { state: house.state });
    // The control: a cookie for all of our host is seen behind its other ports, as the session once was.
    await page.context().addCookies([{ name: "control", value: "1", url: house.server.url, httpOnly: true, sameSite: "Lax" }]);
    for (const path of ["/cookies", "/api/v2/users/me?cookies", `/at/${"a".repeat(32)}/api/v2/users/me?cookies`]) {
      await page.goto(path);
      assert.equal(await page.evaluate(() => document.cookie), "own=visible", host);
      const kept = await page.evaluate(() => Object.keys(localStorage));
      assert.deepEqual(kept, [], "what our pages keep is theirs");
    }
    await page.context().close();
  }
  const sent = stranger.seen.filter(({ url }) => url.endsWith("cookies")).map(({ cookie }) => [cookie.includes("coder_session_token"), cookie.includes("control=1")]);
  assert.deepEqual(sent, [[false, true], [false, true], [false, true], [false, false], [false, false], [false, false]]);
});

test("A16: an app's service worker rules its own pages and none of ours", async () => {
  const page = await openPage(browser, `http://127.0.0.1:${stranger.port}`, { state: house.state });
  await page.goto("/app");
  await page.evaluate(async () => {
    await navigator.serviceWorker.register("/worker.js", { scope: "/" });
    await navigator.serviceWorker.ready;
  });
  await until("the worker to rule its own pages", async () => {
    await page.goto("/app");
    return (await page.textContent("body")) === "taken over";
  });
  const elsewhere = await page.evaluate((url) => navigator.serviceWorker.register(`${url}/worker.js`).then(() => "registered", (thrown) => thrown.name), house.server.url);
  assert.equal(elsewhere, "SecurityError");
  await page.goto(`${house.url}/workspaces`);
  await page.getByRole("link", { name: "box", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => navigator.serviceWorker.controller), null);
  const own = await page.evaluate(() => navigator.serviceWorker.register("/favicon.svg").then(() => "registered", (thrown) => thrown.name));
  assert.notEqual(own, "registered", "nor can a page of ours make one");
  await page.context().close();
});

test("A16: our pages stand in nobody's frame", async () => {
  const page = await openPage(browser, `http://127.0.0.1:${stranger.port}`, { state: house.state });
  await page.goto("/frames-itself");
  const inner = page.frames()[1];
  await inner.getByText("stranger").waitFor();
  await page.goto("/app-without-worker");
  for (const path of ["/workspaces", "/settings", "/sign-in", "/api/v2/users/me"]) {
    const framed = await page.evaluate((address) => new Promise((resolve) => {
      const frame = document.createElement("iframe");
      frame.onload = () => resolve(frame.name);
      frame.name = address;
      frame.src = address;
      document.body.append(frame);
    }), house.url + path);
    const frame = page.frames().find((one) => one.name() === framed);
    const text = await frame.evaluate(() => document.body.innerText).catch(() => "");
    assert.ok(!/Workspaces|Settings|Sign in/.test(text), `${path}: ${text.slice(0, 80)}`);
  }
  await page.context().close();
});

test("A16: after signing in a person stays here, whatever the address says", async () => {
  const { PASSWORD } = await import("./server.mjs");
  const rows = [
    ["/templates", "/templates"],
    [`//evil.test:${stranger.port}/`, "/workspaces"],
    [`/\\evil.test:${stranger.port}/`, "/workspaces"],
    [`http://evil.test:${stranger.port}/`, "/workspaces"],
    [`/\t/evil.test:${stranger.port}/`, undefined],
    [`/%2f/evil.test:${stranger.port}/`, undefined],
    ["javascript:alert(1)", "/workspaces"],
    ["data:text/html,x", "/workspaces"],
  ];
  for (const [next, expected] of rows) {
    const page = await openPage(browser, house.url);
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel("Email").fill(house.me.email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    const { origin, pathname } = new URL(page.url());
    assert.equal(origin, house.url, next);
    if (expected) assert.equal(pathname, expected, next);
    await page.context().close();
  }
});
