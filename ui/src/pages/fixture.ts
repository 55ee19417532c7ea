// A workspace as a template with a container, a dev container, apps and scripts gives it; for tests only. The types are
// those of the wire, so that it cannot say what no server says.
import type { Agent, AgentLog, App, JobLog, ListeningPorts, RichParameter, Template, Timings, Workspace, WorkspaceStatus } from "../wire/rest";

const T = (minute: number) => new Date(Date.UTC(2026, 2, 1, 9, minute)).toISOString();
const NEVER = "0001-01-01T00:00:00Z";
let count = 0;
const id = () => `00000000-0000-4000-8000-${String((count += 1)).padStart(12, "0")}`;

const app = (slug: string, display_name: string, more: Partial<App>): App => ({
  id: id(), url: "", external: false, slug, display_name, icon: "", subdomain: false, sharing_level: "owner",
  healthcheck: { url: "", interval: 0, threshold: 0 }, health: "disabled", hidden: false, open_in: "tab", statuses: [], ...more,
});

const MAIN = id();
export const daemon = (name: string, more: Partial<Agent> = {}): Agent => ({
  id: id(), parent_id: null, created_at: T(0), updated_at: T(1), first_connected_at: T(1), last_connected_at: T(9), disconnected_at: null, started_at: T(1), ready_at: T(2),
  status: "connected", lifecycle_state: "ready", name, resource_id: id(), architecture: "amd64", environment_variables: {}, operating_system: "linux", logs_length: 0, logs_overflowed: false,
  directory: "~/src", expanded_directory: "/home/coder/src", version: "v2.28.0", api_version: "2.10", apps: [], connection_timeout_seconds: 120, troubleshooting_url: "", subsystems: [],
  health: { healthy: true }, display_apps: ["vscode", "web_terminal"], log_sources: [], scripts: [], startup_script_behavior: "non-blocking", ...more,
});

const source = { workspace_agent_id: MAIN, id: id(), created_at: T(0), display_name: "Install tools", icon: "" };

export const main = daemon("main", {
  id: MAIN, logs_length: 180, log_sources: [source], lifecycle_state: "start_error",
  health: { healthy: false, reason: "The startup script exited with code 1." },
  latency: { Frankfurt: { preferred: false, latency_ms: 41.2 }, "Homeport relay": { preferred: true, latency_ms: 3.6 } },
  apps: [
    app("code-server", "code-server", { url: "http://localhost:13337/?folder=/home/coder", subdomain: true, health: "healthy", healthcheck: { url: "http://localhost:13337/healthz", interval: 5, threshold: 6 } }),
    app("jupyter", "Jupyter Notebook with a rather long name", { url: "http://localhost:8888", health: "unhealthy" }),
    app("desktop", "VS Code", { url: "vscode://coder.coder-remote/open?owner=ada&workspace=dev", external: true }),
    app("docs", "Handbook", { url: "https://handbook.example.com/dev", external: true }),
    app("top", "Processes", { command: "htop" }),
    app("secret", "Not shown", { url: "http://localhost:1", hidden: true }),
    app("bad", "Bad link", { url: "javascript:alert(1)", external: true }),
  ],
  scripts: [{ id: id(), log_source_id: source.id, log_path: "/tmp/install.log", script: "install-tools", cron: "", run_on_start: true, run_on_stop: false, start_blocks_login: false, timeout: 0, display_name: "Install tools" }],
});
export const sub = daemon("web", { parent_id: MAIN, directory: "/workspaces/web", expanded_directory: "/workspaces/web", subsystems: ["envbox"], status: "connecting", lifecycle_state: "starting", first_connected_at: null, last_connected_at: null });
export const gone = daemon("gpu", { status: "disconnected", lifecycle_state: "ready", disconnected_at: T(5) });

const BUILD = id();
export const rich: Workspace = {
  id: id(), created_at: T(0), updated_at: T(9), owner_id: id(), owner_name: "ada", owner_avatar_url: "", organization_id: id(), organization_name: "default", template_id: id(),
  template_name: "docker-dev", template_display_name: "Docker with dev containers", template_icon: "", template_allow_user_cancel_workspace_jobs: true, template_active_version_id: id(),
  template_require_active_version: false, template_use_classic_parameter_flow: false, latest_app_status: null, outdated: true, name: "dev", autostart_schedule: "CRON_TZ=Europe/Berlin 30 8 * * 1-5",
  ttl_ms: 28_800_000, last_used_at: T(8), deleting_at: null, dormant_at: null, health: { healthy: false, failing_agents: [MAIN] }, automatic_updates: "never", allow_renames: true, favorite: true,
  next_start_at: T(30), is_prebuild: false,
  latest_build: {
    id: BUILD, created_at: T(0), updated_at: T(1), workspace_id: id(), workspace_name: "dev", workspace_owner_id: id(), workspace_owner_name: "ada", workspace_owner_avatar_url: "",
    template_version_id: id(), template_version_name: "sturdy_otter3", build_number: 12, transition: "start", initiator_id: id(), initiator_name: "ada", reason: "autostart",
    deadline: new Date(Date.UTC(2036, 0, 1)).toISOString(), max_deadline: null, status: "running", daily_cost: 3, template_version_preset_id: null,
    job: {
      id: id(), created_at: T(0), started_at: T(0), completed_at: T(1), canceled_at: null, status: "succeeded", file_id: id(), tags: {}, queue_position: 0, queue_size: 0, organization_id: id(), initiator_id: id(),
      input: {}, type: "workspace_build", metadata: { template_version_name: "sturdy_otter3", template_id: id(), template_name: "docker-dev", template_display_name: "", template_icon: "" }, logs_overflowed: false,
    },
    resources: [
      {
        id: id(), created_at: T(0), job_id: id(), workspace_transition: "start", type: "docker_container", name: "workspace", hide: false, icon: "", daily_cost: 3,
        metadata: [{ key: "image", value: "ghcr.example.com/team/development-environment:2026.03@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0", sensitive: false }, { key: "registry password", value: "hunter2-must-not-be-seen", sensitive: true }, { key: "memory", value: "8 GiB", sensitive: false }],
        agents: [main, sub, gone],
      },
      { id: id(), created_at: T(0), job_id: id(), workspace_transition: "start", type: "docker_volume", name: "home", hide: false, icon: "", daily_cost: 0, metadata: [{ key: "size", value: "20 GiB", sensitive: false }], agents: [] },
      { id: id(), created_at: T(0), job_id: id(), workspace_transition: "start", type: "random_id", name: "hidden_one", hide: true, icon: "", daily_cost: 0 },
    ],
  },
};

/** What the metadata stream says, as it says it. */
export const facts = JSON.stringify({
  type: "data",
  data: [
    { result: { value: "12 %\n", error: "", age: 2 }, description: { key: "cpu", display_name: "CPU", interval: 10, timeout: 1 } },
    { result: { value: "", error: "the command was not found: nvidia-smi" }, description: { key: "gpu", display_name: "GPU", interval: 10, timeout: 1 } },
    { result: { value: "" }, description: { key: "disk", display_name: "", interval: 60, timeout: 1 } },
    { result: { value: "<b>bold</b> \u202egnp.exe" }, description: { key: "name", display_name: "Named <i>by</i> somebody", interval: 60, timeout: 1 } },
  ],
});

const LINES: Array<[AgentLog["level"], string]> = [
  ["info", "\u001b[32m==>\u001b[0m Installing tools"],
  ["debug", "fetching node 22"],
  ["warn", "the cache is 9 days old"],
  ["info", "<script>document.title = 'taken'</script>"],
  ["error", "E: Unable to locate package nodejs-lts"],
  ["info", "x".repeat(400)],
];
/** What the scripts of `main` said. */
export const scriptLog: AgentLog[] = LINES.map(([level, output], at) => ({ id: at + 1, created_at: T(1), output, level, source_id: source.id }));

export const buildLog: JobLog[] = [["Setting up", "Fetching the template."], ["Planning infrastructure", "Plan: 3 to add, 0 to change, 0 to destroy."], ["Starting workspace", "docker_container.workspace[0]: Creation complete after 2s"]]
  .map(([stage, output], at) => ({ id: at + 1, created_at: T(0), log_source: "provisioner", log_level: "info", stage: stage!, output: output! }));

const span = (from: number, to: number) => ({ started_at: T(from), ended_at: T(to) });
export const timings: Timings = {
  provisioner_timings: [{ job_id: id(), stage: "plan", source: "docker", action: "read", resource: "data.docker_image.main", ...span(0, 1) }, { job_id: id(), stage: "apply", source: "docker", action: "create", resource: "docker_container.workspace[0]", ...span(1, 3) }],
  agent_connection_timings: [{ stage: "connect", workspace_agent_id: MAIN, workspace_agent_name: "main", ...span(3, 4) }],
  agent_script_timings: [{ exit_code: 1, stage: "start", status: "exit_failure", display_name: "Install tools", workspace_agent_id: MAIN, workspace_agent_name: "main", ...span(4, 6) }],
};

export const ports: ListeningPorts = { ports: [{ process_name: "node", network: "tcp", port: 3000 }, { process_name: "", network: "tcp", port: 5432 }] };

const STATES: WorkspaceStatus[] = ["running", "stopped", "starting", "failed", "stopping", "pending", "canceled", "deleting"];
/** A long list: every state, long names, other people. */
export const many: Workspace[] = Array.from({ length: 60 }, (_, at) => {
  const status = STATES[at % STATES.length]!;
  const job = { ...rich.latest_build.job, status: status === "failed" ? "failed" as const : "succeeded" as const, ...(status === "failed" ? { error: "terraform apply: Error: creating container: no space left on device (docker_container.workspace[0], main.tf:112)" } : {}) };
  return { ...rich, id: id(), name: at % 9 === 0 ? `a-name-as-long-as-may-be-${String(at).padStart(7, "0")}` : `work-${at}`, owner_name: at % 3 === 0 ? "grace" : "ada", favorite: at === 3, outdated: at % 5 === 0, health: { healthy: at % 7 !== 0, failing_agents: [] }, latest_build: { ...rich.latest_build, status, job } };
});

const parameter = (name: string, display_name: string, more: Partial<RichParameter>): RichParameter => ({
  name, display_name, description: "", description_plaintext: "", type: "string", form_type: "", mutable: true, default_value: "", icon: "", options: [], required: false, ephemeral: false, ...more,
});
const options = (...all: Array<[string, string]>) => all.map(([value, description]) => ({ name: value, description, value, icon: "" }));

/** One of each form that a template can ask for. */
export const parameters: RichParameter[] = [
  parameter("region", "Region", { form_type: "radio", default_value: "eu", mutable: false, required: true, description_plaintext: "Where it runs.", options: options(["eu", "Frankfurt, 20 ms"], ["us", "Oregon, 150 ms"]) }),
  parameter("image", "Image", { form_type: "dropdown", required: true, options: options(["debian", "Debian 13"], ["fedora", "Fedora 44"]) }),
  parameter("repository", "Repository", { form_type: "input", description_plaintext: "Cloned into the home folder.", validation_regex: "^https://", validation_error: "It begins with https://." }),
  parameter("dotfiles", "First commands", { form_type: "textarea", default_value: "git config --global pull.rebase true" }),
  parameter("cpu", "Cores", { type: "number", form_type: "slider", default_value: "4", validation_min: 1, validation_max: 16, validation_monotonic: "increasing" }),
  parameter("disk", "Disk in GiB", { type: "number", form_type: "input", default_value: "20", validation_min: 10, validation_max: 500, validation_error: "{min} to {max}, not {value}." }),
  parameter("gpu", "With a graphics card", { type: "bool", form_type: "switch", default_value: "false" }),
  parameter("terms", "I know that this costs money", { type: "bool", form_type: "checkbox", default_value: "false" }),
  parameter("tools", "Tools", { type: "list(string)", form_type: "multi-select", default_value: '["git"]', options: options(["git", "Version control"], ["docker", "Containers"], ["node", "JavaScript"]) }),
  parameter("ports", "Open ports", { type: "list(string)", form_type: "tag-select", default_value: '["3000","8080"]', required: true }),
  parameter("once", "Only for one build", { ephemeral: true }),
];

export const template: Template = {
  id: rich.template_id, created_at: NEVER, updated_at: T(0), organization_id: id(), organization_name: "default", organization_display_name: "", organization_icon: "", name: "docker-dev", display_name: "Docker with dev containers",
  provisioner: "terraform", active_version_id: rich.template_active_version_id, active_user_count: 12, build_time_stats: {}, description: "A container with your dev containers inside.", deprecated: false, deprecation_message: "", icon: "",
  default_ttl_ms: 28_800_000, activity_bump_ms: 3_600_000, autostop_requirement: { days_of_week: [], weeks: 1 }, autostart_requirement: { days_of_week: [] }, created_by_id: id(), created_by_name: "ada",
  allow_user_autostart: true, allow_user_autostop: true, allow_user_cancel_workspace_jobs: true, failure_ttl_ms: 0, time_til_dormant_ms: 0, time_til_dormant_autodelete_ms: 0, require_active_version: false, max_port_share_level: "owner", use_classic_parameter_flow: false,
};
