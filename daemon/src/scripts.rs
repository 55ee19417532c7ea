//! The template's scripts: those of a stage in parallel, those with a cron line at their times. Their output goes to a log
//! file and to the server, their end to the server too.
//!
//! ```text
//!  stage (pure: which, how it went) ── run ──► child ── lines ──► log file, Logs
//!                                                 └─ Timing ────► outbox ──► ScriptCompleted
//! ```
//! Not for starting processes (see `child`, `command`) nor for the lifecycle state that follows from the outcome.

pub mod cron;
pub mod folders;
pub mod stage;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use proto::agent::{LogLevel, Timing, TimingStage, WorkspaceAgentScript};
use proto::id::{LogSourceId, ScriptId};
use proto::wkt::Timestamp;
use tokio::task::JoinSet;

use crate::child::{self, Output};
use crate::command::{self, Request};
use crate::logs::Logs;
use crate::logs::lines::LineSplitter;
use crate::os::user::Account;
use crate::outbox::Outbox;
use crate::session::SessionContext;
use folders::Folders;
use stage::{Outcome, ScriptEnd};

/// Reports of ended scripts that wait while the server is away.
pub const MAX_TIMINGS: usize = 1024;

/// What running scripts needs; one for the whole process.
pub struct Scripts {
    /// Facts, environment, folders of commands.
    pub context: Arc<SessionContext>,
    /// Where lines go.
    pub logs: Arc<Logs>,
    /// Where ends go.
    pub timings: Outbox<Timing>,
    /// Where files go.
    pub folders: Folders,
}

/// A script that the wire's rules allow to run.
#[derive(Debug, Clone)]
pub struct Script {
    /// For the report of its end; servers of before 2.16 send none, then nothing is reported.
    pub id: Option<ScriptId>,
    /// Where its lines go.
    pub source: LogSourceId,
    /// Everything else.
    pub wire: WorkspaceAgentScript,
}

impl Script {
    /// Reads a script of the manifest.
    pub fn from_wire(wire: &WorkspaceAgentScript) -> Self {
        Self {
            id: ScriptId::from_wire(&wire.id).ok(),
            source: LogSourceId::from_wire(&wire.log_source_id).unwrap_or(LogSourceId::nil()),
            wire: wire.clone(),
        }
    }

    fn name(&self) -> &str {
        if self.wire.display_name.is_empty() { "script" } else { &self.wire.display_name }
    }
}

impl Scripts {
    /// Runs all scripts of a stage at once and gives the outcome when the last has ended.
    pub async fn run_stage(self: &Arc<Self>, scripts: &[WorkspaceAgentScript], stage: TimingStage) -> Outcome {
        let mut running = JoinSet::new();
        for script in stage::select(scripts, stage) {
            let (this, script) = (Arc::clone(self), Script::from_wire(script));
            running.spawn(async move { this.run(&script, stage).await });
        }
        let mut ends = Vec::new();
        while let Some(end) = running.join_next().await {
            ends.push(end.unwrap_or(ScriptEnd::failed()));
        }
        self.logs.flush();
        stage::outcome(&ends)
    }

    /// Runs one script.
    pub async fn run(&self, script: &Script, stage: TimingStage) -> ScriptEnd {
        tracing::info!(script = script.name(), ?stage, "script starts");
        let start = now();
        let end = self.execute(script).await;
        tracing::info!(script = script.name(), ?stage, ?end, "script ended");
        self.report(script, stage, start, end);
        end
    }

    async fn execute(&self, script: &Script) -> ScriptEnd {
        let mut sink = Sink { logs: &self.logs, source: script.source, file: None };
        let folder = match self.folders.of_script(script.source) {
            Ok(folder) => folder,
            Err(error) => return sink.refuse(&format!("the folder of this script cannot be made: {error}")),
        };
        let facts = self.context.facts();
        let account = Account::current();
        let extra = [
            ("CODER_SCRIPT_DATA_DIR".to_owned(), folder.display().to_string()),
            ("CODER_SCRIPT_BIN_DIR".to_owned(), self.folders.bin().display().to_string()),
        ];
        let launch = match command::prepare(&facts, &account, Request::Script(&script.wire.script), &extra) {
            Ok(launch) => launch,
            Err(error) => return sink.refuse(&error.to_string()),
        };
        let path = self.log_path(script, &account);
        match folders::create_log(&path) {
            Ok(file) => sink.file = Some(file),
            Err(error) => {
                sink.line(LogLevel::Warn, format!("the log file {} cannot be written: {error}", path.display()))
            }
        }
        let limit = script.wire.timeout.map(proto::wkt::Duration::to_std).filter(|limit| !limit.is_zero());
        let (mut stdout, mut stderr) = (LineSplitter::default(), LineSplitter::default());
        let end = child::run(launch.command(), limit, |pipe, bytes| {
            sink.file(bytes);
            match pipe {
                Output::Standard => stdout.push(bytes, |line| sink.line(LogLevel::Info, line)),
                Output::Error => stderr.push(bytes, |line| sink.line(LogLevel::Error, line)),
            }
        })
        .await;
        for (rest, level) in [(stdout.finish(), LogLevel::Info), (stderr.finish(), LogLevel::Error)] {
            if let Some(line) = rest {
                sink.line(level, line);
            }
        }
        let end = ScriptEnd::of(&end, |text| sink.line(LogLevel::Error, text));
        self.logs.flush();
        end
    }

    /// What the template says, else a file named after the source.
    fn log_path(&self, script: &Script, account: &Account) -> PathBuf {
        let wanted = &script.wire.log_path;
        if wanted.is_empty() {
            return self.folders.logs().join(format!("coder-script-{}.log", script.source));
        }
        let expanded = command::expand(wanted, |name| std::env::var(name).ok());
        match expanded.strip_prefix("~/") {
            Some(rest) => account.home.join(rest),
            None => self.folders.logs().join(expanded),
        }
    }

    fn report(&self, script: &Script, stage: TimingStage, start: Timestamp, end: ScriptEnd) {
        let Some(id) = script.id else { return };
        // Servers refuse a start after the end, which a clock that was set back would give.
        let finished = now();
        let finished = if (finished.seconds, finished.nanos) < (start.seconds, start.nanos) { start } else { finished };
        let timing = Timing {
            script_id: id.to_wire(),
            start: Some(start),
            end: Some(finished),
            exit_code: end.exit_code,
            stage: stage.into(),
            status: end.status.into(),
        };
        if !self.timings.push(timing) {
            tracing::warn!("too many script reports wait for the server; one is left out");
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_system_time(SystemTime::now())
}

/// Where the output of one script goes.
struct Sink<'a> {
    logs: &'a Logs,
    source: LogSourceId,
    file: Option<File>,
}

impl Sink<'_> {
    fn line(&self, level: LogLevel, text: String) {
        self.logs.line(self.source, level, text, now());
    }

    /// A full disk ends the file, not the script.
    fn file(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(bytes) {
            self.file = None;
            self.line(LogLevel::Warn, format!("the log file ends here: {error}"));
        }
    }

    fn refuse(&self, why: &str) -> ScriptEnd {
        self.line(LogLevel::Error, format!("this script did not run: {why}"));
        self.logs.flush();
        ScriptEnd::failed()
    }
}

#[cfg(test)]
mod tests;
