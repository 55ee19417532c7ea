//! The built-in templates: what start, stop and delete do on this computer. Every step may be repeated.
//!
//! `process`: a daemon with a home folder of its own, kept until the workspace is deleted. `this-computer`: a daemon as
//! the user who runs the server, in that user's home, which is never touched. `external`: a token for a daemon that runs on
//! some other computer; nothing is started here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use proto::id::{AgentId, ResourceId, WorkspaceId};
use proto::rest::build::Transition;
use proto::secret::Secret;
use uuid::Uuid;

use super::process::{self, Program, StartError};
use super::run::Progress;
use crate::state::{AppState, Event};
use crate::store::builds::Waiting;
use crate::store::daemons::{self, Daemon};
use crate::store::resources::{self, NewResource};
use crate::store::{StoreError, now};
use crate::token;

/// Name of the template that uses the user's own home.
pub const THIS_COMPUTER: &str = "this-computer";
/// Name of the template with a home of its own.
pub const PROCESS: &str = "process";

/// Name of the template of computers that run their daemon themselves.
pub const EXTERNAL: &str = "external";
/// The wire's word for what its builds make.
pub const EXTERNAL_RESOURCE: &str = "coder_external_agent";

/// Why a build failed. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the store failed: {0}")]
    Store(#[from] StoreError),
    #[error("{what} failed: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("this server does not know how to build the template {0}")]
    Template(String),
    #[error("the environment of this server has no HOME, which the template this-computer needs")]
    NoHome,
    #[error("canceled")]
    Canceled,
}

/// Runs a build's steps.
///
/// # Errors
/// [`BuildError`], which becomes the build's reason.
pub async fn run(state: &AppState, build: &Waiting, progress: &Progress) -> Result<(), BuildError> {
    match build.transition {
        Transition::Start => start(state, build, progress).await,
        Transition::Stop => stop(state, build, progress).await,
        Transition::Delete => delete(state, build, progress).await,
        Transition::Unknown => Err(BuildError::Template("of an unknown transition".into())),
    }
}

async fn start(state: &AppState, build: &Waiting, progress: &Progress) -> Result<(), BuildError> {
    if build.template_name == EXTERNAL {
        return start_external(state, build, progress).await;
    }
    let home = home(state, build)?;
    progress.step("Preparing", &format!("Home folder is {}.", home.display())).await?;
    state.builds.supervisor.release(build.workspace);
    end_process(state, build.workspace, progress).await?;
    progress.check_canceled().await?;

    let folder = state.workspace_folder(build.workspace);
    prepare_folder(&folder, &home)?;
    let token = token::agent_token().map_err(io("drawing a token"))?;
    write_token(&folder, &token)?;
    let new = resource(build, if build.template_name == THIS_COMPUTER { "this_computer" } else { "process" }, &token);
    let agent = new.agent;
    let home_text = home.to_string_lossy().into_owned();
    let workspace = build.workspace;
    let retired = state.store.write(move |db| {
        let retired = resources::replace(db, &new, now())?;
        daemons::want(db, workspace, agent, &home_text)?;
        Ok(retired)
    });
    announce_retired(state, retired.await?);

    progress.step("Starting", "Starting the workspace daemon.").await?;
    let daemon = Daemon { workspace, agent, home, wanted: true, process: None };
    let child = launch(state, &daemon).await?;
    state.builds.supervisor.watch(state, daemon, Some(child));
    progress.step("Starting", "The workspace daemon runs; it connects by itself.").await
}

/// A token, and nothing that runs here. The token stays in the workspace's folder for whoever may enter the workspace.
async fn start_external(state: &AppState, build: &Waiting, progress: &Progress) -> Result<(), BuildError> {
    progress.step("Preparing", "Drawing a token for the computer that runs the daemon.").await?;
    let folder = state.workspace_folder(build.workspace);
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .map_err(io("making the workspace's folder"))?;
    let token = token::agent_token().map_err(io("drawing a token"))?;
    write_token(&folder, &token)?;
    let new = resource(build, EXTERNAL_RESOURCE, &token);
    announce_retired(state, state.store.write(move |db| resources::replace(db, &new, now())).await?);
    progress.step("Starting", "Nothing is started here: the daemon connects from its own computer.").await
}

fn resource(build: &Waiting, kind: &'static str, token: &Secret) -> NewResource {
    NewResource {
        id: ResourceId(Uuid::new_v4()),
        job: build.job,
        workspace: build.workspace,
        kind,
        name: build.workspace_name.clone(),
        agent: AgentId(Uuid::new_v4()),
        token_hash: token::agent_hash(token.expose()),
        environment: BTreeMap::new(),
        directory: String::new(),
    }
}

async fn stop(state: &AppState, build: &Waiting, progress: &Progress) -> Result<(), BuildError> {
    let workspace = build.workspace;
    progress.step("Stopping", "Stopping the workspace daemon.").await?;
    state.store.write(move |db| daemons::unwant(db, workspace)).await?;
    state.builds.supervisor.release(workspace);
    end_process(state, workspace, progress).await?;
    let retired = state.store.write(move |db| {
        daemons::set_process(db, workspace, None)?;
        resources::retire(db, workspace, now())
    });
    announce_retired(state, retired.await?);
    let _ = std::fs::remove_file(state.workspace_folder(workspace).join("agent-token"));
    progress.step("Stopping", "The workspace daemon has ended.").await
}

async fn delete(state: &AppState, build: &Waiting, progress: &Progress) -> Result<(), BuildError> {
    stop(state, build, progress).await?;
    progress.step("Deleting", "Removing the workspace's files on this computer.").await?;
    let (folder, workspace) = (state.workspace_folder(build.workspace), build.workspace);
    let removed = tokio::task::spawn_blocking(move || match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    });
    removed.await.unwrap_or_else(|error| Err(std::io::Error::other(error))).map_err(io("removing its folder"))?;
    state.store.write(move |db| daemons::forget(db, workspace)).await?;
    Ok(())
}

/// Takes back what a start had begun before it failed: nothing runs, nothing is wanted, no token is good.
///
/// # Errors
/// The store's.
pub async fn undo(state: &AppState, build: &Waiting) -> Result<(), StoreError> {
    let workspace = build.workspace;
    state.builds.supervisor.release(workspace);
    match state.store.read(move |db| daemons::of(db, workspace)).await {
        Ok(Daemon { process: Some(process), .. }) => process::end(process, process::GRACE).await,
        Ok(_) | Err(StoreError::NotFound) => {}
        Err(other) => return Err(other),
    }
    let retired = state.store.write(move |db| {
        daemons::forget(db, workspace)?;
        resources::retire(db, workspace, now())
    });
    announce_retired(state, retired.await?);
    Ok(())
}

/// Starts the process of a daemon that the store wants, and writes down which it is before it runs.
///
/// # Errors
/// [`BuildError`].
pub async fn launch(state: &AppState, daemon: &Daemon) -> Result<tokio::process::Child, BuildError> {
    let program = program(state, daemon)?;
    let gated = process::spawn(&program)?;
    let (workspace, process) = (daemon.workspace, gated.process);
    state.store.write(move |db| daemons::set_process(db, workspace, Some(process))).await?;
    Ok(gated.open(&program).await?)
}

async fn end_process(state: &AppState, workspace: WorkspaceId, progress: &Progress) -> Result<(), BuildError> {
    let daemon = match state.store.read(move |db| daemons::of(db, workspace)).await {
        Err(StoreError::NotFound) => return Ok(()),
        other => other?,
    };
    if let Some(process) = daemon.process.filter(|process| process::is_alive(*process)) {
        progress.step("Stopping", &format!("Ending process {} and its group.", process.pid)).await?;
        process::end(process, process::GRACE).await;
    }
    Ok(())
}

fn program(state: &AppState, daemon: &Daemon) -> Result<Program, BuildError> {
    let folder = state.workspace_folder(daemon.workspace);
    let mut environment: BTreeMap<&'static str, OsString> = BTreeMap::from([
        ("HOME", daemon.home.clone().into()),
        ("PWD", daemon.home.clone().into()),
        ("CODER_AGENT_URL", state.daemon_url.as_str().into()),
        ("CODER_AGENT_TOKEN_FILE", folder.join("agent-token").into()),
        ("CODER_AGENT_LOG_DIR", folder.join("logs").into()),
        ("CODER_AGENT_SCRIPT_DATA_DIR", folder.join("scripts").into()),
    ]);
    let socket = folder.join("agent.sock");
    // A socket's path has room for 107 bytes.
    if socket.as_os_str().len() <= 107 {
        environment.insert("CODER_AGENT_SOCKET_PATH", socket.into());
    }
    let binary = daemon_binary(state).ok_or_else(|| StartError::Binary(PathBuf::from("homeport")))?;
    Ok(Program { binary, home: daemon.home.clone(), log: folder.join("daemon.log"), environment })
}

/// The `homeport` program: as configured, or beside the program that runs.
#[must_use]
pub fn daemon_binary(state: &AppState) -> Option<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("homeport"));
    state.config.daemon_binary.clone().or_else(beside)
}

fn home(state: &AppState, build: &Waiting) -> Result<PathBuf, BuildError> {
    match build.template_name.as_str() {
        THIS_COMPUTER => std::env::var_os("HOME").map(PathBuf::from).ok_or(BuildError::NoHome),
        PROCESS => Ok(state.workspace_folder(build.workspace).join("home")),
        other => Err(BuildError::Template(other.into())),
    }
}

fn prepare_folder(folder: &Path, home: &Path) -> Result<(), BuildError> {
    let mut private = std::fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    for path in [folder.join("logs"), folder.join("scripts"), home.to_owned()] {
        private.create(path).map_err(io("making the workspace's folder"))?;
    }
    Ok(())
}

/// Old or new, never half: written beside, then renamed.
fn write_token(folder: &Path, token: &Secret) -> Result<(), BuildError> {
    let (file, beside) = (folder.join("agent-token"), folder.join("agent-token.new"));
    let write = || -> std::io::Result<()> {
        let _ = std::fs::remove_file(&beside);
        let mut open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        std::io::Write::write_all(&mut open, token.expose().as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&beside, &file)
    };
    write().map_err(io("writing the daemon's token"))
}

fn announce_retired(state: &AppState, retired: Vec<AgentId>) {
    for agent in retired {
        state.events.send(Event::AgentRetired { agent });
    }
}

fn io(what: &'static str) -> impl Fn(std::io::Error) -> BuildError {
    move |source| BuildError::Io { what, source }
}
