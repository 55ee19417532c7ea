//! Follows a build to its end and shows its log on standard error. Canceling is not here: a build goes on when its
//! watcher leaves.

use std::time::Duration;

use client::{ClientError, Deployment};
use proto::rest::build::Build;
use proto::rest::job::{JobLog, JobStatus};

use crate::failure::failure;
use crate::terminal::progress;

/// Pause before a broken log is opened again, and between looks at a build whose log ended first.
const PAUSE: Duration = Duration::from_millis(250);
/// A server that stays away longer than this many pauses is not waited for.
const MAX_FAILURES: u32 = 120;

/// Waits for the end of a build; an error says why it failed.
pub async fn to_end(deployment: &Deployment, build: &Build) -> anyhow::Result<Build> {
    let mut shown = Shown::default();
    let mut failures = 0;
    loop {
        if let Err(error) = show_log(deployment, build, &mut shown).await
            && error.status().is_some_and(|status| status != 404 && status < 500)
        {
            return Err(error.into());
        }
        match deployment.build(build.id).await {
            Ok(now) if now.job.status.is_final() => return finished(now),
            Ok(_) => failures = 0,
            // The server may be restarting: builds survive that.
            Err(error) if error.status().is_none_or(|status| status >= 500) && failures < MAX_FAILURES => failures += 1,
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn finished(build: Build) -> anyhow::Result<Build> {
    match build.job.status {
        JobStatus::Succeeded => Ok(build),
        JobStatus::Canceled => Err(failure("the build was canceled", "start it again when you are ready")),
        _ => {
            let reason = if build.job.error.is_empty() { "no reason was given" } else { &build.job.error };
            Err(failure(format!("the build failed: {reason}"), "read the log above, then try again"))
        }
    }
}

/// What was printed so far.
#[derive(Default)]
struct Shown {
    last: i64,
    stage: String,
}

async fn show_log(deployment: &Deployment, build: &Build, shown: &mut Shown) -> Result<(), ClientError> {
    let mut log = deployment.follow_build_log(build.id, shown.last).await?;
    while let Some(line) = log.next().await? {
        for text in shown.add(&line) {
            progress(&text);
        }
    }
    Ok(())
}

impl Shown {
    /// The lines to print for a log line: a heading when a stage begins, nothing for a line that was seen.
    fn add(&mut self, line: &JobLog) -> Vec<String> {
        if line.id <= self.last {
            return Vec::new();
        }
        self.last = line.id;
        let mut texts = Vec::new();
        if line.stage != self.stage {
            self.stage.clone_from(&line.stage);
            texts.push(format!("==> {}", line.stage));
        }
        if !line.output.is_empty() {
            texts.push(format!("    {}", line.output));
        }
        texts
    }
}

#[cfg(test)]
mod tests;
