// Names that people choose, and names that are made of them: hosts, commands, addresses. Pure.
import type { Agent, SshConfig, Workspace } from "../wire/rest";

export const LONGEST = 32;

/** What is wrong with a chosen name; nothing when it is fine. */
export function nameFault(name: string): string | undefined {
  if (name === "") return "A name is needed.";
  if (name.length > LONGEST) return `At most ${LONGEST} characters.`;
  if (!/^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/.test(name)) return "Letters and digits, in words joined by single dashes.";
  return undefined;
}

/** Every workspace daemon of a workspace, sub-daemons behind their own daemon. */
export function daemons(one: Workspace): Agent[] {
  const all = one.latest_build.resources.flatMap((resource) => resource.agents ?? []);
  const roots = all.filter((daemon) => !daemon.parent_id);
  const children = (parent: Agent) => all.filter((daemon) => daemon.parent_id === parent.id);
  return roots.flatMap((root) => [root, ...children(root)]);
}

/** The host name that the tunnel gives a daemon. */
export function hostname(one: Workspace, daemon: Agent, ssh: SshConfig | undefined): string {
  const suffix = ssh?.hostname_suffix || "coder";
  return daemons(one).length === 1 ? `${one.name}.${suffix}` : `${daemon.name}.${one.name}.me.${suffix}`;
}

/** Where the page of a workspace is. */
export const pathOf = (one: { owner_name: string; name: string }) => ({ owner: one.owner_name, name: one.name });

/** What an app's address may begin with, as in the tray (`src-tauri/src/open.rs`). Nothing that runs code or opens files. */
const SCHEMES = new Set(["http:", "https:", "vscode:", "vscode-insiders:", "vscodium:", "cursor:", "windsurf:", "positron:", "kiro:", "trae:", "zed:", "jetbrains:", "jetbrains-gateway:"]);
/** Other products put the session token in place of this. Here never: an address ends up in logs. */
const TOKEN_MARK = "$SESSION_TOKEN";

/** An address that a page may lead to, as the browser will understand it; nothing where it is none of these. */
export function safeAddress(url: string): string | undefined {
  try {
    const known = new URL(url);
    return SCHEMES.has(known.protocol) && !url.includes(TOKEN_MARK) ? known.href : undefined;
  } catch {
    return undefined;
  }
}

/** Where to go after signing in: a page of ours, whatever the address line says. */
export function nextPage(wanted: unknown): string {
  return typeof wanted === "string" && /^\/(?![/\\])/.test(wanted) && !wanted.startsWith("/sign-in") ? wanted : "/workspaces";
}

/** A text that somebody else chose, with every character seen that could hide what it is: controls, and marks of direction. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);
}

/** A text that others wrote, as ordinary text: nothing in it turns the direction of reading, or is a control. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (found) => ("\t\n\r".includes(found) ? found : visible(found)));
}
