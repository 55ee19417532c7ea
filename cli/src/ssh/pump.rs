//! Carries a session: keys and input to the workspace, its output here, window changes and signals, and at the end the
//! exit code.

use std::io::{IsTerminal, Read, Write};

use anyhow::Context;
use bytes::Bytes;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelWriteHalf, Sig};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::raw_mode::{self, RawMode};
use crate::failure::failure;

/// Bytes of input read at a time.
const BUFFER: usize = 32 * 1024;
/// Reads that may wait for the network; more would only hide that it is slow.
const QUEUE: usize = 8;
/// Exit code when the other end was ended by a signal or did not say how it ended, as OpenSSH has it.
const UNKNOWN_END: u8 = 255;

/// Where a session's bytes come from and go to.
pub struct Streams<O, E> {
    /// What the person types or pipes in; its end is the end of input.
    pub input: mpsc::Receiver<Bytes>,
    /// Output of the workspace.
    pub output: O,
    /// Error output of the workspace.
    pub errors: E,
}

impl Streams<std::io::Stdout, std::io::Stderr> {
    /// Those of this process.
    pub fn own() -> std::io::Result<Self> {
        Ok(Self { input: read_input()?, output: std::io::stdout(), errors: std::io::stderr() })
    }
}

/// Runs the session to its end.
pub async fn run<O: Write, E: Write>(
    channel: Channel<Msg>,
    terminal: bool,
    mut streams: Streams<O, E>,
) -> anyhow::Result<u8> {
    let raw = if terminal && std::io::stdin().is_terminal() { Some(RawMode::enter()?) } else { None };
    let (mut incoming, outgoing) = channel.split();
    // Its own task: a full window towards the workspace must not stop what comes from it.
    let sending = tokio::spawn(send(outgoing, streams.input, terminal));
    let mut code = None;
    let result = loop {
        match incoming.wait().await {
            Some(ChannelMsg::Data { data }) => {
                if show(&mut streams.output, &data).is_err() {
                    break Ok(UNKNOWN_END);
                }
            }
            Some(ChannelMsg::ExtendedData { data, .. }) => {
                // Error output that nobody can see does not end the session.
                let _ = show(&mut streams.errors, &data);
            }
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                code = Some(u8::try_from(exit_status).unwrap_or(UNKNOWN_END));
            }
            Some(ChannelMsg::ExitSignal { .. }) => code = Some(UNKNOWN_END),
            Some(ChannelMsg::Close) | None => {
                break code.ok_or_else(|| {
                    failure("the connection to the workspace was lost", "connect again; `homeport ping` tests the way")
                });
            }
            Some(_) => {}
        }
    };
    sending.abort();
    drop(raw);
    result
}

fn show(to: &mut impl Write, data: &[u8]) -> std::io::Result<()> {
    to.write_all(data)?;
    to.flush()
}

/// Sends input, signals and window changes until it is aborted.
async fn send(outgoing: ChannelWriteHalf<Msg>, mut input: mpsc::Receiver<Bytes>, terminal: bool) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    let mut is_open = true;
    loop {
        tokio::select! {
            data = input.recv(), if is_open => match data {
                Some(data) => outgoing.data_bytes(data).await?,
                None => {
                    is_open = false;
                    outgoing.eof().await?;
                }
            },
            event = signals.next() => match event {
                Event::Resized if terminal => {
                    let (columns, rows) = raw_mode::size();
                    outgoing.window_change(columns, rows, 0, 0).await?;
                }
                Event::Resized => {}
                Event::Signalled(signal) => outgoing.signal(signal).await?,
            },
        }
    }
}

/// Standard input as a channel. A plain thread: nothing can wake a read from a terminal, so it must not belong to the
/// runtime, which would wait for it.
fn read_input() -> std::io::Result<mpsc::Receiver<Bytes>> {
    let (send, receive) = mpsc::channel(QUEUE);
    std::thread::Builder::new().name("input".into()).spawn(move || {
        let mut buffer = vec![0; BUFFER];
        // `Stdin` has a buffer of its own; a lock keeps it from being shared.
        let mut stdin = std::io::stdin().lock();
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    if send.blocking_send(Bytes::copy_from_slice(&buffer[..length])).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    })?;
    Ok(receive)
}

enum Event {
    Resized,
    Signalled(Sig),
}

struct Signals {
    resize: Signal,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    quit: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            resize: signal(SignalKind::window_change())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            quit: signal(SignalKind::quit())?,
        })
    }

    async fn next(&mut self) -> Event {
        tokio::select! {
            _ = self.resize.recv() => Event::Resized,
            _ = self.interrupt.recv() => Event::Signalled(Sig::INT),
            _ = self.terminate.recv() => Event::Signalled(Sig::TERM),
            _ = self.hang_up.recv() => Event::Signalled(Sig::HUP),
            _ = self.quit.recv() => Event::Signalled(Sig::QUIT),
        }
    }
}
