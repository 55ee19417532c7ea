//! One session channel: what the client asked for before it starts, then its program or SFTP until the exit status is sent.
//! Not for the other kinds of channels.

use std::ffi::OsStr;
use std::io;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use nix::sys::signal::Signal;
use russh::ChannelWriteHalf;
use russh::server::{Handle, Msg};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};

use crate::command::{self, Request};
use crate::os::pty::Size;
use crate::os::user::Account;
use crate::session::{SessionContext, SessionKind};

use super::agent::AgentSocket;
use super::channels::{self, Port};
use super::program::{self, Controls, Outcome};
use super::{greeting, sftp, signal};

/// Variables one session may set: clients send a handful, editors some dozens.
const VARIABLE_LIMIT: usize = 512;
/// Their names and values together; the kernel's limit for one string is half of it.
const VARIABLE_BYTES: usize = 256 * 1024;
/// Longest name of a terminal type; the longest in terminfo has some 30.
const TERM_LIMIT: usize = 128;
/// Signals waiting for a program that is being started.
const SIGNAL_QUEUE: usize = 16;

/// Exit code of a program that was killed by a signal (spec: agent-rpc.md 7.1).
const SIGNALLED: i32 = 255;
/// Exit code when the daemon itself could not do it.
const INTERNAL: i32 = 229;
/// Exit code of a forbidden file transfer.
const BLOCKED: i32 = 65;

/// First words of commands that transfer files.
const TRANSFER_COMMANDS: [&str; 4] = ["nc", "rsync", "scp", "sftp"];

const SESSION_TYPE: &str = "CODER_SSH_SESSION_TYPE";

/// What a session channel will do.
#[derive(Debug, PartialEq, Eq)]
pub enum Purpose {
    Shell,
    Command(Vec<u8>),
    Sftp,
}

/// A terminal the client asked for.
#[derive(Debug)]
pub struct Terminal {
    pub name: String,
    pub modes: Vec<(u8, u32)>,
}

/// A session channel that has not started yet.
pub struct Preparing {
    pub port: Port,
    variables: Vec<(String, String)>,
    variable_bytes: usize,
    terminal: Option<Terminal>,
    pub agent_forwarding: bool,
    size: watch::Receiver<Size>,
    signals: mpsc::Receiver<Signal>,
}

/// The connection's hold on a session channel, before and after its start.
#[derive(Debug)]
pub struct Remote {
    pub size: watch::Sender<Size>,
    pub signals: mpsc::Sender<Signal>,
}

/// A new session channel.
pub fn prepare(port: Port) -> (Preparing, Remote) {
    let (size_sender, size) = watch::channel(Size::clamped(0, 0, 0, 0));
    let (signal_sender, signals) = mpsc::channel(SIGNAL_QUEUE);
    let preparing = Preparing {
        port,
        variables: Vec::new(),
        variable_bytes: 0,
        terminal: None,
        agent_forwarding: false,
        size,
        signals,
    };
    (preparing, Remote { size: size_sender, signals: signal_sender })
}

impl Preparing {
    /// Takes a variable of the client; false when it is over a limit.
    pub fn set_variable(&mut self, name: &str, value: &str) -> bool {
        let bytes = self.variable_bytes + name.len() + value.len();
        if self.variables.len() >= VARIABLE_LIMIT || bytes > VARIABLE_BYTES {
            return false;
        }
        self.variable_bytes = bytes;
        self.variables.push((name.to_owned(), value.to_owned()));
        true
    }

    /// Takes a terminal; false when its name is absurd.
    pub fn set_terminal(&mut self, terminal: Terminal) -> bool {
        let fits = terminal.name.len() <= TERM_LIMIT;
        if fits {
            self.terminal = Some(terminal);
        }
        fits
    }

    fn kind(&self) -> SessionKind {
        let value = self.variables.iter().rev().find(|(name, _)| name == SESSION_TYPE);
        value.map_or(SessionKind::Ssh, |(_, value)| SessionKind::from_session_type(value))
    }
}

/// Runs the session to its end and closes the channel.
pub async fn run(
    context: Arc<SessionContext>,
    peer: Option<IpAddr>,
    handle: Handle,
    preparing: Preparing,
    purpose: Purpose,
) {
    let guard = context.begin(preparing.kind(), peer);
    let port = &preparing.port;
    let (channels, closed) = (Arc::clone(&port.channels), port.closed.clone());
    let id = port.id;
    let (outcome, write) = perform(&context, &handle, preparing, purpose).await;
    let (code, reason) = match outcome {
        Ok(Outcome::Exited(code)) => (code, None),
        Ok(Outcome::Signalled(signal)) => {
            let name = signal::to_wire(signal);
            let _ = handle.exit_signal_request(id, name, false, String::new(), String::new()).await;
            (SIGNALLED, Some(format!("killed by {signal}")))
        }
        Ok(Outcome::HungUp) => (SIGNALLED, Some("the client left".to_owned())),
        Err(reason) => (INTERNAL, Some(reason)),
    };
    guard.finish(code, reason);
    if !closed.is_cancelled() {
        let _ = write.exit_status(u32::from_ne_bytes(code.to_ne_bytes())).await;
        channels::close(&write, &channels).await;
    }
    channels.remove(id);
}

async fn perform(
    context: &Arc<SessionContext>,
    handle: &Handle,
    preparing: Preparing,
    purpose: Purpose,
) -> (Result<Outcome, String>, ChannelWriteHalf<Msg>) {
    let Preparing { port, variables, terminal, agent_forwarding, size, signals, .. } = preparing;
    let Port { write, inbox, closed, channels, .. } = port;
    if context.policy.block_file_transfer && is_transfer(&purpose) {
        let line_end = if terminal.is_some() { "\r\n" } else { "\n" };
        say(write.make_writer_ext(Some(1)), &format!("File transfer is disabled in this workspace.{line_end}")).await;
        return (Ok(Outcome::Exited(BLOCKED)), write);
    }
    let account = Account::current();
    let result = match purpose {
        Purpose::Sftp => {
            let served = tokio::select! {
                result = sftp::serve(inbox, write.make_writer(), &account) => result,
                () = closed.cancelled() => return (Ok(Outcome::HungUp), write),
            };
            served.map(|()| Outcome::Exited(0)).map_err(|error| error.to_string())
        }
        Purpose::Shell | Purpose::Command(_) => {
            let agent = if agent_forwarding { agent_socket(handle, &channels).await } else { None };
            let controls = Controls { signals, size, closed };
            let start = Start { purpose: &purpose, variables, terminal, agent: agent.as_ref().map(AgentSocket::path) };
            let result = start.run(context, &account, inbox, &write, controls).await;
            drop(agent);
            result
        }
    };
    (result, write)
}

/// A program about to start.
struct Start<'a> {
    purpose: &'a Purpose,
    variables: Vec<(String, String)>,
    terminal: Option<Terminal>,
    agent: Option<&'a Path>,
}

impl Start<'_> {
    async fn run(
        mut self,
        context: &SessionContext,
        account: &Account,
        inbox: super::inbox::Inbox,
        write: &ChannelWriteHalf<Msg>,
        controls: Controls,
    ) -> Result<Outcome, String> {
        let facts = context.facts();
        let line_end = if self.terminal.is_some() { "\r\n" } else { "\n" };
        self.add_variables();
        let request = match self.purpose {
            Purpose::Command(line) => Request::ClientLine(OsStr::from_bytes(line)),
            Purpose::Shell | Purpose::Sftp => Request::LoginShell,
        };
        let started = match command::prepare(&facts, account, request, &self.variables) {
            Err(error) => Err(error.to_string()),
            Ok(launch) => match self.terminal {
                Some(terminal) => {
                    let mut output = write.make_writer();
                    if *self.purpose == Purpose::Shell {
                        let motd = greeting::message_of_the_day(&facts.motd_path, &account.home);
                        say(&mut output, &greeting::render(&facts.banners, motd.as_deref())).await;
                    }
                    program::with_terminal(&launch, &terminal.modes, inbox, output, controls)
                        .await
                        .map_err(|error| start_error(&launch.program, &error))
                }
                None => {
                    program::with_pipes(&launch, inbox, write.make_writer(), write.make_writer_ext(Some(1)), controls)
                        .await
                        .map_err(|error| start_error(&launch.program, &error))
                }
            },
        };
        if let Err(reason) = &started {
            say(write.make_writer_ext(Some(1)), &format!("homeport: {reason}{line_end}")).await;
        }
        started
    }

    fn add_variables(&mut self) {
        // The mesh hides the addresses of both ends; programs that look for these only want to know that this is SSH.
        let mut set = |name: &str, value: &str| self.variables.push((name.to_owned(), value.to_owned()));
        set("SSH_CLIENT", "0.0.0.0 0 0");
        set("SSH_CONNECTION", "0.0.0.0 0 0.0.0.0 0");
        if let Some(path) = self.agent.and_then(Path::to_str) {
            set("SSH_AUTH_SOCK", path);
        }
        if let Some(terminal) = &self.terminal {
            set("TERM", if terminal.name.is_empty() { "xterm-256color" } else { &terminal.name });
        }
    }
}

fn start_error(program: &Path, error: &io::Error) -> String {
    format!("could not run {}: {error}", program.display())
}

async fn agent_socket(handle: &Handle, channels: &Arc<channels::Channels>) -> Option<AgentSocket> {
    match AgentSocket::open(handle.clone(), Arc::clone(channels)) {
        Ok(socket) => Some(socket),
        Err(error) => {
            tracing::warn!(%error, "could not offer the forwarded SSH agent to a session");
            None
        }
    }
}

async fn say(mut to: impl AsyncWrite + Unpin, text: &str) {
    if !text.is_empty() {
        // A client that left does not read.
        let _ = to.write_all(text.as_bytes()).await;
    }
}

fn is_transfer(purpose: &Purpose) -> bool {
    let line = match purpose {
        Purpose::Sftp => return true,
        Purpose::Shell => return false,
        Purpose::Command(line) => String::from_utf8_lossy(line),
    };
    let Some(word) = line.split_whitespace().next() else { return false };
    let name = word.trim_matches(['\'', '"']).rsplit('/').next().unwrap_or_default();
    TRANSFER_COMMANDS.contains(&name)
}

#[cfg(test)]
mod tests;
