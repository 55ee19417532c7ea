//! Workspaces that stop some time after this laptop's lid was shut, and start when it is opened. Pure.
//!
//! ```text
//!   shut ── N minutes, nobody uses it ──► stop ── open ──► start (only what was stopped by this rule)
//!     └──── the computer falls asleep ──► stop now, unless it is used: nobody can act while it sleeps
//! ```
//! A workspace in use is held: a build or a session that goes on is what people shut lids over.

use std::collections::BTreeMap;

use proto::id::{BuildId, WorkspaceId};
use time::{Duration, OffsetDateTime};

/// A workspace that was used this recently is in use: deployments write the last use down every few minutes.
const IN_USE: Duration = Duration::minutes(6);

/// Minutes after which workspaces stop, by workspace. Those that are not in it keep running.
pub type Rules = BTreeMap<WorkspaceId, u32>;

/// What is heard of the lid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LidNews {
    Shut,
    Open,
    /// The computer is about to sleep; shut or not was told before.
    FallsAsleep,
}

/// A running workspace that has a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub workspace: WorkspaceId,
    /// Its latest build.
    pub build: BuildId,
    pub minutes: u32,
    /// When somebody used it last.
    pub last_used: OffsetDateTime,
}

/// The lid, and what it stopped.
#[derive(Debug, Default)]
pub struct Lid {
    shut_at: Option<OffsetDateTime>,
    falls_asleep: bool,
    /// With the builds that they had; none where it is not ours to start them again.
    stopped: Vec<(WorkspaceId, Option<BuildId>)>,
}

impl Lid {
    /// Takes news; the workspaces to start, each behind the build that follows this one.
    pub fn heard(&mut self, news: LidNews, now: OffsetDateTime) -> Vec<(WorkspaceId, BuildId)> {
        match news {
            LidNews::Shut => {
                self.shut_at.get_or_insert(now);
                Vec::new()
            }
            LidNews::FallsAsleep => {
                self.falls_asleep = self.shut_at.is_some();
                Vec::new()
            }
            LidNews::Open => {
                let stopped = std::mem::take(self).stopped;
                stopped.into_iter().filter_map(|(workspace, build)| Some((workspace, build?))).collect()
            }
        }
    }

    /// The workspaces to stop now.
    pub fn due(&mut self, candidates: &[Candidate], now: OffsetDateTime) -> Vec<WorkspaceId> {
        let sleeps = std::mem::take(&mut self.falls_asleep);
        let Some(shut_at) = self.shut_at else { return Vec::new() };
        let is_due = |one: &&Candidate| when(shut_at, one) <= now || (sleeps && one.last_used + IN_USE <= now);
        let due: Vec<_> = candidates.iter().filter(is_due).filter(|one| !self.is_stopped(one)).collect();
        self.stopped.extend(due.iter().map(|one| (one.workspace, Some(one.build))));
        due.into_iter().map(|one| one.workspace).collect()
    }

    /// When to look again, as far as is known now: a newer list may hold a workspace longer.
    pub fn next_time(&self, candidates: &[Candidate]) -> Option<OffsetDateTime> {
        let shut_at = self.shut_at?;
        candidates.iter().filter(|one| !self.is_stopped(one)).map(|one| when(shut_at, one)).min()
    }

    fn is_stopped(&self, one: &Candidate) -> bool {
        self.stopped.iter().any(|(known, _)| *known == one.workspace)
    }

    /// A stop that could not be asked for: it is neither asked for again nor followed by a start, until the lid was open.
    pub fn give_up(&mut self, workspace: WorkspaceId) {
        for (_, build) in self.stopped.iter_mut().filter(|(known, _)| *known == workspace) {
            *build = None;
        }
    }
}

/// When a workspace is stopped, as far as is known now.
fn when(shut_at: OffsetDateTime, one: &Candidate) -> OffsetDateTime {
    (shut_at + Duration::minutes(one.minutes.into())).max(one.last_used + IN_USE)
}

#[cfg(test)]
mod tests;
