//! Whether this computer's own server should run, runs, or keeps failing. Pure: news in, what to do out.

use std::time::Duration;

use time::OffsetDateTime;

/// Restarts in a row without a minute of life, after which it is left alone until a person asks again.
const MAX_FAILURES: u32 = 5;
/// A server that lived this long was well.
const WELL: time::Duration = time::Duration::minutes(1);
/// The first pause before a restart; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// What is heard of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostNews {
    /// It answers there. Found running, when another program or an earlier life of this one started it.
    Ready { url: String, is_found: bool },
    /// It is of another version than this program.
    OtherVersion(String),
    /// It ended, or could not be started: why.
    Ended(String),
    /// It ended as it was asked to.
    Stopped,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Off,
    Starting,
    On {
        url: String,
        since: OffsetDateTime,
    },
    Stopping,
    /// It ended by itself and is started again after a pause.
    Waiting(String),
    /// It ended by itself too often.
    Failed(String),
}

/// The server of this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosting {
    pub phase: Phase,
    /// What to say about its version.
    pub version: Option<String>,
    failures: u32,
    is_wanted: bool,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Start {
        after: Duration,
    },
    Stop,
    /// Tell the person that it fails for good.
    Complain,
}

impl Default for Hosting {
    fn default() -> Self {
        Self { phase: Phase::Off, version: None, failures: 0, is_wanted: false }
    }
}

impl Hosting {
    /// A person wants it, or not any more.
    pub fn want(&mut self, is_wanted: bool) -> Option<Step> {
        self.is_wanted = is_wanted;
        self.failures = 0;
        match (is_wanted, &self.phase) {
            (true, Phase::Off | Phase::Failed(_) | Phase::Waiting(_)) => {
                self.phase = Phase::Starting;
                Some(Step::Start { after: Duration::ZERO })
            }
            (false, Phase::Starting | Phase::On { .. } | Phase::Waiting(_)) => {
                self.phase = Phase::Stopping;
                Some(Step::Stop)
            }
            (false, Phase::Failed(_)) => {
                self.phase = Phase::Off;
                None
            }
            _ => None,
        }
    }

    /// Takes news.
    pub fn heard(&mut self, news: HostNews, now: OffsetDateTime) -> Option<Step> {
        match news {
            HostNews::OtherVersion(text) => self.version = Some(text),
            HostNews::Ready { url, .. } if self.phase != Phase::Stopping => self.phase = Phase::On { url, since: now },
            HostNews::Ready { .. } => {}
            HostNews::Stopped | HostNews::Ended(_) if !self.is_wanted => self.phase = Phase::Off,
            // Switched on again while it stopped.
            HostNews::Stopped => {
                self.phase = Phase::Starting;
                return Some(Step::Start { after: Duration::ZERO });
            }
            HostNews::Ended(why) => return Some(self.ended(why, now)),
        }
        None
    }

    fn ended(&mut self, why: String, now: OffsetDateTime) -> Step {
        let was_well = matches!(&self.phase, Phase::On { since, .. } if now - *since >= WELL);
        self.failures = if was_well { 1 } else { self.failures + 1 };
        if self.failures >= MAX_FAILURES {
            self.phase = Phase::Failed(why);
            return Step::Complain;
        }
        self.phase = Phase::Waiting(why);
        Step::Start { after: FIRST_PAUSE * 2u32.pow(self.failures - 1) }
    }

    /// Whether a person wants it.
    pub fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    /// Sentences about trouble, if there is any.
    pub fn troubles(&self) -> Vec<String> {
        match &self.phase {
            Phase::Waiting(why) => vec!["The server of this computer ended, it is started again".into(), why.clone()],
            Phase::Failed(why) => vec!["The server of this computer keeps ending".into(), why.clone()],
            _ => self.version.clone().into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests;
