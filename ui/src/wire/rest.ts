// The bodies of the REST interface. Written by a test of the crate `proto` from its Rust types; not edited by hand.

/**
 * A workspace daemon.
 */
export type Agent = { id: AgentId, 
/**
 * Set for a sub-daemon of a dev container.
 */
parent_id: AgentId | null, created_at: Time, updated_at: Time, first_connected_at?: Time | null, last_connected_at?: Time | null, disconnected_at?: Time | null, started_at?: Time | null, ready_at?: Time | null, status: AgentStatus, lifecycle_state: AgentLifecycle, name: string, resource_id: ResourceId, instance_id?: string, architecture: string, environment_variables: { [key in string]: string }, operating_system: string, logs_length: number, logs_overflowed: boolean, directory?: string, expanded_directory?: string, version: string, api_version: string, apps: Array<App>, 
/**
 * By region name.
 */
latency?: { [key in string]: AgentLatency }, connection_timeout_seconds: number, troubleshooting_url: string, subsystems: Array<string>, health: AgentHealth, 
/**
 * `vscode`, `vscode_insiders`, `web_terminal`, `ssh_helper`, `port_forwarding_helper`.
 */
display_apps: Array<string>, log_sources: Array<AgentLogSource>, scripts: Array<AgentScript>, startup_script_behavior: StartupScriptBehavior, };

/**
 * Whether the daemon does its work.
 */
export type AgentHealth = { healthy: boolean, 
/**
 * Absent when healthy.
 */
reason?: string, };

/**
 * A workspace daemon (`agent` on the wire).
 */
export type AgentId = string;

/**
 * How far a relay region is from the daemon.
 */
export type AgentLatency = { preferred: boolean, latency_ms: number, };

export type AgentLifecycle = "created" | "starting" | "start_timeout" | "start_error" | "ready" | "shutting_down" | "shutdown_timeout" | "shutdown_error" | "off" | "unknown";

/**
 * One line of a daemon's log; streams send lists of them.
 */
export type AgentLog = { id: number, created_at: Time, output: string, level: LogLevel, source_id: LogSourceId, };

/**
 * Where lines of a daemon's log come from.
 */
export type AgentLogSource = { workspace_agent_id: AgentId, id: LogSourceId, created_at: Time, display_name: string, icon: string, };

/**
 * A script that the daemon runs.
 */
export type AgentScript = { id: ScriptId, log_source_id: LogSourceId, log_path: string, script: string, cron: string, run_on_start: boolean, run_on_stop: boolean, start_blocks_login: boolean, 
/**
 * Nanoseconds; 0 means none.
 */
timeout: number, display_name: string, };

export type AgentStatus = "connecting" | "connected" | "disconnected" | "timeout" | "unknown";

/**
 * A key as lists show it; the secret half is known only to the one who asked for it.
 */
export type ApiKey = { 
/**
 * The first 10 characters of the token.
 */
id: string, user_id: UserId, last_used: Time, expires_at: Time, created_at: Time, updated_at: Time, login_type: LoginType, scope: KeyScope, token_name: string, lifetime_seconds: number, 
/**
 * Only in `keys/tokens` lists.
 */
username?: string, };

/**
 * An app.
 */
export type App = { id: AppId, url: string, external: boolean, slug: string, display_name: string, command?: string, icon: string, subdomain: boolean, subdomain_name?: string, sharing_level: SharingLevel, healthcheck: Healthcheck, health: AppHealth, group?: string, hidden: boolean, 
/**
 * `slim-window` or `tab`.
 */
open_in: string, statuses: unknown[], };

export type AppHealth = "disabled" | "initializing" | "healthy" | "unhealthy" | "unknown";

/**
 * An app of a workspace daemon.
 */
export type AppId = string;

/**
 * "May I do this to that?"
 */
export type AuthCheck = { object: AuthObject, 
/**
 * `create`, `read`, `update`, `delete`, `ssh`, …
 */
action: string, };

/**
 * `POST authcheck`; the answer is a map from the same names to booleans.
 */
export type AuthChecks = { checks: { [key in string]: AuthCheck }, };

/**
 * Whether a way to sign in is there.
 */
export type AuthMethod = { enabled: boolean, };

/**
 * `GET users/authmethods`.
 */
export type AuthMethods = { terms_of_service_url: string, password: AuthMethod, github: GithubAuthMethod, oidc: OidcAuthMethod, };

/**
 * What a check is about. Empty fields do not narrow.
 */
export type AuthObject = { resource_type: string, owner_id?: string, organization_id?: string, resource_id?: string, };

export type AutomaticUpdates = "never" | "always" | "unknown";

/**
 * On which days a workspace may start by itself.
 */
export type AutostartRequirement = { days_of_week: Array<string>, };

/**
 * On which days a workspace must stop.
 */
export type AutostopRequirement = { days_of_week: Array<string>, weeks: number, };

/**
 * A build.
 */
export type Build = { id: BuildId, created_at: Time, updated_at: Time, workspace_id: WorkspaceId, workspace_name: string, workspace_owner_id: UserId, workspace_owner_name: string, workspace_owner_avatar_url: string, template_version_id: TemplateVersionId, template_version_name: string, 
/**
 * From 1, without gaps within a workspace.
 */
build_number: number, transition: Transition, initiator_id: UserId, initiator_name: string, job: Job, reason: BuildReason, resources: Array<Resource>, 
/**
 * When the workspace stops by itself.
 */
deadline: Time | null, max_deadline: Time | null, status: WorkspaceStatus, daily_cost: number, matched_provisioners?: MatchedProvisioners | null, template_version_preset_id: string | null, has_ai_task?: boolean | null, ai_task_sidebar_app_id?: string | null, has_external_agent?: boolean | null, };

/**
 * One provisioning run of a workspace.
 */
export type BuildId = string;

/**
 * `GET buildinfo`.
 */
export type BuildInfo = { external_url: string, 
/**
 * `v<semver>+<own name>`; clients parse it.
 */
version: string, dashboard_url: string, telemetry: boolean, workspace_proxy: boolean, agent_api_version: string, provisioner_api_version: string, upgrade_message: string, deployment_id: string, webpush_public_key?: string, };

/**
 * A value given for a parameter of the template.
 */
export type BuildParameter = { name: string, value: string, };

export type BuildReason = "initiator" | "autostart" | "autostop" | "dormancy" | "dashboard" | "cli" | "ssh_connection" | "vscode_connection" | "jetbrains_connection" | "unknown";

/**
 * Milliseconds that builds took; absent when none was measured.
 */
export type BuildTime = { P50: number | null, P95: number | null, };

/**
 * How long a workspace daemon took to connect.
 */
export type ConnectionTiming = { started_at: Time, ended_at: Time, 
/**
 * `connect`.
 */
stage: string, workspace_agent_id: string, workspace_agent_name: string, };

/**
 * `POST workspaces/{id}/builds`.
 */
export type CreateBuild = { template_version_id?: TemplateVersionId | null, transition: Transition, dry_run: boolean, orphan: boolean, rich_parameter_values: Array<BuildParameter>, log_level?: string, reason?: BuildReason | null, template_version_preset_id?: string | null, };

/**
 * `POST users/first`: makes the owner while there is no account.
 */
export type CreateFirstUser = { email: string, username: string, name: string, 
/**
 * Secret: never logged, which is why this type has no `Debug`.
 */
password: string, trial: boolean, };

/**
 * `POST users/{user}/keys/tokens`.
 */
export type CreateToken = { 
/**
 * Nanoseconds; 0 asks for the server's default.
 */
lifetime: number, scope: KeyScope, token_name: string, };

/**
 * `POST users`: an account made by the owner.
 */
export type CreateUser = { email: string, username: string, name: string, 
/**
 * Secret: never logged, which is why this type has no `Debug`.
 */
password: string, };

/**
 * `POST users/{user}/workspaces`.
 */
export type CreateWorkspace = { 
/**
 * Exactly one of this and `template_version_id`.
 */
template_id?: TemplateId | null, template_version_id?: TemplateVersionId | null, name: string, autostart_schedule?: string | null, ttl_ms?: number | null, rich_parameter_values: Array<BuildParameter>, automatic_updates?: AutomaticUpdates | null, template_version_preset_id?: string | null, };

/**
 * `GET entitlements`.
 */
export type Entitlements = { features: { [key in string]: Feature }, warnings: Array<string>, errors: Array<string>, has_license: boolean, trial: boolean, require_telemetry: boolean, refreshed_at: Time, };

/**
 * `PUT workspaces/{id}/extend`.
 */
export type ExtendWorkspace = { deadline: Time, };

/**
 * Whether a paid feature is there.
 */
export type Feature = { 
/**
 * `entitled`, `grace_period`, `not_entitled`.
 */
entitlement: string, enabled: boolean, };

/**
 * An uploaded file.
 */
export type FileId = string;

/**
 * Answer of `POST users/first`.
 */
export type FirstUserCreated = { user_id: UserId, organization_id: OrganizationId, };

/**
 * `GET users/{user}/gitsshkey`.
 */
export type GitSshKey = { user_id: UserId, created_at: Time, updated_at: Time, public_key: string, };

/**
 * Sign-in by GitHub.
 */
export type GithubAuthMethod = { enabled: boolean, default_provider_configured: boolean, };

/**
 * How a daemon asks an app whether it is well. An empty `url` means never.
 */
export type Healthcheck = { url: string, 
/**
 * Seconds.
 */
interval: number, 
/**
 * Failures in a row until unhealthy.
 */
threshold: number, };

/**
 * A job.
 */
export type Job = { id: JobId, created_at: Time, started_at: Time | null, completed_at: Time | null, canceled_at: Time | null, 
/**
 * Why it failed; empty otherwise.
 */
error?: string, error_code?: string, status: JobStatus, worker_id?: string | null, worker_name?: string, file_id: FileId, tags: { [key in string]: string }, queue_position: number, queue_size: number, organization_id: OrganizationId, initiator_id: UserId, input: JobInput, type: JobType, metadata: JobMetadata, logs_overflowed: boolean, };

/**
 * The job behind a build or a template import.
 */
export type JobId = string;

/**
 * What a job works on.
 */
export type JobInput = { template_version_id?: TemplateVersionId | null, workspace_build_id?: BuildId | null, error?: string, };

/**
 * One line of a job's log. Ids grow within a job; `after=<id>` continues behind a line.
 */
export type JobLog = { id: number, created_at: Time, log_source: LogSource, log_level: LogLevel, stage: string, output: string, };

/**
 * Names that lists of jobs show.
 */
export type JobMetadata = { template_version_name: string, template_id: TemplateId, template_name: string, template_display_name: string, template_icon: string, workspace_id?: WorkspaceId | null, workspace_name?: string, };

export type JobStatus = "pending" | "running" | "succeeded" | "canceling" | "canceled" | "failed" | "unknown";

export type JobType = "workspace_build" | "template_version_import" | "template_version_dry_run" | "unknown";

/**
 * Answer of `POST users/{user}/keys` and `…/keys/tokens`.
 */
export type KeyCreated = { 
/**
 * Secret: shown once.
 */
key: string, };

export type KeyScope = "all" | "application_connect" | "unknown";

/**
 * A port on which something in the workspace listens.
 */
export type ListeningPort = { process_name: string, 
/**
 * `tcp`.
 */
network: string, port: number, };

/**
 * `GET workspaceagents/{id}/listening-ports`, also the daemon's own answer on mesh port 4.
 */
export type ListeningPorts = { ports: Array<ListeningPort>, };

export type LogLevel = "info" | "trace" | "debug" | "warn" | "error" | "unknown";

export type LogSource = "provisioner" | "provisioner_daemon" | "unknown";

/**
 * A source of workspace daemon logs.
 */
export type LogSourceId = string;

/**
 * Answer of `POST users/login`.
 */
export type LoggedIn = { 
/**
 * Secret: `<10 characters id>-<22 characters secret>`.
 */
session_token: string, };

/**
 * `POST users/login`.
 */
export type Login = { email: string, 
/**
 * Secret: never logged.
 */
password: string, };

export type LoginType = "password" | "token" | "github" | "oidc" | "none" | "unknown";

/**
 * How many runners could take a job.
 */
export type MatchedProvisioners = { count: number, available: number, most_recently_seen: Time | null, };

/**
 * The little that strangers see of an account.
 */
export type MinimalUser = { id: UserId, username: string, avatar_url: string, };

/**
 * Sign-in by OpenID Connect. The names are not `snake_case` on the wire.
 */
export type OidcAuthMethod = { enabled: boolean, signInText: string, iconUrl: string, };

/**
 * An organization. `{organization}` in a path is its id, its name or `default`.
 */
export type Organization = { id: OrganizationId, name: string, display_name: string, description: string, icon: string, created_at: Time, updated_at: Time, is_default: boolean, };

/**
 * An organization.
 */
export type OrganizationId = string;

/**
 * One of the answers a parameter offers.
 */
export type ParameterOption = { name: string, description: string, value: string, icon: string, };

/**
 * How long a step of the provisioner took.
 */
export type ProvisionerTiming = { job_id: JobId, started_at: Time, ended_at: Time, 
/**
 * `init`, `plan`, `graph`, `apply`.
 */
stage: string, source: string, action: string, resource: string, };

/**
 * A place that serves apps.
 */
export type Region = { id: string, name: string, display_name: string, icon_url: string, healthy: boolean, path_app_url: string, wildcard_hostname: string, };

/**
 * `GET regions`.
 */
export type Regions = { regions: Array<Region>, };

/**
 * A resource: a process, a container, a machine.
 */
export type Resource = { id: ResourceId, created_at: Time, job_id: JobId, workspace_transition: Transition, type: string, name: string, hide: boolean, icon: string, agents?: Array<Agent>, metadata?: Array<ResourceMetadata>, daily_cost: number, };

/**
 * A resource that a build made.
 */
export type ResourceId = string;

/**
 * A fact that the template shows about a resource.
 */
export type ResourceMetadata = { key: string, value: string, sensitive: boolean, };

/**
 * What a server says when a call failed, or when there is nothing but a word to say.
 */
export type Response = { 
/**
 * One plain sentence for people.
 */
message: string, 
/**
 * Why, for those who look closer. Never contains a secret.
 */
detail?: string, 
/**
 * Which fields of the request were wrong.
 */
validations?: Array<Validation>, };

/**
 * A question that a template asks whoever creates a workspace.
 */
export type RichParameter = { name: string, display_name: string, description: string, description_plaintext: string, 
/**
 * `string`, `number`, `bool`, `list(string)`.
 */
type: string, form_type: string, mutable: boolean, default_value: string, icon: string, options: Array<ParameterOption>, validation_error?: string, validation_regex?: string, validation_min?: number | null, validation_max?: number | null, validation_monotonic?: string, required: boolean, ephemeral: boolean, };

/**
 * A named set of permissions.
 */
export type Role = { name: string, display_name: string, };

/**
 * A script of a workspace daemon.
 */
export type ScriptId = string;

/**
 * How long a script of a workspace daemon took.
 */
export type ScriptTiming = { started_at: Time, ended_at: Time, exit_code: number, 
/**
 * `start`, `stop`, `cron`.
 */
stage: string, 
/**
 * `ok`, `exit_failure`, `timed_out`, `pipes_left_open`.
 */
status: string, display_name: string, workspace_agent_id: string, workspace_agent_name: string, };

/**
 * Where an account is signed in: a session as `GET homeport/sessions` shows it. Ours; other servers do not list them.
 */
export type Session = { 
/**
 * The first 10 characters of its token.
 */
id: string, created_at: Time, last_used: Time, expires_at: Time, 
/**
 * The session that asked.
 */
is_current: boolean, };

export type SharingLevel = "owner" | "authenticated" | "organization" | "public" | "unknown";

/**
 * `GET deployment/ssh`.
 */
export type SshConfig = { hostname_prefix: string, hostname_suffix: string, ssh_config_options: { [key in string]: string }, };

export type StartupScriptBehavior = "non-blocking" | "blocking" | "unknown";

/**
 * A template.
 */
export type Template = { id: TemplateId, created_at: Time, updated_at: Time, organization_id: OrganizationId, organization_name: string, organization_display_name: string, organization_icon: string, name: string, display_name: string, 
/**
 * `terraform`, `echo`, or ours: `builtin`.
 */
provisioner: string, active_version_id: TemplateVersionId, 
/**
 * -1 when nobody counted.
 */
active_user_count: number, build_time_stats: { [key in string]: BuildTime }, description: string, deprecated: boolean, deprecation_message: string, icon: string, default_ttl_ms: number, activity_bump_ms: number, autostop_requirement: AutostopRequirement, autostart_requirement: AutostartRequirement, created_by_id: UserId, created_by_name: string, allow_user_autostart: boolean, allow_user_autostop: boolean, allow_user_cancel_workspace_jobs: boolean, failure_ttl_ms: number, time_til_dormant_ms: number, time_til_dormant_autodelete_ms: number, require_active_version: boolean, 
/**
 * `owner`, `authenticated`, `organization`, `public`.
 */
max_port_share_level: string, use_classic_parameter_flow: boolean, };

/**
 * A template.
 */
export type TemplateId = string;

/**
 * A version: files that were imported once and never change.
 */
export type TemplateVersion = { id: TemplateVersionId, template_id: TemplateId | null, organization_id: OrganizationId, created_at: Time, updated_at: Time, name: string, message: string, job: Job, readme: string, created_by: MinimalUser, archived: boolean, warnings: Array<string>, matched_provisioners?: MatchedProvisioners | null, 
/**
 * Whether its workspaces have daemons on computers that no build starts.
 */
has_external_agent?: boolean | null, };

/**
 * One version of a template.
 */
export type TemplateVersionId = string;

/**
 * A point in time.
 */
export type Time = string;

/**
 * `GET workspacebuilds/{id}/timings` and `GET workspaces/{id}/timings`.
 */
export type Timings = { provisioner_timings: Array<ProvisionerTiming>, agent_script_timings: Array<ScriptTiming>, agent_connection_timings: Array<ConnectionTiming>, };

/**
 * `GET users/{user}/keys/tokens/tokenconfig`.
 */
export type TokenConfig = { 
/**
 * Nanoseconds.
 */
max_token_lifetime: number, };

export type Transition = "start" | "stop" | "delete" | "unknown";

/**
 * `PUT workspaces/{id}/autoupdates`.
 */
export type UpdateAutomaticUpdates = { automatic_updates: AutomaticUpdates, };

/**
 * `PUT workspaces/{id}/autostart`.
 */
export type UpdateAutostart = { schedule: string | null, };

/**
 * `GET updatecheck`.
 */
export type UpdateCheck = { current: boolean, version: string, url: string, };

/**
 * `PUT workspaces/{id}/dormant`.
 */
export type UpdateDormancy = { dormant: boolean, };

/**
 * `PUT users/{user}/password`.
 */
export type UpdatePassword = { 
/**
 * Secret. Needed for one's own account.
 */
old_password: string, 
/**
 * Secret.
 */
password: string, };

/**
 * `PUT workspaces/{id}/ttl`.
 */
export type UpdateTtl = { ttl_ms: number | null, };

/**
 * `PATCH workspaces/{id}`.
 */
export type UpdateWorkspace = { name: string, };

/**
 * An account. `{user}` in a path is its id, its username or `me`.
 */
export type User = { id: UserId, username: string, name: string, avatar_url: string, email: string, created_at: Time, updated_at: Time, last_seen_at: Time, status: UserStatus, login_type: LoginType, organization_ids: Array<OrganizationId>, 
/**
 * Roles beyond member; `owner` may do everything.
 */
roles: Array<Role>, };

/**
 * A person's account.
 */
export type UserId = string;

/**
 * `GET users`.
 */
export type UserList = { users: Array<User>, count: number, };

export type UserStatus = "active" | "dormant" | "suspended" | "unknown";

/**
 * One wrong field.
 */
export type Validation = { 
/**
 * Name of the field as in the request.
 */
field: string, 
/**
 * What is wrong with it.
 */
detail: string, };

/**
 * One message of `…/watch-ws`; `data` is a [`Workspace`] or a [`super::Response`].
 */
export type WatchEvent = { type: WatchKind, data: unknown, };

export type WatchKind = "ping" | "data" | "error" | "unknown";

/**
 * A workspace.
 */
export type Workspace = { id: WorkspaceId, created_at: Time, updated_at: Time, owner_id: UserId, owner_name: string, owner_avatar_url: string, organization_id: OrganizationId, organization_name: string, template_id: TemplateId, template_name: string, template_display_name: string, template_icon: string, template_allow_user_cancel_workspace_jobs: boolean, template_active_version_id: TemplateVersionId, template_require_active_version: boolean, template_use_classic_parameter_flow: boolean, latest_build: Build, latest_app_status: unknown, outdated: boolean, name: string, 
/**
 * Five-field cron line, with an optional `CRON_TZ=` in front.
 */
autostart_schedule: string | null, ttl_ms: number | null, last_used_at: Time, deleting_at: Time | null, dormant_at: Time | null, health: WorkspaceHealth, automatic_updates: AutomaticUpdates, allow_renames: boolean, favorite: boolean, next_start_at: Time | null, is_prebuild: boolean, };

/**
 * Whether all daemons of a workspace are well.
 */
export type WorkspaceHealth = { healthy: boolean, failing_agents: Array<AgentId>, };

/**
 * A workspace.
 */
export type WorkspaceId = string;

/**
 * `GET workspaces`.
 */
export type WorkspaceList = { workspaces: Array<Workspace>, count: number, };

export type WorkspaceStatus = "pending" | "starting" | "running" | "stopping" | "stopped" | "failed" | "canceling" | "canceled" | "deleting" | "deleted" | "unknown";

/**
 * `POST workspaces/{id}/usage`.
 */
export type WorkspaceUsage = { agent_id?: AgentId | null, 
/**
 * `vscode`, `jetbrains`, `reconnecting-pty`, `ssh`.
 */
app_name?: string, };
