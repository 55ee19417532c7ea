//! One terminal that outlives its clients: its program, the replay ring, and who is attached. Not for the wire.
//!
//! ```text
//!  program ─► pump ─┬► ring ─────► replay for who attaches
//!                   └► every attached client, in order; a client that takes nothing for 10 s is sent away
//! ```
//! It ends with its program, or when nobody has been attached for five minutes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::process::Child;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::command::Launch;
use crate::os::process::HangUpOnDrop;
use crate::os::pty::{self, Master, Size};
use crate::ssh::hang_up;

use super::ring::Ring;

/// How long a terminal waits for its first client (spec: agent-rpc.md 7.2).
const FIRST_ATTACH: Duration = Duration::from_secs(30);
/// How long it waits for one to come back.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// Output read at once.
const CHUNK: usize = 16 * 1024;
/// Chunks waiting for one client; then the program waits too.
const CLIENT_QUEUE: usize = 16;
/// How long the program waits for a client that takes nothing.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// A running terminal.
#[derive(Debug)]
pub struct Terminal {
    master: Master,
    state: Mutex<State>,
    attached: watch::Sender<usize>,
    over: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    ring: Ring,
    clients: Vec<Client>,
    next_client: u64,
}

#[derive(Clone, Debug)]
struct Client {
    id: u64,
    output: mpsc::Sender<Bytes>,
}

/// A client's hold on a terminal; dropping it detaches.
#[derive(Debug)]
pub struct Attachment {
    terminal: Arc<Terminal>,
    id: u64,
    /// What happened before, to be shown first.
    pub replay: Vec<u8>,
    /// What happens from now on; its end is the end of the terminal, or of patience with this client.
    pub output: mpsc::Receiver<Bytes>,
}

impl Terminal {
    /// Starts a program on a new terminal.
    pub fn start(launch: &Launch, size: Size) -> io::Result<Arc<Self>> {
        let (master, slave) = pty::open(size, &[])?;
        let mut command = launch.bare_command();
        slave.attach(&mut command)?;
        let child = command.spawn()?;
        // It holds our copies of the slave: with them open, the end of output would never be seen.
        drop(command);
        let terminal = Arc::new(Self {
            master,
            state: Mutex::default(),
            attached: watch::Sender::new(0),
            over: CancellationToken::new(),
        });
        tokio::spawn(Arc::clone(&terminal).live(child));
        Ok(terminal)
    }

    /// Attaches a client: what it is shown first and what follows join without a gap. `None` when the program is gone.
    #[must_use]
    pub fn attach(self: &Arc<Self>) -> Option<Attachment> {
        let (sender, output) = mpsc::channel(CLIENT_QUEUE);
        let mut state = self.lock();
        if self.over.is_cancelled() {
            return None;
        }
        let id = state.next_client;
        state.next_client += 1;
        state.clients.push(Client { id, output: sender });
        let replay = state.ring.replay();
        self.attached.send_replace(state.clients.len());
        Some(Attachment { terminal: Arc::clone(self), id, replay, output })
    }

    /// Resolves when the terminal is over.
    pub async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Types.
    pub async fn write(&self, text: &str) -> io::Result<()> {
        self.master.write_all(text.as_bytes()).await
    }

    /// Changes the size; the last client that asks decides.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        self.master.resize(size)
    }

    async fn live(self: Arc<Self>, mut child: Child) {
        let leader = child.id();
        let guard = HangUpOnDrop::new(leader);
        tokio::select! {
            () = self.pump() => {}
            () = abandoned(self.attached.subscribe(), FIRST_ATTACH, IDLE) => {
                tracing::debug!("closed a terminal that nobody came back to");
            }
        }
        hang_up(&mut child, leader).await;
        guard.disarm();
        let mut state = self.lock();
        self.over.cancel();
        state.clients.clear();
    }

    async fn pump(&self) {
        let mut buffer = vec![0; CHUNK];
        loop {
            let n = match self.master.read(&mut buffer).await {
                Ok(0) => return,
                Ok(n) => n,
                Err(error) => return tracing::debug!(%error, "could not read a terminal"),
            };
            let clients = {
                let mut state = self.lock();
                state.ring.push(&buffer[..n]);
                state.clients.clone()
            };
            let chunk = Bytes::copy_from_slice(&buffer[..n]);
            for client in clients {
                if !matches!(timeout(CLIENT_PATIENCE, client.output.send(chunk.clone())).await, Ok(Ok(()))) {
                    self.detach(client.id);
                }
            }
        }
    }

    fn detach(&self, id: u64) {
        let mut state = self.lock();
        state.clients.retain(|client| client.id != id);
        self.attached.send_replace(state.clients.len());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.terminal.detach(self.id);
    }
}

/// Resolves when nobody has been attached for too long: `first` before the first client, `idle` after the last.
async fn abandoned(mut attached: watch::Receiver<usize>, first: Duration, idle: Duration) {
    let mut patience = first;
    loop {
        let somebody = timeout(patience, attached.wait_for(|count| *count > 0)).await.is_ok();
        if !somebody {
            return;
        }
        patience = idle;
        if attached.wait_for(|count| *count == 0).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
