//! The runner: takes builds from the queue in the store, runs each in a task, and writes how it ended.

use std::sync::Arc;
use std::time::Duration;

use proto::rest::build::Transition;
use proto::rest::job::{JobStatus, LogLevel};
use tokio::sync::Semaphore;

use super::life::{self, Input};
use super::process;
use super::provision::{self, BuildError};
use crate::state::{AppState, Event};
use crate::store::builds::{self, Waiting};
use crate::store::{Result, StoreError, daemons, jobs, now, settings, workspaces};

/// Builds that run at a time, besides those that wait.
const AT_A_TIME: usize = 4;
/// The queue is also looked at without being called, should a call ever be lost.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// Cleans up after the last server, then works off the queue until the server stops.
///
/// # Errors
/// The store's, while cleaning up.
pub async fn start(state: &AppState) -> Result<()> {
    recover(state).await?;
    let state = state.clone();
    tokio::spawn(async move {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        loop {
            if let Err(error) = take_all(&state, &places).await {
                tracing::error!(error = &error as &dyn std::error::Error, "the queue of builds cannot be read");
            }
            tokio::select! {
                () = state.stop.cancelled() => return,
                () = state.builds.wake.notified() => {}
                () = tokio::time::sleep(LOOK_ANYWAY) => {}
            }
        }
    });
    Ok(())
}

/// Builds that were under way go back to the queue or end; daemons are adopted, started again, or ended.
async fn recover(state: &AppState) -> Result<()> {
    for build in state.store.read(builds::open).await? {
        let Ok(to) = life::next(build.status, life::interrupted(build.attempts)) else { continue };
        if build.status == JobStatus::Pending {
            continue;
        }
        let text = match to {
            JobStatus::Pending => "The server was stopped in the middle of this build. It runs again from the start.",
            JobStatus::Failed => {
                "The server was stopped in the middle of this build too often. It is not tried again: look at the \
                 server's log, then order another build."
            }
            _ => "The server was stopped while this build was being canceled.",
        };
        if to.is_final() && build.transition == Transition::Start {
            // Before its end is written: a server that is killed here finds the build again and comes back to this.
            provision::undo(state, &build).await?;
        }
        move_on(state, &build, build.status, to, text, LogLevel::Warn).await?;
    }
    let open: std::collections::HashSet<_> =
        state.store.read(builds::open).await?.into_iter().map(|build| build.workspace).collect();
    let url = state.daemon_url.to_string();
    let moved = state.store.write(move |db| {
        let moved = settings::get(db, "daemon_url")?.is_some_and(|before| before != url);
        settings::set(db, "daemon_url", &url)?;
        Ok(moved)
    });
    let moved = moved.await?;
    for daemon in state.store.read(daemons::all).await? {
        let alive = daemon.process.filter(|process| process::is_alive(*process));
        match (daemon.wanted, alive) {
            // Its build runs again and begins with ending what is there.
            _ if open.contains(&daemon.workspace) => {}
            (true, Some(process)) if moved => {
                // It knows only the old address of this server and would never come back.
                process::end(process, process::GRACE).await;
                state.builds.supervisor.watch(state, daemons::Daemon { process: None, ..daemon }, None);
            }
            (true, process) => {
                let adopted = supervise_text(process.is_some());
                tracing::info!(workspace = %daemon.workspace, "{adopted}");
                state.builds.supervisor.watch(state, daemons::Daemon { process, ..daemon }, None);
            }
            (false, Some(process)) => {
                tokio::spawn(process::end(process, process::GRACE));
            }
            (false, None) => {}
        }
    }
    Ok(())
}

const fn supervise_text(is_alive: bool) -> &'static str {
    if is_alive { "adopted a running workspace daemon" } else { "a workspace daemon is not there and is started again" }
}

async fn take_all(state: &AppState, places: &Arc<Semaphore>) -> Result<()> {
    let open = state.store.read(builds::open).await?;
    for build in open.into_iter().filter(|build| build.status == JobStatus::Pending) {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { return Ok(()) };
        if state.stop.is_cancelled() {
            return Ok(());
        }
        // Canceled meanwhile: then there is nothing to take.
        let taken = move_on(state, &build, JobStatus::Pending, JobStatus::Running, "", LogLevel::Info).await;
        match taken {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => continue,
            Err(other) => return Err(other),
        }
        let state = state.clone();
        tokio::spawn(async move {
            run_one(&state, &build).await;
            drop(place);
        });
    }
    Ok(())
}

async fn run_one(state: &AppState, build: &Waiting) {
    let progress = Progress { state: state.clone(), build: build.clone() };
    let began = now();
    let result = provision::run(state, build, &progress).await;
    if state.stop.is_cancelled() && matches!(result, Err(BuildError::Store(StoreError::Closed))) {
        return;
    }
    let canceling = matches!(progress.status().await, Ok(JobStatus::Canceling));
    let (input, text, level) = match &result {
        Ok(()) => (Input::Succeed, "Build complete.".to_owned(), LogLevel::Info),
        Err(BuildError::Canceled) => (Input::Wound, "Build canceled.".to_owned(), LogLevel::Warn),
        Err(error) => (Input::Fail, format!("Build failed: {error}."), LogLevel::Error),
    };
    if let Err(error) = &result {
        tracing::warn!(build = %build.build, workspace = %build.workspace_name, %error, "a build did not succeed");
        if build.transition == Transition::Start
            && let Err(error) = provision::undo(state, build).await
        {
            tracing::error!(error = &error as &dyn std::error::Error, "a failed start was not taken back");
        }
    }
    let from = if canceling { JobStatus::Canceling } else { JobStatus::Running };
    let Ok(to) = life::next(from, input) else { return };
    if let Err(error) = finish(state, build, from, to, &text, level, began).await {
        tracing::error!(error = &error as &dyn std::error::Error, build = %build.build, "a build's end was not written");
    }
}

async fn finish(
    state: &AppState,
    build: &Waiting,
    from: JobStatus,
    to: JobStatus,
    text: &str,
    level: LogLevel,
    began: proto::rest::Time,
) -> Result<()> {
    let (taken, text_copy) = (build.clone(), text.to_owned());
    let write = move |db: &crate::store::Db| {
        let now = now();
        jobs::log(db, taken.job, level, "Done", &text_copy, now)?;
        builds::add_timing(db, taken.job, taken.transition.as_str(), &taken.workspace_name, began, now)?;
        let reason = if to == JobStatus::Succeeded { "" } else { &text_copy };
        jobs::advance(db, taken.job, from, to, reason, now)?;
        if to == JobStatus::Succeeded && taken.transition == Transition::Delete {
            workspaces::mark_deleted(db, taken.workspace, now)?;
        }
        if to == JobStatus::Succeeded && taken.transition == Transition::Start {
            let ttl = workspaces::by_id(db, taken.workspace, now)?.ttl_ms.filter(|ttl| *ttl > 0);
            let deadline = ttl.map(|ttl| (now.0 + time::Duration::milliseconds(ttl)).into());
            workspaces::set_deadline(db, taken.workspace, deadline, now)?;
        }
        Ok(())
    };
    match state.store.write(write).await {
        // A cancel came between the last look and now: one more look decides.
        Err(StoreError::Conflict(_)) if from == JobStatus::Running => {
            let input = if to == JobStatus::Succeeded { Input::Succeed } else { Input::Fail };
            let to = life::next(JobStatus::Canceling, input).unwrap_or(JobStatus::Failed);
            Box::pin(finish(state, build, JobStatus::Canceling, to, text, level, began)).await
        }
        other => {
            announce(state, build);
            state.builds.wake.notify_one();
            state.builds.clock.notify_one();
            other
        }
    }
}

/// Writes a step of the life and its line in the log together.
async fn move_on(
    state: &AppState,
    build: &Waiting,
    from: JobStatus,
    to: JobStatus,
    text: &str,
    level: LogLevel,
) -> Result<()> {
    let (job, text) = (build.job, text.to_owned());
    let write = state.store.write(move |db| {
        if !text.is_empty() {
            jobs::log(db, job, level, "Queue", &text, now())?;
        }
        let reason = if to.is_final() { text.as_str() } else { "" };
        jobs::advance(db, job, from, to, reason, now())
    });
    write.await?;
    announce(state, build);
    Ok(())
}

/// Tells all who watch the build, its log or its workspace.
fn announce(state: &AppState, build: &Waiting) {
    state.events.send(Event::JobLogs { job: build.job });
    state.events.send(Event::Build { build: build.build, workspace: build.workspace });
    state.events.send(Event::Workspace { workspace: build.workspace, owner: build.owner });
}

/// How a running build talks: lines of its log, and whether somebody wants it to end.
pub struct Progress {
    state: AppState,
    build: Waiting,
}

impl Progress {
    /// Writes a line and looks whether the build is canceled.
    ///
    /// # Errors
    /// The store's.
    pub async fn step(&self, stage: &'static str, text: &str) -> std::result::Result<(), BuildError> {
        let (job, text) = (self.build.job, text.to_owned());
        self.state.store.write(move |db| jobs::log(db, job, LogLevel::Info, stage, &text, now())).await?;
        self.state.events.send(Event::JobLogs { job });
        Ok(())
    }

    /// Ends the build between two steps when somebody asked for it.
    ///
    /// # Errors
    /// [`BuildError::Canceled`]; the store's.
    pub async fn check_canceled(&self) -> std::result::Result<(), BuildError> {
        match self.status().await? {
            JobStatus::Canceling => Err(BuildError::Canceled),
            _ => Ok(()),
        }
    }

    async fn status(&self) -> Result<JobStatus> {
        let job = self.build.job;
        self.state.store.read(move |db| jobs::status(db, job)).await
    }
}
