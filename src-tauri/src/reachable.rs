//! This computer as a workspace elsewhere: what is known, what was asked, when its daemon is started again. Pure.

use client::reachable::Registration;
use proto::daemon_report::DaemonReport;
use time::{Duration, OffsetDateTime};

use crate::place::Place;

/// The first pause before a daemon that ended is started again; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::seconds(1);
/// The longest.
const LAST_PAUSE: Duration = Duration::minutes(5);

/// What a look at this computer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReachableNews {
    /// Where it is registered; `None`: nowhere.
    pub registration: Option<Registration>,
    /// Whether its daemon runs.
    pub is_running: bool,
    /// What the daemon tells.
    pub report: Option<DaemonReport>,
}

/// What a person wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// To be asked about a deployment.
    Ask(Place),
    /// The answer.
    Answer(bool),
    Pause,
    Resume,
    /// End it for good.
    Revoke,
}

/// What our command is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    On(Place),
    Off,
    Pause,
    Resume,
    /// Start the daemon where it should run.
    Start,
}

impl Order {
    /// Its words.
    pub fn arguments(&self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::On(place) => &["on", "--yes", "--url", place.as_str()],
            Self::Off => &["off"],
            Self::Pause => &["pause"],
            Self::Resume => &["resume"],
            Self::Start => &["start"],
        };
        std::iter::once("reachable").chain(words.iter().copied()).map(str::to_owned).collect()
    }

    /// What is under way.
    pub const fn words(&self) -> &'static str {
        match self {
            Self::On(_) => "registering",
            Self::Off => "revoking",
            Self::Pause => "pausing",
            Self::Resume | Self::Start => "starting",
        }
    }
}

/// All that is known.
#[derive(Debug, Default)]
pub struct Reachable {
    pub news: ReachableNews,
    /// A question that waits for its answer.
    pub question: Option<Place>,
    /// What our command does now.
    pub order: Option<Order>,
    failures: u32,
    /// When the daemon is started again.
    pub again: Option<OffsetDateTime>,
}

impl Reachable {
    /// Takes a look's result.
    pub fn heard(&mut self, news: ReachableNews, now: OffsetDateTime) {
        self.news = news;
        if self.news.report.as_ref().is_some_and(|report| report.is_connected) {
            self.failures = 0;
        }
        if !self.is_missing() {
            self.again = None;
        } else if self.again.is_none() && self.order.is_none() {
            self.again = Some(now + self.pause());
            self.failures += 1;
        }
    }

    /// Our command ended.
    pub fn done(&mut self) {
        self.order = None;
    }

    /// The daemon is to be started now.
    pub fn due(&mut self, now: OffsetDateTime) -> bool {
        let is_due = self.order.is_none() && self.is_missing() && self.again.is_some_and(|again| again <= now);
        if is_due {
            self.again = None;
        }
        is_due
    }

    /// It should run and does not.
    fn is_missing(&self) -> bool {
        self.news.registration.as_ref().is_some_and(|registration| !registration.is_paused) && !self.news.is_running
    }

    fn pause(&self) -> Duration {
        // The first time at once: this program has just started, and the daemon ended with the last session.
        match self.failures {
            0 => Duration::ZERO,
            failures => (FIRST_PAUSE * 2i32.saturating_pow(failures - 1)).min(LAST_PAUSE),
        }
    }

    /// Whether others can connect now.
    pub fn is_connected(&self) -> bool {
        self.news.report.as_ref().is_some_and(|report| report.is_connected)
    }
}
