//! What a daemon reports: checked, stored, and told to whoever watches (spec `agent-rpc.md` 5.3 and 6).

use std::time::Duration;

use proto::agent::{
    AppHealth, AppStatusState, BatchCreateLogsRequest, BatchCreateLogsResponse, BatchUpdateAppHealthRequest,
    BatchUpdateAppHealthResponse, BatchUpdateMetadataRequest, BatchUpdateMetadataResponse, ConnectionAction,
    ConnectionType, Lifecycle, LifecycleState, LogLevel, MAX_APP_STATUS, ReportConnectionRequest, Startup, Stats,
    Subsystem, TimingStage, TimingStatus, UpdateAppStatusRequest, UpdateAppStatusResponse, UpdateLifecycleRequest,
    UpdateStartupRequest, UpdateStatsRequest, UpdateStatsResponse, WorkspaceAgentScriptCompletedRequest,
    WorkspaceAgentScriptCompletedResponse,
};
use proto::id::{AppId, ConnectionId, LogSourceId, ScriptId};
use proto::rest::Time;
use proto::rest::agent::AgentLifecycle;
use proto::wkt::Timestamp;
use rpc::RpcError;
use time::OffsetDateTime;

use super::service::{AgentService, of_store, refuse};
use crate::net::metadata;
use crate::net::version::is_semver;
use crate::state::Event;
use crate::store::agent_logs::{self, Appended, NewLine};
use crate::store::{agent_connections, agent_metadata, agent_presence, agent_stats, now, schedules, script_timings};

/// How often a daemon reports statistics.
const REPORT_INTERVAL: Duration = Duration::from_secs(30);
/// Most bytes of metadata keys in one report (spec `agent-rpc.md` 6.5).
const MAX_METADATA_KEYS: usize = 6144;
/// Longest short text that is stored as it came: a path, an address, a reason.
const MAX_TEXT: usize = 4096;

impl AgentService {
    pub(super) async fn update_stats(&self, request: UpdateStatsRequest) -> Result<UpdateStatsResponse, RpcError> {
        if let Some(stats) = request.stats {
            let (id, workspace) = (self.agent.id, self.agent.workspace_id);
            let write = self.state.store.write(move |db| {
                agent_stats::add(db, id, &stats, now())?;
                if is_in_use(&stats) { schedules::used(db, workspace, now()) } else { Ok(false) }
            });
            if write.await.map_err(of_store)? {
                self.tell_workspace();
            }
        }
        Ok(UpdateStatsResponse { report_interval: Some(REPORT_INTERVAL.into()) })
    }

    pub(super) async fn update_lifecycle(&self, request: UpdateLifecycleRequest) -> Result<Lifecycle, RpcError> {
        let lifecycle = request.lifecycle.ok_or_else(|| refuse("the request carries no lifecycle"))?;
        let state = LifecycleState::try_from(lifecycle.state).ok().and_then(word_of_life);
        let state = state.ok_or_else(|| refuse(format!("unknown lifecycle state {}", lifecycle.state)))?;
        let changed_at = time(lifecycle.changed_at).ok_or_else(|| refuse("changed_at is missing or out of range"))?;
        let id = self.agent.id;
        let stored = self.state.store.write(move |db| agent_presence::set_lifecycle(db, id, state, changed_at)).await;
        stored.map_err(of_store)?;
        self.tell();
        Ok(lifecycle)
    }

    pub(super) async fn update_health(
        &self,
        request: BatchUpdateAppHealthRequest,
    ) -> Result<BatchUpdateAppHealthResponse, RpcError> {
        let mut updates = Vec::with_capacity(request.updates.len());
        for update in request.updates {
            let app = AppId::from_wire(&update.id).map_err(|error| refuse(error.to_string()))?;
            let health = AppHealth::try_from(update.health).ok().and_then(word_of_health);
            updates.push((app, health.ok_or_else(|| refuse(format!("unknown health {}", update.health)))?));
        }
        let id = self.agent.id;
        let stored = self.state.store.write(move |db| {
            updates.iter().try_for_each(|(app, health)| agent_presence::set_app_health(db, id, *app, *health))
        });
        stored.await.map_err(of_store)?;
        self.tell_workspace();
        Ok(BatchUpdateAppHealthResponse {})
    }

    pub(super) async fn update_startup(&self, request: UpdateStartupRequest) -> Result<Startup, RpcError> {
        let startup = request.startup.ok_or_else(|| refuse("the request carries no startup"))?;
        if !is_semver(&startup.version) {
            return Err(refuse(format!("invalid agent semver version {:?}", clip(&startup.version, 64))));
        }
        if startup.expanded_directory.len() > MAX_TEXT {
            return Err(refuse("the directory's name is too long"));
        }
        let mut subsystems: Vec<&str> = startup
            .subsystems
            .iter()
            .filter_map(|number| Subsystem::try_from(*number).ok())
            .filter_map(word_of_subsystem)
            .collect();
        subsystems.sort_unstable();
        subsystems.dedup();
        let (id, told) = (self.agent.id, startup.clone());
        let stored = self
            .state
            .store
            .write(move |db| agent_presence::set_startup(db, id, &told.version, &told.expanded_directory, &subsystems));
        stored.await.map_err(of_store)?;
        self.tell_workspace();
        Ok(startup)
    }

    pub(super) async fn update_metadata(
        &self,
        request: BatchUpdateMetadataRequest,
    ) -> Result<BatchUpdateMetadataResponse, RpcError> {
        let keys: usize = request.metadata.iter().map(|one| one.key.len()).sum();
        if keys > MAX_METADATA_KEYS {
            return Err(refuse(format!("metadata keys have {keys} bytes, at most {MAX_METADATA_KEYS} are accepted")));
        }
        let (id, at) = (self.agent.id, now());
        let mut is_full = false;
        for one in request.metadata {
            let result = one.result.as_ref();
            let text = |text: &str| clip(text.trim(), agent_metadata::MAX_VALUE).to_owned();
            let value = metadata::Value {
                value: result.map_or_else(String::new, |result| text(&result.value)),
                error: result.map_or_else(String::new, |result| text(&result.error)),
                collected_at: result.and_then(|result| time(result.collected_at)).unwrap_or(at),
            };
            is_full |= self.state.net.latest.put(id, one.key, value);
        }
        if is_full {
            metadata::flush(&self.state).await.map_err(of_store)?;
        }
        Ok(BatchUpdateMetadataResponse {})
    }

    pub(super) async fn create_logs(
        &self,
        request: BatchCreateLogsRequest,
    ) -> Result<BatchCreateLogsResponse, RpcError> {
        let source = match request.log_source_id.as_slice() {
            [] => LogSourceId::nil(),
            bytes => LogSourceId::from_wire(bytes).map_err(|error| refuse(error.to_string()))?,
        };
        let lines: Vec<NewLine> = request
            .logs
            .into_iter()
            .map(|log| NewLine { level: word_of_level(LogLevel::try_from(log.level).ok()), output: log.output })
            .collect();
        if lines.is_empty() {
            return Ok(BatchCreateLogsResponse { log_limit_exceeded: false });
        }
        let id = self.agent.id;
        let stored = self.state.store.write(move |db| agent_logs::append(db, id, source, &lines, now())).await;
        let appended = stored.map_err(of_store)?;
        self.state.events.send(Event::AgentLogs { agent: id });
        Ok(BatchCreateLogsResponse { log_limit_exceeded: appended == Appended::LimitExceeded })
    }

    pub(super) async fn script_completed(
        &self,
        request: WorkspaceAgentScriptCompletedRequest,
    ) -> Result<WorkspaceAgentScriptCompletedResponse, RpcError> {
        let timing = request.timing.ok_or_else(|| refuse("the request carries no timing"))?;
        let started = time(timing.start).ok_or_else(|| refuse("the start is missing or out of range"))?;
        let ended = time(timing.end).ok_or_else(|| refuse("the end is missing or out of range"))?;
        if started > ended {
            return Err(refuse("the script ended before it started"));
        }
        let run = script_timings::Run {
            script: ScriptId::from_wire(&timing.script_id).map_err(|error| refuse(error.to_string()))?,
            started_at: started,
            ended_at: ended,
            exit_code: timing.exit_code,
            stage: TimingStage::try_from(timing.stage).map_err(|_| refuse("unknown stage"))?,
            status: TimingStatus::try_from(timing.status).map_err(|_| refuse("unknown status"))?,
        };
        let id = self.agent.id;
        self.state.store.write(move |db| script_timings::add(db, id, &run)).await.map_err(of_store)?;
        Ok(WorkspaceAgentScriptCompletedResponse {})
    }

    pub(super) async fn report_connection(&self, request: ReportConnectionRequest) -> Result<(), RpcError> {
        let mut connection = request.connection.ok_or_else(|| refuse("the request carries no connection"))?;
        let id = ConnectionId::from_wire(&connection.id).map_err(|error| refuse(error.to_string()))?;
        let is_known = |action| matches!(action, Ok(ConnectionAction::Connect | ConnectionAction::Disconnect));
        if id == ConnectionId::nil() || !is_known(ConnectionAction::try_from(connection.action)) {
            return Err(refuse("the connection needs an id and an action"));
        }
        if matches!(ConnectionType::try_from(connection.r#type), Err(_) | Ok(ConnectionType::Unspecified)) {
            return Err(refuse(format!("unknown connection type {}", connection.r#type)));
        }
        connection.ip = clip(&connection.ip, 64).to_owned();
        connection.reason = connection.reason.map(|reason| clip(&reason, MAX_TEXT).to_owned());
        let (agent, at) = (self.agent.id, time(connection.timestamp).unwrap_or_else(now));
        let stored = self.state.store.write(move |db| agent_connections::report(db, agent, id, &connection, at));
        stored.await.map_err(of_store)
    }

    pub(super) async fn update_app_status(
        &self,
        request: UpdateAppStatusRequest,
    ) -> Result<UpdateAppStatusResponse, RpcError> {
        if request.message.len() > MAX_APP_STATUS {
            return Err(refuse(format!("the message is longer than {MAX_APP_STATUS} bytes")));
        }
        let state = AppStatusState::try_from(request.state).map_err(|_| refuse("unknown app status"))?;
        let uri = clip(&request.uri, MAX_TEXT).to_owned();
        let id = self.agent.id;
        let stored = self.state.store.write(move |db| {
            let state = word_of_status(state);
            agent_presence::add_app_status(db, id, &request.slug, state, &request.message, &uri, now())
        });
        stored.await.map_err(of_store)?;
        self.tell_workspace();
        Ok(UpdateAppStatusResponse {})
    }

    fn tell(&self) {
        self.state.events.send(Event::Agent { agent: self.agent.id, workspace: self.agent.workspace_id });
        self.tell_workspace();
    }

    pub(super) fn tell_workspace(&self) {
        self.state.events.send(Event::Workspace { workspace: self.agent.workspace_id, owner: self.agent.owner_id });
    }
}

/// Whether somebody works there: an open session, or any connection through the mesh.
fn is_in_use(stats: &Stats) -> bool {
    let open = [
        stats.connection_count,
        stats.session_count_vscode,
        stats.session_count_jetbrains,
        stats.session_count_reconnecting_pty,
        stats.session_count_ssh,
    ];
    open.iter().any(|count| *count > 0)
}

/// A time that was given and is not zero.
fn time(stamp: Option<Timestamp>) -> Option<Time> {
    let stamp = stamp.filter(|stamp| (stamp.seconds, stamp.nanos) != (0, 0))?;
    let seconds = OffsetDateTime::from_unix_timestamp(stamp.seconds).ok()?;
    Some(Time(seconds.checked_add(time::Duration::nanoseconds(i64::from(stamp.nanos)))?))
}

/// At most `length` bytes of a text, whole characters.
fn clip(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

fn word_of_life(state: LifecycleState) -> Option<AgentLifecycle> {
    Some(match state {
        LifecycleState::Unspecified => return None,
        LifecycleState::Created => AgentLifecycle::Created,
        LifecycleState::Starting => AgentLifecycle::Starting,
        LifecycleState::StartTimeout => AgentLifecycle::StartTimeout,
        LifecycleState::StartError => AgentLifecycle::StartError,
        LifecycleState::Ready => AgentLifecycle::Ready,
        LifecycleState::ShuttingDown => AgentLifecycle::ShuttingDown,
        LifecycleState::ShutdownTimeout => AgentLifecycle::ShutdownTimeout,
        LifecycleState::ShutdownError => AgentLifecycle::ShutdownError,
        LifecycleState::Off => AgentLifecycle::Off,
    })
}

fn word_of_health(health: AppHealth) -> Option<proto::rest::app::AppHealth> {
    use proto::rest::app::AppHealth as Word;
    Some(match health {
        AppHealth::Unspecified => return None,
        AppHealth::Disabled => Word::Disabled,
        AppHealth::Initializing => Word::Initializing,
        AppHealth::Healthy => Word::Healthy,
        AppHealth::Unhealthy => Word::Unhealthy,
    })
}

fn word_of_subsystem(subsystem: Subsystem) -> Option<&'static str> {
    match subsystem {
        Subsystem::Unspecified => None,
        Subsystem::Envbox => Some("envbox"),
        Subsystem::Envbuilder => Some("envbuilder"),
        Subsystem::Exectrace => Some("exectrace"),
    }
}

fn word_of_status(state: AppStatusState) -> &'static str {
    match state {
        AppStatusState::Working => "working",
        AppStatusState::Idle => "idle",
        AppStatusState::Complete => "complete",
        AppStatusState::Failure => "failure",
    }
}

fn word_of_level(level: Option<LogLevel>) -> proto::rest::job::LogLevel {
    use proto::rest::job::LogLevel as Word;
    match level {
        Some(LogLevel::Trace) => Word::Trace,
        Some(LogLevel::Debug) => Word::Debug,
        Some(LogLevel::Warn) => Word::Warn,
        Some(LogLevel::Error) => Word::Error,
        Some(LogLevel::Info | LogLevel::Unspecified) | None => Word::Info,
    }
}
