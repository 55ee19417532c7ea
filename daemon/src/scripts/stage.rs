//! The pure part of scripts: which belong to a stage, and what their ends mean together. Not for running them.

use proto::agent::{LifecycleState, TimingStage, TimingStatus, WorkspaceAgentScript};

use crate::child::End;

/// The exit code reported when there is none (spec `agent-rpc.md` 6.7).
const UNKNOWN_EXIT: i32 = 255;

/// How one script ended, as the server hears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptEnd {
    /// Its exit code.
    pub exit_code: i32,
    /// What kind of end.
    pub status: TimingStatus,
}

impl ScriptEnd {
    /// A script that could not run.
    pub const fn failed() -> Self {
        Self { exit_code: UNKNOWN_EXIT, status: TimingStatus::ExitFailure }
    }

    /// From the end of its process; `explain` gets a sentence when the person needs one.
    pub fn of(end: &End, explain: impl FnOnce(String)) -> Self {
        match end {
            End::Exited(0) => Self { exit_code: 0, status: TimingStatus::Ok },
            End::Exited(code) => {
                explain(format!("the script ended with exit code {code}"));
                Self { exit_code: *code, status: TimingStatus::ExitFailure }
            }
            End::PipesLeftOpen(code) => {
                explain(
                    "the script ended, but something it started in the background still holds its output; \
                     redirect that program's output to a file"
                        .to_owned(),
                );
                Self { exit_code: *code, status: TimingStatus::PipesLeftOpen }
            }
            End::Signalled(signal) => {
                explain(format!("the script was ended by signal {signal}"));
                Self { exit_code: UNKNOWN_EXIT, status: TimingStatus::ExitFailure }
            }
            End::TimedOut => {
                explain("the script was ended because it was over its time".to_owned());
                Self { exit_code: UNKNOWN_EXIT, status: TimingStatus::TimedOut }
            }
            End::NotStarted(error) => {
                explain(format!("the script could not be started: {error}"));
                Self::failed()
            }
        }
    }
}

/// What the ends of a stage mean together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All ended well, or there was none.
    Good,
    /// One was over its time.
    TimedOut,
    /// One failed.
    Failed,
}

impl Outcome {
    /// The state after the start scripts.
    pub const fn after_start(self) -> LifecycleState {
        match self {
            Self::Good => LifecycleState::Ready,
            Self::TimedOut => LifecycleState::StartTimeout,
            Self::Failed => LifecycleState::StartError,
        }
    }

    /// The state after the stop scripts.
    pub const fn after_stop(self) -> LifecycleState {
        match self {
            Self::Good => LifecycleState::Off,
            Self::TimedOut => LifecycleState::ShutdownTimeout,
            Self::Failed => LifecycleState::ShutdownError,
        }
    }
}

/// The scripts of a stage.
pub fn select(scripts: &[WorkspaceAgentScript], stage: TimingStage) -> impl Iterator<Item = &WorkspaceAgentScript> {
    scripts.iter().filter(move |script| match stage {
        TimingStage::Start => script.run_on_start,
        TimingStage::Stop => script.run_on_stop,
        TimingStage::Cron => !script.cron.is_empty(),
    })
}

/// A timeout tells more than a failure that it may have caused, so it wins. Open pipes are a blemish, not a failure.
pub fn outcome(ends: &[ScriptEnd]) -> Outcome {
    let has = |status| ends.iter().any(|end| end.status == status);
    if has(TimingStatus::TimedOut) {
        Outcome::TimedOut
    } else if ends.iter().any(|end| end.status != TimingStatus::Ok && end.exit_code != 0) {
        Outcome::Failed
    } else {
        Outcome::Good
    }
}
