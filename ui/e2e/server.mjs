// A real server with a data folder of its own, and an account with a password on it.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIN = process.env.HOMEPORT_BIN_DIR ?? new URL("../../target/debug", import.meta.url).pathname;
export const PASSWORD = "a-long-password-1";

export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Asks until `look` answers something; fails with `what` when the time is over. */
export async function until(what, look, seconds = 30) {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const found = await Promise.resolve().then(look).catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export class Server {
  constructor(options = []) {
    this.options = options;
    this.data = mkdtempSync(join(tmpdir(), "homeport-ui-"));
  }

  /** What the server says is kept in `log`, at its most talkative. */
  keepLog() {
    this.log = "";
    return this;
  }

  async start() {
    this.port ??= await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    const args = ["--data-dir", this.data, "--listen", `127.0.0.1:${this.port}`, "--stun", "off", "--stop-workspaces-on-exit", ...this.options];
    const isKept = this.log !== undefined;
    const words = isKept ? "pipe" : process.env.HOMEPORT_E2E_LOG ? "inherit" : "ignore";
    this.child = spawn(join(BIN, "homeport-server"), args, { stdio: ["ignore", isKept ? "pipe" : "ignore", words], env: isKept ? { ...process.env, HOMEPORT_LOG: "trace" } : process.env });
    for (const pipe of isKept ? [this.child.stdout, this.child.stderr] : []) pipe.on("data", (bytes) => (this.log += bytes));
    await until("the server", async () => (await fetch(`${this.url}/healthz`)).ok);
    const session = join(this.data, "local-session.json");
    if (existsSync(session)) this.token = JSON.parse(readFileSync(session, "utf8")).token;
    return this;
  }

  async call(method, path, body, expect = true) {
    const answer = await fetch(`${this.url}/api/v2${path}`, {
      method,
      headers: { "Coder-Session-Token": this.token ?? "", "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (expect && !answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** The local account gets a password; answers with its address. */
  async account() {
    await this.call("PUT", "/users/me/password", { old_password: "", password: PASSWORD });
    return this.call("GET", "/users/me");
  }

  async stop() {
    if (!this.child || this.child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 15_000);
    await gone;
    clearTimeout(timer);
  }

  async remove() {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }
}
