//! Processes as sessions see them: started in their own session, signalled as a group. Not for deciding when.
#![allow(unsafe_code, reason = "setsid must run in the child between fork and exec")]

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, setsid};
use tokio::process::Command;

/// Makes the child lead a session and group of its own: it has no controlling terminal of ours, and one signal reaches
/// everything it started.
pub fn detach(command: &mut Command) {
    // SAFETY: setsid is async-signal-safe and allocates nothing.
    unsafe {
        command.pre_exec(|| setsid().map(drop).map_err(Into::into));
    }
}

/// Signals the group led by `leader`; a group that is gone is not an error.
///
/// The caller must not have reaped the leader yet, or must know that its group still lives: numbers are reused.
pub fn signal_group(leader: u32, signal: Signal) -> nix::Result<()> {
    let Ok(pid) = i32::try_from(leader) else { return Ok(()) };
    if pid <= 1 {
        return Ok(());
    }
    match killpg(Pid::from_raw(pid), signal) {
        Err(Errno::ESRCH) => Ok(()),
        other => other,
    }
}

/// Hangs up the group of a program when it is dropped before the program was waited for: whoever drops the task that
/// watches a program (a stopping daemon does) leaves no orphan behind.
#[derive(Debug)]
pub struct HangUpOnDrop(Option<u32>);

impl HangUpOnDrop {
    #[must_use]
    pub fn new(leader: Option<u32>) -> Self {
        Self(leader)
    }

    /// The program has been waited for: its number may belong to somebody else from now on.
    pub fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for HangUpOnDrop {
    fn drop(&mut self) {
        if let Some(leader) = self.0
            && let Err(error) = signal_group(leader, Signal::SIGHUP)
        {
            tracing::debug!(%error, leader, "could not hang up a program");
        }
    }
}
