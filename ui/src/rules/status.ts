// What a person may know and do about a workspace in each state: the word, the tone, the actions. Pure.
import type { AgentStatus, AgentLifecycle, Workspace, WorkspaceStatus } from "../wire/rest";

/** How a state is meant. Each has a shape of its own beside its colour. */
export type Tone = "good" | "working" | "idle" | "warn" | "bad";

export interface Word {
  text: string;
  tone: Tone;
}

const WORDS: Record<WorkspaceStatus, Word> = {
  pending: { text: "Waiting", tone: "working" },
  starting: { text: "Starting", tone: "working" },
  running: { text: "Running", tone: "good" },
  stopping: { text: "Stopping", tone: "working" },
  stopped: { text: "Stopped", tone: "idle" },
  failed: { text: "Failed", tone: "bad" },
  canceling: { text: "Canceling", tone: "working" },
  canceled: { text: "Canceled", tone: "warn" },
  deleting: { text: "Deleting", tone: "working" },
  deleted: { text: "Deleted", tone: "idle" },
  unknown: { text: "Unknown", tone: "warn" },
};

/** A state as a list shows it. */
export function statusWord(status: WorkspaceStatus): Word {
  return WORDS[status] ?? WORDS.unknown;
}

/** A workspace's state, and whether one of its daemons needs a look. */
export function workspaceWord(one: Workspace): Word {
  const word = statusWord(one.latest_build.status);
  return word.tone === "good" && !one.health.healthy ? { text: "Running, unhealthy", tone: "warn" } : word;
}

/** Whether a build is under way. */
export function isWorking(status: WorkspaceStatus): boolean {
  return statusWord(status).tone === "working";
}

export type Action = "start" | "stop" | "restart" | "update" | "cancel" | "delete";

/** What can be asked of a workspace now, most wanted first. */
export function actions(one: Workspace): Action[] {
  const status = one.latest_build.status;
  const failed: Action[] = one.latest_build.transition === "delete" ? ["delete", "start"] : ["start", "stop", "delete"];
  switch (status) {
    case "running": return one.outdated ? ["stop", "restart", "update", "delete"] : ["stop", "restart", "delete"];
    case "stopped": return one.outdated ? ["start", "update", "delete"] : ["start", "delete"];
    case "pending": case "starting": case "stopping": return one.template_allow_user_cancel_workspace_jobs ? ["cancel"] : [];
    case "failed": case "canceled": return one.outdated ? [...failed, "update"] : failed;
    default: return [];
  }
}

/** Those of many that an action can be asked of. */
export function able(all: Workspace[], action: Action): Workspace[] {
  return all.filter((one) => actions(one).includes(action));
}

/** A workspace daemon's state. */
export function daemonWord(status: AgentStatus, lifecycle: AgentLifecycle): Word {
  if (status === "connecting") return { text: "Connecting", tone: "working" };
  if (status === "timeout") return { text: "Not connected in time", tone: "bad" };
  if (status === "disconnected") return { text: "Disconnected", tone: lifecycle === "off" ? "idle" : "warn" };
  if (status !== "connected") return { text: "Unknown", tone: "warn" };
  switch (lifecycle) {
    case "ready": return { text: "Ready", tone: "good" };
    case "created": case "starting": return { text: "Running startup scripts", tone: "working" };
    case "start_timeout": return { text: "Startup script is slow", tone: "warn" };
    case "start_error": return { text: "Startup script failed", tone: "bad" };
    case "shutting_down": return { text: "Shutting down", tone: "working" };
    case "shutdown_timeout": return { text: "Shutdown script is slow", tone: "warn" };
    case "shutdown_error": return { text: "Shutdown script failed", tone: "bad" };
    case "off": return { text: "Off", tone: "idle" };
    default: return { text: "Connected", tone: "good" };
  }
}

/** Favourites first, then by name, as a person looks for them. */
export function inOrder(all: Workspace[]): Workspace[] {
  return [...all].sort((a, b) => Number(b.favorite) - Number(a.favorite) || a.name.localeCompare(b.name) || a.owner_name.localeCompare(b.owner_name));
}
