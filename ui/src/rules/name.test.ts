// Names, host names, and addresses that a page may lead to.
import { expect, test } from "vitest";
import type { Agent, Workspace } from "../wire/rest";
import { daemons, hostname, nameFault, nextPage, plain, safeAddress, visible } from "./name";

test.each([
  ["box", true], ["my-box-2", true], ["", false], ["-box", false], ["a--b", false], ["a_b", false], ["a".repeat(33), false],
])("the name %s is fine: %s", (name, isFine) => {
  expect(nameFault(name) === undefined).toBe(isFine);
});

test.each([
  ["/workspaces?q=x", "/workspaces?q=x"],
  ["//evil.example", "/workspaces"],
  ["/\\evil.example", "/workspaces"],
  ["https://evil.example", "/workspaces"],
  ["/sign-in", "/workspaces"],
  [undefined, "/workspaces"],
])("after signing in %s leads to %s", (wanted, expected) => {
  expect(nextPage(wanted)).toBe(expected);
});

test.each([["https://x.example", true], ["vscode://x", true], ["javascript:alert(1)", false], ["data:text/html,x", false], ["smb://server/share", false], ["vscode://x?token=$SESSION_TOKEN", false], ["not an address", false]])("%s may be led to: %s", (url, may) => {
  expect(safeAddress(url) !== undefined).toBe(may);
});

const daemon = (id: string, parent: string | null = null) => ({ id, name: id, parent_id: parent }) as Agent;
const workspace = (...agents: Agent[]) => ({ name: "box", latest_build: { resources: [{ agents }] } }) as unknown as Workspace;

test("sub-daemons stand behind their daemon", () => {
  expect(daemons(workspace(daemon("sub", "a"), daemon("a"), daemon("b"))).map((one) => one.id)).toEqual(["a", "sub", "b"]);
});

test("one daemon has the short name, several are told apart", () => {
  const ssh = { hostname_prefix: "", hostname_suffix: "home", ssh_config_options: {} };
  expect(hostname(workspace(daemon("main")), daemon("main"), ssh)).toBe("box.home");
  expect(hostname(workspace(daemon("a"), daemon("b")), daemon("b"), undefined)).toBe("b.box.me.coder");
});

test.each([
  ["ls -l", "ls -l"],
  ["ls\nrm", "ls\\u{a}rm"],
  ["\u001b[2K", "\\u{1b}[2K"],
  ["a\u202eb\u200b", "a\\u{202e}b\\u{200b}"],
  ["größe 🙂", "größe 🙂"],
])("%j is seen as %j", (text, expected) => {
  expect(visible(text)).toBe(expected);
});

test("names of others are read as they are written, with their emoji and lines", () => {
  expect(plain("photo\u202egnp.exe \u001b[2K")).toBe("photo\\u{202e}gnp.exe \\u{1b}[2K");
  expect(plain("a\tb\n👩\u200d💻 größe العربية")).toBe("a\tb\n👩\u200d💻 größe العربية");
});
