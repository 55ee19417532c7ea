//! Daemon processes of this computer: start behind a gate, look whether one is there, end one. Linux.
//!
//! A process is known by pid *and* kernel start time, so that a recycled pid is never taken for ours. The gate: the child
//! waits for one line before it becomes the daemon, and we write that line only when its pid is in the store. A server
//! that dies in between closes the pipe, and the child ends: no process exists that the store does not know.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid as UnixPid;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};

use crate::store::daemons::Pid;

/// Waits for the line, then becomes the program in its arguments. No value ever reaches this text.
const GATE: &str = r#"IFS= read -r gate && [ "$gate" = open ] && exec "$@" </dev/null"#;
/// How long a daemon may take to end by itself; its shutdown scripts run in this time.
pub const GRACE: Duration = Duration::from_secs(10);
/// How often a process that is not our child is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long the gate may take to become the daemon.
const OPENING: Duration = Duration::from_secs(10);

/// What to start.
pub struct Program {
    pub binary: PathBuf,
    pub home: PathBuf,
    pub log: PathBuf,
    pub environment: BTreeMap<&'static str, OsString>,
}

/// A child that waits at its gate.
pub struct Gated {
    child: Child,
    gate: ChildStdin,
    pub process: Pid,
}

/// Why a daemon did not start. The text is for people.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the program {} is not there or may not be run", .0.display())]
    Binary(PathBuf),
    #[error("{what} failed: {source}")]
    Io { what: &'static str, source: std::io::Error },
    #[error("the workspace daemon ended at once ({how}); its log {} says why", .log.display())]
    Ended { how: String, log: PathBuf },
}

/// Starts the gate in a process group of its own.
///
/// # Errors
/// [`StartError`].
pub fn spawn(program: &Program) -> Result<Gated, StartError> {
    let io = |what| move |source| StartError::Io { what, source };
    let mode =
        std::fs::metadata(&program.binary).map(|meta| std::os::unix::fs::PermissionsExt::mode(&meta.permissions()));
    if !mode.is_ok_and(|mode| mode & 0o111 != 0) {
        return Err(StartError::Binary(program.binary.clone()));
    }
    let log = File::options().create(true).append(true).open(&program.log).map_err(io("opening the daemon's log"))?;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", GATE, "gate"]).arg(&program.binary).arg("daemon");
    // Settings and secrets of this server are none of the workspace's business.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CODER_") || text.starts_with("HOMEPORT_") {
            command.env_remove(&name);
        }
    }
    command.envs(&program.environment).current_dir(&program.home).process_group(0).kill_on_drop(false);
    command.stdin(Stdio::piped()).stdout(log.try_clone().map_err(io("opening the daemon's log"))?).stderr(log);
    let mut child = command.spawn().map_err(io("starting the workspace daemon"))?;
    let gate = child.stdin.take();
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let process = pid.and_then(|pid| Some(Pid { pid, start_time: start_time(pid)? }));
    match (gate, process) {
        (Some(gate), Some(process)) => Ok(Gated { child, gate, process }),
        _ => Err(StartError::Io { what: "starting the workspace daemon", source: std::io::ErrorKind::NotFound.into() }),
    }
}

impl Gated {
    /// Opens the gate and returns the child once it is the daemon.
    ///
    /// # Errors
    /// [`StartError::Ended`] when it ends before.
    pub async fn open(mut self, program: &Program) -> Result<Child, StartError> {
        let io = |what| move |source| StartError::Io { what, source };
        self.gate.write_all(b"open\n").await.map_err(io("letting the workspace daemon go"))?;
        drop(self.gate);
        let opened = async {
            loop {
                if let Some(status) = self.child.try_wait().map_err(io("watching the workspace daemon"))? {
                    return Err(StartError::Ended { how: status.to_string(), log: program.log.clone() });
                }
                if !is_gate(self.process.pid) {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let late = || StartError::Ended { how: "it did not begin".into(), log: program.log.clone() };
        tokio::time::timeout(OPENING, opened).await.map_err(|_| late())??;
        Ok(self.child)
    }
}

/// Whether the process is there and is the one that the store knows.
#[must_use]
pub fn is_alive(process: Pid) -> bool {
    start_time(process.pid) == Some(process.start_time)
}

/// Returns when the process is gone.
pub async fn gone(process: Pid) {
    while is_alive(process) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Ends a process and its group: asks, waits, then kills. Does nothing to a stranger with the same pid.
pub async fn end(process: Pid, grace: Duration) {
    if !is_alive(process) {
        return;
    }
    let group = UnixPid::from_raw(process.pid);
    let _ = killpg(group, Signal::SIGTERM);
    let asked = tokio::time::timeout(grace, gone(process)).await;
    // Whatever else is in the group must not outlive the daemon. While anything is, its number is not given away.
    let _ = killpg(group, Signal::SIGKILL);
    if asked.is_err() {
        let _ = tokio::time::timeout(grace, gone(process)).await;
    }
}

/// The kernel's start time (field 22 of `stat`); none when the process is gone or only waits to be reaped.
fn start_time(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_start_time(&stat)
}

/// The name in field 2 may hold anything, also `)`: the last one ends it.
fn parse_start_time(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn is_gate(pid: i32) -> bool {
    let line = std::fs::read(Path::new("/proc").join(pid.to_string()).join("cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word == GATE.as_bytes())
}

#[cfg(test)]
mod tests;
