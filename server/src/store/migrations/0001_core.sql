-- Accounts, templates, workspaces, builds and what they made. Ids are UUID text; times are microseconds since the Unix
-- epoch; booleans are 0 or 1; lists and maps are JSON text.

CREATE TABLE settings (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE organizations (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    display_name TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    icon         TEXT NOT NULL DEFAULT '',
    is_default   INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    username      TEXT NOT NULL UNIQUE COLLATE NOCASE,
    email         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name          TEXT NOT NULL DEFAULT '',
    avatar_url    TEXT NOT NULL DEFAULT '',
    password_hash TEXT NOT NULL,              -- Argon2id, PHC form
    status        TEXT NOT NULL DEFAULT 'active',
    login_type    TEXT NOT NULL DEFAULT 'password',
    is_owner      INTEGER NOT NULL DEFAULT 0, -- the site role `owner`: may do everything
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE organization_members (
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE TABLE api_keys (
    id               TEXT PRIMARY KEY NOT NULL, -- the 10 characters before the dash
    hash             BLOB NOT NULL,             -- SHA-256 of the 22 characters behind it
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    login_type       TEXT NOT NULL,
    scope            TEXT NOT NULL DEFAULT 'all',
    token_name       TEXT NOT NULL DEFAULT '',
    lifetime_seconds INTEGER NOT NULL,
    last_used        INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_keys_name ON api_keys (user_id, token_name) WHERE token_name <> '';
CREATE INDEX api_keys_user ON api_keys (user_id);

CREATE TABLE templates (
    id                TEXT PRIMARY KEY NOT NULL,
    organization_id   TEXT NOT NULL REFERENCES organizations (id),
    name              TEXT NOT NULL COLLATE NOCASE,
    display_name      TEXT NOT NULL DEFAULT '',
    description       TEXT NOT NULL DEFAULT '',
    icon              TEXT NOT NULL DEFAULT '',
    provisioner       TEXT NOT NULL,            -- `builtin`
    active_version_id TEXT NOT NULL,
    created_by        TEXT REFERENCES users (id),
    deleted           INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX templates_name ON templates (organization_id, name) WHERE deleted = 0;

CREATE TABLE jobs (
    id              TEXT PRIMARY KEY NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    initiator_id    TEXT REFERENCES users (id),
    kind            TEXT NOT NULL,            -- the wire's words: workspace_build, template_version_import
    status          TEXT NOT NULL,            -- pending, running, succeeded, canceling, canceled, failed
    reason          TEXT NOT NULL DEFAULT '', -- why it ended as it did, in words for people
    error_code      TEXT NOT NULL DEFAULT '',
    created_at      INTEGER NOT NULL,
    started_at      INTEGER,
    completed_at    INTEGER,
    canceled_at     INTEGER,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX jobs_open ON jobs (created_at) WHERE status IN ('pending', 'running', 'canceling');

CREATE TABLE job_logs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- grows; the order of lines
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    source     TEXT NOT NULL,
    level      TEXT NOT NULL,
    stage      TEXT NOT NULL,
    output     TEXT NOT NULL
) STRICT;
CREATE INDEX job_logs_job ON job_logs (job_id, id);

CREATE TABLE template_versions (
    id              TEXT PRIMARY KEY NOT NULL,
    template_id     TEXT REFERENCES templates (id),
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    job_id          TEXT NOT NULL REFERENCES jobs (id),
    name            TEXT NOT NULL,
    message         TEXT NOT NULL DEFAULT '',
    readme          TEXT NOT NULL DEFAULT '',
    created_by      TEXT REFERENCES users (id),
    archived        INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    UNIQUE (template_id, name)
) STRICT;

CREATE TABLE workspaces (
    id                 TEXT PRIMARY KEY NOT NULL,
    owner_id           TEXT NOT NULL REFERENCES users (id),
    organization_id    TEXT NOT NULL REFERENCES organizations (id),
    template_id        TEXT NOT NULL REFERENCES templates (id),
    name               TEXT NOT NULL COLLATE NOCASE,
    autostart_schedule TEXT,
    ttl_ms             INTEGER,
    automatic_updates  TEXT NOT NULL DEFAULT 'never',
    favorite           INTEGER NOT NULL DEFAULT 0,
    deleted            INTEGER NOT NULL DEFAULT 0,
    dormant_at         INTEGER,
    last_used_at       INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
-- A name is free again once the workspace is deleted.
CREATE UNIQUE INDEX workspaces_name ON workspaces (owner_id, name) WHERE deleted = 0;

CREATE TABLE builds (
    id                  TEXT PRIMARY KEY NOT NULL,
    workspace_id        TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    template_version_id TEXT NOT NULL REFERENCES template_versions (id),
    job_id              TEXT NOT NULL UNIQUE REFERENCES jobs (id),
    build_number        INTEGER NOT NULL,
    transition          TEXT NOT NULL,
    reason              TEXT NOT NULL,
    initiator_id        TEXT REFERENCES users (id),
    deadline            INTEGER,
    open                INTEGER NOT NULL DEFAULT 1, -- 1 until its job has ended
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (workspace_id, build_number)
) STRICT;
-- The database itself keeps the promise of one build at a time per workspace.
CREATE UNIQUE INDEX builds_open ON builds (workspace_id) WHERE open = 1;

CREATE TABLE build_parameters (
    build_id TEXT NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (build_id, name)
) STRICT;

CREATE TABLE build_timings (
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    stage      TEXT NOT NULL,
    source     TEXT NOT NULL,
    action     TEXT NOT NULL,
    resource   TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX build_timings_job ON build_timings (job_id);

CREATE TABLE resources (
    id         TEXT PRIMARY KEY NOT NULL,
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    transition TEXT NOT NULL,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    hide       INTEGER NOT NULL DEFAULT 0,
    icon       TEXT NOT NULL DEFAULT '',
    metadata   TEXT NOT NULL DEFAULT '[]', -- [{key, value, sensitive}]
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX resources_job ON resources (job_id);

CREATE TABLE agents (
    id                 TEXT PRIMARY KEY NOT NULL,
    parent_id          TEXT REFERENCES agents (id) ON DELETE CASCADE,
    resource_id        TEXT NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    workspace_id       TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name               TEXT NOT NULL,
    token_hash         BLOB NOT NULL UNIQUE,       -- SHA-256 of the token's canonical UUID text
    retired            INTEGER NOT NULL DEFAULT 0, -- 1: its token is void; a newer build replaced or stopped it
    architecture       TEXT NOT NULL,
    operating_system   TEXT NOT NULL,
    environment        TEXT NOT NULL DEFAULT '{}',
    directory          TEXT NOT NULL DEFAULT '',
    expanded_directory TEXT NOT NULL DEFAULT '',
    version            TEXT NOT NULL DEFAULT '',
    api_version        TEXT NOT NULL DEFAULT '',
    subsystems         TEXT NOT NULL DEFAULT '[]',
    display_apps       TEXT NOT NULL DEFAULT '[]',
    motd_file          TEXT NOT NULL DEFAULT '',
    troubleshooting_url TEXT NOT NULL DEFAULT '',
    connection_timeout_seconds INTEGER NOT NULL DEFAULT 120,
    startup_script_behavior TEXT NOT NULL DEFAULT 'non-blocking',
    lifecycle_state    TEXT NOT NULL DEFAULT 'created',
    started_at         INTEGER,
    ready_at           INTEGER,
    first_connected_at INTEGER,
    last_connected_at  INTEGER,                    -- kept fresh while connected
    disconnected_at    INTEGER,
    logs_length        INTEGER NOT NULL DEFAULT 0,
    logs_overflowed    INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX agents_resource ON agents (resource_id);
CREATE INDEX agents_workspace ON agents (workspace_id) WHERE retired = 0;

CREATE TABLE apps (
    id                    TEXT PRIMARY KEY NOT NULL,
    agent_id              TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    slug                  TEXT NOT NULL,
    display_name          TEXT NOT NULL,
    icon                  TEXT NOT NULL DEFAULT '',
    command               TEXT NOT NULL DEFAULT '',
    url                   TEXT NOT NULL DEFAULT '',
    external              INTEGER NOT NULL DEFAULT 0,
    subdomain             INTEGER NOT NULL DEFAULT 0,
    sharing_level         TEXT NOT NULL DEFAULT 'owner',
    healthcheck_url       TEXT NOT NULL DEFAULT '',
    healthcheck_interval  INTEGER NOT NULL DEFAULT 0, -- seconds
    healthcheck_threshold INTEGER NOT NULL DEFAULT 0,
    health                TEXT NOT NULL DEFAULT 'disabled',
    app_group             TEXT NOT NULL DEFAULT '',
    hidden                INTEGER NOT NULL DEFAULT 0,
    open_in               TEXT NOT NULL DEFAULT 'slim-window',
    UNIQUE (agent_id, slug)
) STRICT;

CREATE TABLE log_sources (
    id           TEXT NOT NULL,
    agent_id     TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    display_name TEXT NOT NULL,
    icon         TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (agent_id, id)
) STRICT;

CREATE TABLE scripts (
    id                 TEXT PRIMARY KEY NOT NULL,
    agent_id           TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    log_source_id      TEXT NOT NULL,
    display_name       TEXT NOT NULL,
    log_path           TEXT NOT NULL DEFAULT '',
    script             TEXT NOT NULL,
    cron               TEXT NOT NULL DEFAULT '',
    run_on_start       INTEGER NOT NULL DEFAULT 0,
    run_on_stop        INTEGER NOT NULL DEFAULT 0,
    start_blocks_login INTEGER NOT NULL DEFAULT 0,
    timeout_seconds    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX scripts_agent ON scripts (agent_id);

-- What the built-in templates run on this machine: one daemon process per workspace.
CREATE TABLE daemons (
    workspace_id TEXT PRIMARY KEY NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    agent_id     TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    home         TEXT NOT NULL,            -- $HOME of the daemon
    wanted       INTEGER NOT NULL,         -- 1: restart it when it is not there
    pid          INTEGER,                  -- also its process group and session
    start_time   INTEGER                   -- the kernel's start time of that pid, so that a recycled pid is never killed
) STRICT;
