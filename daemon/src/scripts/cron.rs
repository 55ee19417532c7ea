//! Scripts that run at times of the day: when each is due next. Wall-clock time, as people write it in templates.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, TimeZone};
use croner::parser::{CronParser, Seconds};
use proto::agent::{LogLevel, TimingStage, WorkspaceAgentScript};
use proto::wkt::Timestamp;
use tokio::task::JoinSet;

use super::{Script, Scripts, stage};

/// A longer sleep is taken in pieces: the wall clock may be set, or the machine may sleep, in between.
const LONGEST_SLEEP: Duration = Duration::from_secs(600);

/// A cron line that is none.
#[derive(Debug, thiserror::Error)]
#[error("the cron line {line:?} is not understood ({reason}); it is: second minute hour day month [weekday]")]
pub struct CronError {
    line: String,
    reason: String,
}

/// A parsed cron line: second, minute, hour, day of month, month and, when given, day of week.
#[derive(Debug)]
pub struct Times(croner::Cron);

impl std::str::FromStr for Times {
    type Err = CronError;

    fn from_str(line: &str) -> Result<Self, CronError> {
        let error = |reason: String| CronError { line: line.to_owned(), reason };
        // The weekday is what may be left out on this wire, not the seconds.
        let full = match line.split_whitespace().count() {
            5 => format!("{line} *"),
            6 => line.to_owned(),
            count => return Err(error(format!("it has {count} fields"))),
        };
        let parser = CronParser::builder().seconds(Seconds::Required).build();
        parser.parse(&full).map(Self).map_err(|reason| error(reason.to_string()))
    }
}

impl Times {
    /// The first time after `now`; `None` when there is none, as for 30 February.
    pub fn next<Z: TimeZone>(&self, now: &DateTime<Z>) -> Option<DateTime<Z>> {
        self.0.find_next_occurrence(now, false).ok()
    }
}

/// Runs the cron scripts until it is dropped. One that is still running when it is due again is left alone.
pub async fn run(scripts: Arc<Scripts>, manifest: Vec<WorkspaceAgentScript>) {
    let mut running = JoinSet::new();
    for wire in stage::select(&manifest, TimingStage::Cron) {
        let script = Script::from_wire(wire);
        match wire.cron.parse::<Times>() {
            Ok(times) => {
                running.spawn(repeat(Arc::clone(&scripts), script, times));
            }
            Err(error) => {
                let at = Timestamp::from_system_time(std::time::SystemTime::now());
                scripts.logs.line(script.source, LogLevel::Error, error.to_string(), at);
            }
        }
    }
    while running.join_next().await.is_some() {}
}

async fn repeat(scripts: Arc<Scripts>, script: Script, times: Times) {
    while let Some(due) = times.next(&Local::now()) {
        while let Ok(left) = (due - Local::now()).to_std()
            && !left.is_zero()
        {
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
        scripts.run(&script, TimingStage::Cron).await;
    }
}
