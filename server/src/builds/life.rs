//! The life of a build: which states follow which, and what they mean for the workspace. Pure.
//!
//! ```text
//! pending ──Take──► running ──Succeed──► succeeded
//!    │                │ ╲──Fail───────► failed
//!    │ Cancel         │ Cancel
//!    ▼                ▼
//! canceled ◄─Wound─ canceling ──Fail──► failed
//! ```
//!
//! A server that dies leaves `running` and `canceling`; at its next start [`Input::Interrupted`] sends the first back to
//! `pending` (every step may be repeated) and ends the second. After [`MAX_ATTEMPTS`] it is [`Input::GiveUp`].

use proto::rest::build::{Transition, WorkspaceStatus};
use proto::rest::job::JobStatus;

#[cfg(test)]
mod tests;

/// How often a build is begun. One that is interrupted so often may itself be what ends the server.
pub const MAX_ATTEMPTS: u32 = 3;

/// What happens to a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A runner takes it.
    Take,
    /// Every step is done.
    Succeed,
    /// A step failed.
    Fail,
    /// Somebody wants it to end.
    Cancel,
    /// The runner has undone what it had begun, after a cancel.
    Wound,
    /// The server starts and finds it.
    Interrupted,
    /// The server starts and finds it, too often.
    GiveUp,
}

/// What a server that finds a build under way does with it.
#[must_use]
pub const fn interrupted(attempts: u32) -> Input {
    if attempts < MAX_ATTEMPTS { Input::Interrupted } else { Input::GiveUp }
}

/// An input that makes no sense in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a build that is {state} does not take this step")]
pub struct Refused {
    state: JobStatus,
}

/// Why a build is not queued. The text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotQueued {
    #[error("A workspace build is already active.")]
    Busy,
    #[error("The workspace is deleted.")]
    Deleted,
}

/// The state after an input.
///
/// # Errors
/// [`Refused`] when the input makes no sense; nothing changes.
pub const fn next(state: JobStatus, input: Input) -> Result<JobStatus, Refused> {
    use JobStatus::{Canceled, Canceling, Failed, Pending, Running, Succeeded};
    match (state, input) {
        (Pending, Input::Take) => Ok(Running),
        (Pending, Input::Cancel) | (Canceling, Input::Wound | Input::Interrupted | Input::GiveUp) => Ok(Canceled),
        (Pending | Running, Input::Fail) | (Canceling, Input::Fail) | (Running, Input::GiveUp) => Ok(Failed),
        (Pending | Running, Input::Interrupted) => Ok(Pending),
        (Running, Input::Succeed) => Ok(Succeeded),
        (Running | Canceling, Input::Cancel) => Ok(Canceling),
        // What is done is done: a cancel that came after the last step came too late.
        (Canceling, Input::Succeed) => Ok(Succeeded),
        _ => Err(Refused { state }),
    }
}

/// Whether a build may be queued behind the latest one.
///
/// # Errors
/// [`NotQueued`].
pub const fn may_queue(latest: Option<(Transition, JobStatus)>, _wanted: Transition) -> Result<(), NotQueued> {
    match latest {
        None => Ok(()),
        Some((_, state)) if !state.is_final() => Err(NotQueued::Busy),
        Some((Transition::Delete, JobStatus::Succeeded)) => Err(NotQueued::Deleted),
        Some(_) => Ok(()),
    }
}

/// What people call the workspace after its latest build.
#[must_use]
pub const fn workspace_status(transition: Transition, state: JobStatus) -> WorkspaceStatus {
    match (state, transition) {
        (JobStatus::Pending, _) => WorkspaceStatus::Pending,
        (JobStatus::Running, Transition::Start) => WorkspaceStatus::Starting,
        (JobStatus::Running, Transition::Stop) => WorkspaceStatus::Stopping,
        (JobStatus::Running, Transition::Delete) => WorkspaceStatus::Deleting,
        (JobStatus::Succeeded, Transition::Start) => WorkspaceStatus::Running,
        (JobStatus::Succeeded, Transition::Stop) => WorkspaceStatus::Stopped,
        (JobStatus::Succeeded, Transition::Delete) => WorkspaceStatus::Deleted,
        (JobStatus::Canceling, _) => WorkspaceStatus::Canceling,
        (JobStatus::Canceled, _) => WorkspaceStatus::Canceled,
        (JobStatus::Failed, _) => WorkspaceStatus::Failed,
        (JobStatus::Unknown, _) | (_, Transition::Unknown) => WorkspaceStatus::Unknown,
    }
}
