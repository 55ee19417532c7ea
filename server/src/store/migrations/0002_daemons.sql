-- What workspace daemons report while they run, and the keys of the mesh half of the server.

CREATE TABLE agent_logs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- grows; the order of lines
    agent_id   TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    source_id  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    level      TEXT NOT NULL,
    output     TEXT NOT NULL
) STRICT;
CREATE INDEX agent_logs_agent ON agent_logs (agent_id, id);

-- One row per value that a daemon collects: its description from the template, and the last result.
CREATE TABLE agent_metadata (
    agent_id         TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    key              TEXT NOT NULL,
    position         INTEGER NOT NULL DEFAULT 0,
    display_name     TEXT NOT NULL DEFAULT '',
    script           TEXT NOT NULL DEFAULT '',
    interval_seconds INTEGER NOT NULL DEFAULT 0,
    timeout_seconds  INTEGER NOT NULL DEFAULT 0,
    value            TEXT NOT NULL DEFAULT '',
    error            TEXT NOT NULL DEFAULT '',
    collected_at     INTEGER,
    PRIMARY KEY (agent_id, key)
) STRICT;

CREATE TABLE agent_stats (
    agent_id          TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    created_at        INTEGER NOT NULL,
    connection_count  INTEGER NOT NULL,
    median_latency_ms REAL NOT NULL,
    rx_packets        INTEGER NOT NULL,
    rx_bytes          INTEGER NOT NULL,
    tx_packets        INTEGER NOT NULL,
    tx_bytes          INTEGER NOT NULL,
    session_count_vscode           INTEGER NOT NULL,
    session_count_jetbrains        INTEGER NOT NULL,
    session_count_reconnecting_pty INTEGER NOT NULL,
    session_count_ssh              INTEGER NOT NULL
) STRICT;
CREATE INDEX agent_stats_agent ON agent_stats (agent_id, created_at);

CREATE TABLE agent_connections (
    id              TEXT NOT NULL,
    agent_id        TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    kind            TEXT NOT NULL,            -- ssh, vscode, jetbrains, reconnecting_pty
    ip              TEXT NOT NULL,
    connected_at    INTEGER,
    disconnected_at INTEGER,
    status_code     INTEGER NOT NULL DEFAULT 0,
    reason          TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (agent_id, id)
) STRICT;

CREATE TABLE script_timings (
    script_id  TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    exit_code  INTEGER NOT NULL,
    stage      TEXT NOT NULL,                 -- start, stop, cron
    status     TEXT NOT NULL                  -- ok, exit_failure, timed_out, pipes_left_open
) STRICT;
CREATE INDEX script_timings_script ON script_timings (script_id);

CREATE TABLE app_statuses (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    app_id     TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    state      TEXT NOT NULL,                 -- working, idle, complete, failure
    message    TEXT NOT NULL,
    uri        TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX app_statuses_app ON app_statuses (app_id, id);

CREATE TABLE git_ssh_keys (
    user_id     TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    private_key TEXT NOT NULL,                -- OpenSSH form
    public_key  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

-- Secret keys of the server itself: `relay` (one row), `resume` (signs resume tokens), `sub_daemon` (derives tokens).
CREATE TABLE net_keys (
    id         TEXT PRIMARY KEY NOT NULL,
    purpose    TEXT NOT NULL,
    key        BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
