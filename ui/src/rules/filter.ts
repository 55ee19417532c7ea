// The search line of the workspace list: words as `status:running`, and free text for names. Pure; the server decides.

/** Words that a list understands, with what may follow each. */
export const WORDS: Record<string, string> = {
  owner: "me or a user name",
  name: "part of a name",
  template: "a template's name",
  status: "running, stopped, starting, stopping, failed, …",
  "has-agent": "connected, connecting, disconnected, timeout",
  outdated: "true or false",
  healthy: "true or false",
  dormant: "true or false",
  id: "a workspace's id",
  organization: "an organization's name",
  last_used_before: "a time such as 2026-01-31T00:00:00Z",
  last_used_after: "a time such as 2026-01-31T00:00:00Z",
  param: "a parameter's name",
  shared: "true or false",
  "has-ai-task": "true or false",
  has_external_agent: "true or false",
};

const FLAGS = new Set(["outdated", "healthy", "dormant", "shared", "has-ai-task", "has_external_agent"]);

export interface Term {
  key: string;
  value: string;
}

/** Splits at spaces outside of double quotes. */
export function terms(query: string): Term[] {
  const found = query.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];
  return found.map((word) => {
    const plain = word.replaceAll('"', "");
    const at = plain.indexOf(":");
    return at < 0 ? { key: "", value: plain } : { key: plain.slice(0, at).toLowerCase(), value: plain.slice(at + 1) };
  });
}

/** Terms as a line that reads back as the same terms. */
export function line(all: Term[]): string {
  const quoted = (text: string) => (/\s/.test(text) ? `"${text}"` : text);
  return all.map(({ key, value }) => (key === "" ? quoted(value) : `${key}:${quoted(value)}`)).join(" ");
}

export function has(query: string, key: string, value: string): boolean {
  return terms(query).some((term) => term.key === key && term.value.toLowerCase() === value);
}

/** Puts a word in place of others of its key, or takes it away when it is there. */
export function toggled(query: string, key: string, value: string): string {
  const others = terms(query).filter((term) => term.key !== key);
  return line(has(query, key, value) ? others : [...others, { key, value }]);
}

/** What cannot be meant, in words; nothing when the line is fine. */
export function problem(query: string): string | undefined {
  for (const { key, value } of terms(query)) {
    if (key === "") continue;
    const hint = WORDS[key];
    if (hint === undefined) return `“${key}:” is not a search word. Known are ${Object.keys(WORDS).slice(0, 8).join(", ")}.`;
    if (value === "") return `“${key}:” waits for ${hint}.`;
    if (FLAGS.has(key) && !/^(true|false|yes|no|0|1)$/i.test(value)) return `“${key}:” takes true or false.`;
  }
  return undefined;
}
