//! Builds: the durable queue, the life of a build, and the daemons that run on this computer.
//!
//! ```text
//! POST builds ─► row `pending` ─► run (takes, writes the end) ─► provision (steps) ─► process (gate, pid, signals)
//!                                                                     └─► supervise (starts again what ended)
//! clockwork (schedule: what is due) ─► the same rows
//! ```
//! The rows are the queue: a server killed anywhere runs or ends every build at its next start.

pub mod clockwork;
pub mod life;
pub mod process;
pub mod provision;
pub mod run;
pub mod schedule;
mod supervise;

use proto::id::{BuildId, JobId, UserId, WorkspaceId};
use proto::rest::build::{BuildParameter, BuildReason, Transition};
use proto::rest::job::{JobStatus, LogLevel};
use tokio::sync::Notify;
use uuid::Uuid;

use self::life::Input;
use self::supervise::Supervisor;
use crate::state::{AppState, Event};
use crate::store::builds::{NewBuild, by_id, queue};
use crate::store::{Db, Result, StoreError, jobs, now};

/// State of the runner.
#[derive(Default)]
pub struct Builds {
    pub(crate) supervisor: Supervisor,
    pub(crate) wake: Notify,
    /// Wakes [`clockwork`] when a deadline or a schedule changed.
    pub clock: Notify,
}

/// What somebody wants a workspace to become.
pub struct Order {
    pub workspace: WorkspaceId,
    pub version: proto::id::TemplateVersionId,
    pub transition: Transition,
    pub reason: BuildReason,
    pub initiator: Option<UserId>,
    pub parameters: Vec<BuildParameter>,
}

/// Queues a build within a write of the caller; call [`announce_queued`] after it.
///
/// # Errors
/// [`StoreError::Conflict`] when another is open; the store's.
pub fn order(db: &Db, order: Order) -> Result<BuildId> {
    let id = BuildId(Uuid::new_v4());
    let new = NewBuild {
        id,
        job: JobId(Uuid::new_v4()),
        workspace: order.workspace,
        version: order.version,
        transition: order.transition,
        reason: order.reason,
        initiator: order.initiator,
        parameters: order.parameters,
    };
    queue(db, &new, now())?;
    jobs::log(db, new.job, LogLevel::Info, "Queue", "Waiting for a free place to run.", now())?;
    Ok(id)
}

/// Tells the runner and all who watch that a build is queued.
pub fn announce_queued(state: &AppState, build: BuildId, workspace: WorkspaceId, owner: UserId) {
    state.builds.wake.notify_one();
    state.events.send(Event::Build { build, workspace });
    state.events.send(Event::Workspace { workspace, owner });
}

/// Asks a build to end.
///
/// # Errors
/// [`StoreError::Conflict`] when it has ended; the store's.
pub async fn cancel(state: &AppState, build: BuildId) -> Result<()> {
    let done = state.store.write(move |db| {
        let now = now();
        let build = by_id(db, build, now)?;
        let over = |_| StoreError::Conflict("The build has already ended.".into());
        let to = life::next(build.job.status, Input::Cancel).map_err(over)?;
        if build.job.status == JobStatus::Canceling {
            return Ok(build);
        }
        let text = "Canceled by request.";
        jobs::log(db, build.job.id, LogLevel::Warn, "Queue", text, now)?;
        jobs::advance(db, build.job.id, build.job.status, to, text, now)?;
        Ok(build)
    });
    let build = done.await?;
    state.events.send(Event::JobLogs { job: build.job.id });
    announce_queued(state, build.id, build.workspace_id, build.workspace_owner_id);
    Ok(())
}
