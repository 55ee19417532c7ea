//! The daemon of this computer as a process of its own: started detached, waited for, ended. It outlives us; the tray
//! starts it again when it ends.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use client::reachable::{Files, Registration};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::host;
use crate::failure::failure;
use crate::global::variable;
use crate::terminal::{harmless, print};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// A daemon that is not connected by then tells why not.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// An orderly end, and one at once.
const END_LIMIT: Duration = Duration::from_secs(10);
/// A log beyond this is put aside; one older log is kept.
const MAX_LOG: u64 = 5 * 1024 * 1024;

/// Starts it. The token is in a file that is named; nothing secret is an argument or a variable.
pub fn start(files: &Files, registration: &Registration) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot find this program on disk")?;
    let log = open_log(&files.log()).context("cannot write the daemon's log")?;
    let mut command = Command::new(program);
    command.arg("daemon").args(["--agent-url", &registration.url]);
    command.arg("--agent-token-file").arg(files.token()).arg("--report-socket").arg(files.socket());
    command.arg("--log-dir").arg(files.folder()).arg("--script-data-dir").arg(files.folder());
    // What was meant for this command is not meant for the shells of others.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CODER_") || (text.starts_with("HOMEPORT_") && text != "HOMEPORT_LOG") {
            command.env_remove(&name);
        }
    }
    if let Some(home) = variable("HOME").filter(|home| Path::new(home).is_dir()) {
        command.current_dir(home);
    }
    command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("cannot start the workspace daemon")?;
    Ok(())
}

/// Waits until the deployment holds the daemon's connection; says why when it does not.
pub async fn connected(files: &Files, registration: &Registration) -> anyhow::Result<u8> {
    let mut problem = None;
    let wait = async {
        loop {
            match files.ask().await {
                Some(running) if running.report.is_connected => return,
                Some(running) => problem = running.report.problem.or(problem.take()),
                None => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let (name, host) = (&registration.name, host(registration));
    if tokio::time::timeout(CONNECT_LIMIT, wait).await.is_ok() {
        print(&format!(
            "This computer is reachable as {name} at {host}. `homeport reachable pause` ends it for a while."
        ));
        return Ok(0);
    }
    if !files.is_running() {
        let next = format!("read {}", files.log().display());
        return Err(failure("the workspace daemon of this computer ended", next));
    }
    let why = problem.map_or_else(|| "it does not say why".into(), |why| harmless(&why));
    Err(failure(
        format!("{name} is not connected to {host} yet: {why}"),
        "it goes on trying; look with `homeport reachable status`",
    ))
}

/// Ends it, and waits until it is gone.
pub async fn end(files: &Files) -> anyhow::Result<()> {
    // The first signal asks for an orderly end, the second for one at once.
    for _ in 0..2 {
        if !files.is_running() {
            return Ok(());
        }
        let asked = tokio::time::timeout(END_LIMIT, async {
            let mut has_asked = false;
            while files.is_running() {
                // One that has just started has its lock before its socket.
                if !has_asked && let Some(running) = files.ask().await {
                    has_asked = running.pid > 1 && kill(Pid::from_raw(running.pid), Signal::SIGTERM).is_ok();
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        if asked.await.is_ok() {
            return Ok(());
        }
    }
    Err(failure("the workspace daemon of this computer does not end", "find it with `pgrep -f 'homeport daemon'`"))
}

fn open_log(path: &Path) -> std::io::Result<File> {
    client::sessions::file::make_private_folder(path.parent().unwrap_or(Path::new("/")))?;
    if path.metadata().is_ok_and(|about| about.len() > MAX_LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    File::options().create(true).append(true).mode(0o600).open(path)
}
