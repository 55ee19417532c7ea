//! Runs the program of a session channel: pumps its streams, passes signals and sizes, and says how it ended. Not for
//! deciding what to run.
//!
//! ```text
//!  inbox ──► stdin   ┐         ┌ stdout ──► data
//!                    ├ program ┤
//!  signals, sizes ─► ┘         └ stderr ──► extended data        channel closed ──► SIGHUP, 5 s, SIGKILL (whole group)
//! ```
//! The output has been handed to the connection completely before the outcome is returned.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::command::Launch;
use crate::os::process::{HangUpOnDrop, signal_group};
use crate::os::pty::{self, Master, Size};

use super::inbox::Inbox;

/// One SSH packet of a usual client; larger reads would be cut again.
const CHUNK: usize = 32 * 1024;

/// How long a program may take to end after its client left.
const HANG_UP_GRACE: Duration = Duration::from_secs(5);

/// How long a terminal may be silent after its program ended, when a background process still holds it open.
const TERMINAL_LINGER: Duration = Duration::from_millis(250);

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Exited(i32),
    Signalled(Signal),
    /// The client left first.
    HungUp,
}

/// What a session may do to its program while it runs.
pub struct Controls {
    pub signals: mpsc::Receiver<Signal>,
    pub size: watch::Receiver<Size>,
    pub closed: CancellationToken,
}

/// Runs with pipes: output and errors stay apart, input ends when the client says so.
pub async fn with_pipes(
    launch: &Launch,
    mut inbox: Inbox,
    output: impl AsyncWrite + Unpin,
    errors: impl AsyncWrite + Unpin,
    mut controls: Controls,
) -> io::Result<Outcome> {
    let mut command = launch.command();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let leader = child.id();
    let guard = HangUpOnDrop::new(leader);
    let stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let input = async {
        let Some(mut stdin) = stdin else { return };
        while let Some(piece) = inbox.next().await {
            // A program that closed its input has had enough; that is no error.
            if stdin.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    let ended = async {
        tokio::join!(pump(stdout, output), pump(stderr, errors));
        child.wait().await
    };
    let status = drive(leader, input, ended, &mut controls).await;
    let outcome = conclude(status, child, leader).await;
    guard.disarm();
    outcome
}

/// Runs on a terminal of its own.
pub async fn with_terminal(
    launch: &Launch,
    modes: &[(u8, u32)],
    mut inbox: Inbox,
    mut output: impl AsyncWrite + Unpin,
    mut controls: Controls,
) -> io::Result<Outcome> {
    let size = *controls.size.borrow_and_update();
    let (master, slave) = pty::open(size, modes)?;
    let master = Arc::new(master);
    let mut command = launch.bare_command();
    slave.attach(&mut command)?;
    let mut child = command.spawn()?;
    // It holds our copies of the slave: with them open, the end of output would never be seen.
    drop(command);
    let leader = child.id();
    let guard = HangUpOnDrop::new(leader);
    let input = async {
        while let Some(piece) = inbox.next().await {
            if master.write_all(&piece).await.is_err() {
                break;
            }
        }
    };
    let mut sizes = controls.size.clone();
    let resizing = async {
        while sizes.changed().await.is_ok() {
            let size = *sizes.borrow_and_update();
            if let Err(error) = master.resize(size) {
                tracing::debug!(%error, "could not resize a terminal");
            }
        }
    };
    let ended = async {
        let over = CancellationToken::new();
        let waiting = async {
            let status = child.wait().await;
            over.cancel();
            status
        };
        let (status, ()) = tokio::join!(waiting, pump_terminal(&master, &mut output, &over));
        status
    };
    let input = async { tokio::join!(input, resizing) };
    let status = drive(leader, input, ended, &mut controls).await;
    drop(master);
    let outcome = conclude(status, child, leader).await;
    guard.disarm();
    outcome
}

/// Polls everything until the program ended; `None` when the channel was closed first.
async fn drive<I>(
    leader: Option<u32>,
    input: impl Future<Output = I>,
    ended: impl Future<Output = io::Result<ExitStatus>>,
    controls: &mut Controls,
) -> Option<io::Result<ExitStatus>> {
    tokio::pin!(input, ended);
    let mut input_open = true;
    let mut signals_open = true;
    loop {
        tokio::select! {
            biased;
            () = controls.closed.cancelled() => return None,
            status = &mut ended => return Some(status),
            _ = &mut input, if input_open => input_open = false,
            signal = controls.signals.recv(), if signals_open => match (signal, leader) {
                (Some(signal), Some(leader)) => signal_or_log(leader, signal),
                _ => signals_open = false,
            },
        }
    }
}

async fn conclude(
    status: Option<io::Result<ExitStatus>>,
    mut child: Child,
    leader: Option<u32>,
) -> io::Result<Outcome> {
    let Some(status) = status else {
        hang_up(&mut child, leader).await;
        return Ok(Outcome::HungUp);
    };
    let status = status?;
    let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
    Ok(signal.map_or_else(|| Outcome::Exited(status.code().unwrap_or(255)), Outcome::Signalled))
}

/// Ends a program whose client is gone, with everything in its group, and leaves no zombie.
pub async fn hang_up(child: &mut Child, leader: Option<u32>) {
    let Some(leader) = leader else { return };
    // While the leader has not been waited for, its number cannot belong to anybody else.
    if let Ok(Some(_)) = child.try_wait() {
        return;
    }
    signal_or_log(leader, Signal::SIGHUP);
    if timeout(HANG_UP_GRACE, child.wait()).await.is_err() {
        signal_or_log(leader, Signal::SIGKILL);
        if let Err(error) = child.wait().await {
            tracing::warn!(%error, leader, "could not wait for a killed program");
        }
    }
}

fn signal_or_log(leader: u32, signal: Signal) {
    if let Err(error) = signal_group(leader, signal) {
        tracing::debug!(%error, leader, %signal, "could not signal a program");
    }
}

/// Copies until the end of `from` or until `to` takes no more; then the program writes into a closed pipe.
async fn pump(from: Option<impl AsyncRead + Unpin>, mut to: impl AsyncWrite + Unpin) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; CHUNK];
    while let Ok(n) = from.read(&mut buffer).await {
        if n == 0 || to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}

/// Copies until no process has the terminal open. After the program's own end, silence is an end too.
async fn pump_terminal(master: &Master, to: &mut (impl AsyncWrite + Unpin), over: &CancellationToken) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = tokio::select! {
            biased;
            read = master.read(&mut buffer) => read,
            () = lingered(over) => return,
        };
        match read {
            Ok(n) if n > 0 => {
                if to.write_all(&buffer[..n]).await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

async fn lingered(over: &CancellationToken) {
    over.cancelled().await;
    tokio::time::sleep(TERMINAL_LINGER).await;
}
