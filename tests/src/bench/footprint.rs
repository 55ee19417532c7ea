//! What our programs cost: start, memory, idle CPU, size, and how long a person waits.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::binary;
use crate::host::{Host, Setup, processes_of};

/// Milliseconds from starting the server on a fresh folder to its first 200.
pub async fn server_start() -> f64 {
    let start = Instant::now();
    let host = Host::start(Setup::default()).await;
    let waited = milliseconds(start.elapsed());
    drop(host);
    waited
}

/// Process id of the workspace daemon of a host with one workspace.
pub fn daemon_pid(host: &Host) -> anyhow::Result<u32> {
    let pids = processes_of(&host.path("data"));
    let is_daemon = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == b"daemon" || word == b"agent")
    };
    pids.into_iter().find(is_daemon).context("no workspace daemon runs")
}

/// Percent of one core that a process used during `span`.
pub async fn cpu_percent(pid: u32, span: Duration) -> anyhow::Result<f64> {
    let before = cpu_seconds(pid)?;
    tokio::time::sleep(span).await;
    Ok((cpu_seconds(pid)? - before) / span.as_secs_f64() * 100.0)
}

/// Seconds of processor time that a process used, its own and the kernel's for it.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(')').next().context("no fields")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || -> anyhow::Result<f64> { Ok(fields.next().context("too few fields")?.parse()?) };
    // USER_HZ is 100 on every Linux that Rust supports.
    Ok((next()? + next()?) / 100.0)
}

/// Milliseconds that a command takes to its successful end.
pub fn command(command: &mut Command) -> f64 {
    let start = Instant::now();
    binary::run(command);
    milliseconds(start.elapsed())
}

/// Size of a file in MiB.
pub fn mebibytes(path: &Path) -> anyhow::Result<f64> {
    #[allow(clippy::cast_precision_loss)] // A size for people.
    Ok(std::fs::metadata(path)?.len() as f64 / f64::from(1 << 20))
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
