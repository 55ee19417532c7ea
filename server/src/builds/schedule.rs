//! When a workspace starts and stops by itself; pure. [`super::clockwork`] acts on it.
//!
//! A stop is due at the deadline of the latest build, which activity moves on. A start is due at the first time of the
//! schedule after the latest build: one that was missed because this computer slept is made up for.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};
use proto::rest::Time;
use proto::rest::build::{BuildReason, Transition};
use proto::rest::job::JobStatus;

/// Longest schedule that is read, in bytes.
const MAX_SCHEDULE: usize = 128;
/// A workspace in use stops this long after its last use at the earliest, as upstream by default.
const BUMP: time::Duration = time::Duration::hours(1);
/// A deadline is moved only by at least this much: reports come every half minute, and each move is a write.
const LEAST_BUMP: time::Duration = time::Duration::minutes(3);

/// A schedule that is none. The text is for people.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("Five fields are needed: minute, hour, *, * and days of the week.")]
    Form,
    #[error("The time zone {0:?} is not known. Zones have names like Europe/Berlin.")]
    Zone(String),
    #[error("The minute, the hour or the days are out of range.")]
    Field,
}

/// `[CRON_TZ=<zone> ]<minute> <hour> * * <days>`: upstream allows nothing else. Without a zone it is UTC.
#[derive(Debug)]
pub struct Schedule {
    zone: Tz,
    cron: Cron,
}

impl std::str::FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let (zone, fields) = match text.strip_prefix("CRON_TZ=") {
            Some(rest) => rest.split_once(' ').ok_or(ScheduleError::Form)?,
            None => ("UTC", text),
        };
        let zone = zone.parse().map_err(|_| ScheduleError::Zone(zone.chars().take(64).collect()))?;
        let split: Vec<&str> = fields.split_whitespace().collect();
        if text.len() > MAX_SCHEDULE || split.len() != 5 || split[2] != "*" || split[3] != "*" {
            return Err(ScheduleError::Form);
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
        Ok(Self { zone, cron: parser.parse(fields).map_err(|_| ScheduleError::Field)? })
    }
}

impl Schedule {
    /// The first time strictly after `after`; `None` when there is none for years.
    #[must_use]
    pub fn next(&self, after: Time) -> Option<Time> {
        let after = DateTime::<Utc>::from_timestamp_micros(after.unix_micros())?.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(Time::from_unix_micros(next.with_timezone(&Utc).timestamp_micros()))
    }
}

/// What is known of a workspace that has a schedule or a deadline.
#[derive(Debug, Clone)]
pub struct Standing {
    pub transition: Transition,
    pub status: JobStatus,
    /// When its latest build was ordered.
    pub built_at: Time,
    pub deadline: Option<Time>,
    pub autostart: Option<String>,
    pub is_dormant: bool,
}

/// When something is to be done with the workspace by itself, and what. It may be in the past: then it is due.
#[must_use]
pub fn next_change(standing: &Standing) -> Option<(Time, Transition, BuildReason)> {
    if standing.status != JobStatus::Succeeded {
        // Under way, or failed: what failed once would fail again every time that we look.
        return None;
    }
    match standing.transition {
        Transition::Start => standing.deadline.map(|at| (at, Transition::Stop, BuildReason::Autostop)),
        Transition::Stop if !standing.is_dormant => {
            let at = standing.autostart.as_deref()?.parse::<Schedule>().ok()?.next(standing.built_at)?;
            Some((at, Transition::Start, BuildReason::Autostart))
        }
        Transition::Stop | Transition::Delete | Transition::Unknown => None,
    }
}

/// Where the deadline of a workspace in use moves to; `None` when it stays.
#[must_use]
pub fn bumped(deadline: Time, now: Time) -> Option<Time> {
    let wanted = now.0 + BUMP;
    (wanted - deadline.0 >= LEAST_BUMP).then(|| wanted.into())
}

#[cfg(test)]
mod tests;
