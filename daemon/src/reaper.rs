//! Process 1 of a container: starts the daemon as its child, passes signals on, and buries every process that is orphaned.
//! Not used when something else is process 1.

use std::process::{Child, Command, ExitCode};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The signals that mean something to the daemon.
const PASSED_ON: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

/// Runs this program again with `--no-reap` until it ends, and ends as it did.
///
/// # Errors
/// When the daemon cannot be started or waited for.
pub fn run() -> anyhow::Result<ExitCode> {
    let mut wanted = SigSet::empty();
    for signal in PASSED_ON.into_iter().chain([Signal::SIGCHLD]) {
        wanted.add(signal);
    }
    // Blocked signals are not lost between two waits; the child must not inherit the block, see `start`.
    wanted.thread_block().context("cannot take over the signals")?;
    let daemon = start(&wanted)?;
    let daemon = Pid::from_raw(i32::try_from(daemon.id()).context("the daemon's process number is too large")?);
    loop {
        match wanted.wait().context("cannot wait for signals")? {
            Signal::SIGCHLD => {
                if let Some(code) = bury(daemon)? {
                    return Ok(ExitCode::from(code));
                }
            }
            signal => {
                let _ = kill(daemon, signal);
            }
        }
    }
}

/// A thread that never blocked the signals starts the child, which inherits its mask.
fn start(blocked: &SigSet) -> anyhow::Result<Child> {
    let executable = std::env::current_exe().context("cannot find this program")?;
    let arguments = std::env::args_os().skip(1).collect::<Vec<_>>();
    let blocked = *blocked;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let child = blocked
            .thread_unblock()
            .map_err(std::io::Error::from)
            .and_then(|()| Command::new(executable).args(arguments).arg("--no-reap").spawn());
        let _ = sender.send(child);
    });
    let child = receiver.recv_timeout(Duration::from_secs(30)).context("the daemon does not start")?;
    child.context("cannot start the daemon as a child of process 1")
}

/// Buries all dead children; the daemon's exit code if it is one of them.
fn bury(daemon: Pid) -> anyhow::Result<Option<u8>> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == daemon => return Ok(Some(u8::try_from(code).unwrap_or(1))),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == daemon => {
                return Ok(Some(u8::try_from(128 + signal as i32).unwrap_or(1)));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("cannot wait for children"),
        }
    }
}
