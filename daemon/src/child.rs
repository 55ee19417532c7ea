//! Runs one child process to its end: output handed over as it comes, a time limit, and never a stray process when the
//! caller gives up. Not for building the command (see `command`) nor for terminals (see `pty`).

use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use std::os::unix::process::ExitStatusExt;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::os::process::signal_group;

/// How long output is read after the process ended, while a child of it holds the pipes open (spec `agent-rpc.md` 6.7).
const DRAIN: Duration = Duration::from_secs(10);
/// How much output is read at once.
const CHUNK: usize = 8 * 1024;

/// How a child ended.
#[derive(Debug)]
pub enum End {
    /// By itself, with this code.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// By us, because it was over its time.
    TimedOut,
    /// By itself, but something it started still holds its output.
    PipesLeftOpen(i32),
    /// It never began.
    NotStarted(std::io::Error),
}

/// Which pipe a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Standard,
    /// Standard error.
    Error,
}

/// Runs `command`, which must lead its own process group. Dropping the future kills that group.
pub async fn run(mut command: Command, limit: Option<Duration>, mut output: impl FnMut(Output, &[u8])) -> End {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = match command.spawn() {
        Ok(child) => Group(child),
        Err(error) => return End::NotStarted(error),
    };
    let (mut stdout, mut stderr) = (group.0.stdout.take(), group.0.stderr.take());
    let (mut stdout_chunk, mut stderr_chunk) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut deadline = limit.map(|limit| Instant::now() + limit);
    let mut status = None;
    loop {
        if let (Some(end), true) = (status, stdout.is_none() && stderr.is_none()) {
            return end_of(end);
        }
        tokio::select! {
            biased;
            read = read(&mut stdout, &mut stdout_chunk) => match read {
                0 => stdout = None,
                count => output(Output::Standard, &stdout_chunk[..count]),
            },
            read = read(&mut stderr, &mut stderr_chunk) => match read {
                0 => stderr = None,
                count => output(Output::Error, &stderr_chunk[..count]),
            },
            ended = group.0.wait(), if status.is_none() => {
                status = Some(ended.unwrap_or_default());
                deadline = Some(Instant::now() + DRAIN);
            }
            () = until(deadline) => match status {
                Some(status) => return match end_of(status) {
                    End::Exited(code) => End::PipesLeftOpen(code),
                    end => end,
                },
                None => {
                    group.kill();
                    // Whoever ignores SIGKILL hangs in the kernel; the task that reaps children waits for it, not we.
                    let _ = tokio::time::timeout(DRAIN, group.0.wait()).await;
                    return End::TimedOut;
                }
            },
        }
    }
}

fn end_of(status: std::process::ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signalled(signal.unwrap_or_default()),
    }
}

/// Bytes read, 0 at the end or at an error; never resolves for a pipe that is gone.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, chunk: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(chunk).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// A child whose group dies with the handle, unless the child was reaped before: then its number may be another's.
struct Group(Child);

impl Group {
    fn kill(&self) {
        if let Some(leader) = self.0.id() {
            let _ = signal_group(leader, Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests;
