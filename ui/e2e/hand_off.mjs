// Signing a program in by the browser: the test plays the program, with a listener on this computer and a secret of its own.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { accessible, openPage, shot } from "./browser.mjs";
import { focused, house, open, pathOf, reach, signIn } from "./house.mjs";
import { PASSWORD, until } from "./server.mjs";

const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/** A program that waits for its answer, as `homeport login` does. */
class Program {
  async start() {
    this.verifier = randomBytes(32).toString("base64url");
    this.state = Array.from(randomBytes(32), (byte) => LETTERS[byte % 32]).join("");
    this.heard = [];
    this.listener = createServer((asked, answer) => {
      const url = new URL(asked.url, "http://program");
      // A browser asks for an icon by itself.
      if (url.pathname === "/") this.heard.push({ query: Object.fromEntries(url.searchParams), method: asked.method, host: asked.headers.host, referer: asked.headers.referer, cookie: asked.headers.cookie });
      answer.writeHead(200, { "Content-Type": "text/plain" }).end("The program heard it.");
    });
    await new Promise((resolve) => this.listener.listen(0, "127.0.0.1", resolve));
    this.port = this.listener.address().port;
    return this;
  }

  page(changed = {}) {
    const challenge = createHash("sha256").update(this.verifier).digest("base64url");
    const query = { port: String(this.port), state: this.state, challenge, ...changed };
    return `/hand-off?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined))}`;
  }

  /** What came back, once something did. */
  async answer() {
    const [first] = await until("the browser to come back", () => (this.heard.length > 0 ? this.heard : undefined));
    assert.deepEqual([first.method, first.host, first.referer, first.cookie, first.query.state], ["GET", `127.0.0.1:${this.port}`, undefined, undefined, this.state]);
    assert.equal(this.heard.length, 1);
    return first.query;
  }

  /** Spends a code; the status, and the session where there is one. */
  async spend(code, verifier = this.verifier) {
    const answer = await fetch(`${house.server.url}/api/v2/homeport/sign-in`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code, verifier }) });
    return { status: answer.status, token: (await answer.json()).session_token };
  }

  stop() {
    this.listener.closeAllConnections();
    return new Promise((resolve) => this.listener.close(resolve));
  }
}

/** Runs `walk` with a program that waits; ends both page and program. */
async function asked(page, walk) {
  const program = await new Program().start();
  const made = [];
  page.on("request", (request) => {
    if (request.method() === "POST") made.push(pathOf(request));
  });
  try {
    await walk(program, made);
    assert.deepEqual(page.complaints, []);
  } finally {
    await page.context().close();
    await program.stop();
  }
}

const CODES = "/api/v2/homeport/hand-off-codes";
const yes = (page) => page.getByRole("main").getByRole("button", { name: "Sign in", exact: true });
const no = (page) => page.getByRole("main").getByRole("button", { name: "No", exact: true });

async function works(token) {
  const answer = await fetch(`${house.server.url}/api/v2/users/me`, { headers: { "Coder-Session-Token": token } });
  return answer.ok && (await answer.json()).username === house.me.username;
}

for (const dark of [false, true]) {
  test(`a yes signs the program in, ${dark ? "dark" : "light"}`, async () => {
    const page = await open({ dark });
    await asked(page, async (program, made) => {
      await page.goto(program.page());
      await page.getByRole("heading", { level: 1, name: `Sign in Homeport on this computer as ${house.me.username}?` }).waitFor();
      assert.equal(await page.getByLabel(/^The letters /).innerText(), program.state.slice(0, 4), "page and program show the same letters");
      await accessible(page, "the hand-off");
      await shot(page, dark ? "hand-off-dark" : "hand-off");
      assert.deepEqual([made, program.heard], [[], []], "nothing happens by opening it");
      await yes(page).click();
      const { code } = await program.answer();
      const { status, token } = await program.spend(code);
      assert.equal(status, 201);
      assert.ok(await works(token));
      assert.ok(!(await works("x".repeat(token.length))), "the control: another token is nobody");
      assert.equal((await program.spend(code)).status, 401, "a code is spent once");
      assert.equal(await page.evaluate(() => document.body.innerText), "The program heard it.");
      await page.goBack();
      assert.ok(!page.url().includes("/hand-off"), "the question is not left in the history");
    });
  });
}

test("a code is worth nothing to whoever reads it on its way", async () => {
  const page = await open();
  await asked(page, async (program) => {
    await page.goto(program.page());
    await yes(page).click();
    const { code } = await program.answer();
    assert.equal((await program.spend(code, "not-the-secret")).status, 401);
    assert.equal((await program.spend(code)).status, 401, "and it is spent by the guess");
  });
});

test("a no goes back as a no, and makes nothing", async () => {
  const page = await open();
  await asked(page, async (program, made) => {
    await page.goto(program.page());
    await no(page).click();
    assert.deepEqual(await program.answer(), { refused: "1", state: program.state });
    assert.deepEqual(made, []);
  });
});

test("keyboard, signing a program in, and refusing", async () => {
  for (const [button, key, says] of [[yes, "Enter", "code"], [no, "Space", "refused"]]) {
    const page = await open();
    await asked(page, async (program) => {
      await page.goto(program.page());
      await yes(page).waitFor();
      await focused(page, () => document.activeElement?.tagName === "H1", "the question is read first");
      await reach(page, button(page), says);
      await page.keyboard.press(key);
      assert.ok(says in (await program.answer()));
    });
  }
});

test("who is signed out signs in first, and is asked then", async () => {
  const page = await openPage(house.browser, house.url);
  await asked(page, async (program, made) => {
    await signIn(page, house.me.email, program.page());
    await yes(page).waitFor();
    assert.deepEqual([made.filter((path) => path === CODES), program.heard], [[], []], "signing in is no yes");
    await yes(page).click();
    assert.equal((await program.spend((await program.answer()).code)).status, 201);
  });
});

test("a link that is not whole asks nothing", async () => {
  const page = await open();
  await asked(page, async (program, made) => {
    const wrong = [{ port: undefined }, { port: "0" }, { port: "65536" }, { port: "80@evil.test" }, { state: undefined }, { state: program.state.toLowerCase() }, { challenge: undefined }, { challenge: "short" }, { challenge: `${"A".repeat(42)}B` }];
    for (const changed of wrong) {
      await page.goto(program.page(changed));
      await page.getByRole("heading", { level: 1, name: "This link is not complete" }).waitFor();
      await page.getByText("Start the sign-in again from the program that sent you here.").waitFor();
      assert.deepEqual([await yes(page).count(), await no(page).count()], [0, 0], JSON.stringify(changed));
    }
    await accessible(page, "a hand-off that is not whole");
    await shot(page, "hand-off-broken");
    assert.deepEqual([made, program.heard], [[], []]);
  });
});

test("a server that cannot answer is said, and the next try goes through", async () => {
  const page = await open();
  await asked(page, async (program) => {
    let isGone = true;
    await page.route(`**${CODES}`, (route) => (isGone ? route.abort("connectionrefused") : route.continue()));
    await page.goto(program.page());
    await yes(page).click();
    await page.getByRole("alert").getByText("The server cannot be reached.").waitFor();
    await accessible(page, "a hand-off that failed");
    await shot(page, "hand-off-failed");
    assert.deepEqual(program.heard, []);
    isGone = false;
    await yes(page).click();
    assert.equal((await program.spend((await program.answer()).code)).status, 201);
  });
});

test("a session that ended meanwhile leads to signing in and back, and the program hears nothing before", async () => {
  const page = await open();
  await asked(page, async (program) => {
    await page.goto(program.page());
    await yes(page).waitFor();
    await page.context().clearCookies();
    await yes(page).click();
    await page.getByLabel("Email").fill(house.me.email);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByLabel(/^The letters /).waitFor();
    assert.deepEqual(program.heard, []);
    await yes(page).click();
    assert.equal((await program.spend((await program.answer()).code)).status, 201);
  });
});
