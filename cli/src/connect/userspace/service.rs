//! The socket of user-space mode: the tunnel service's protocol, for `homeport connect status` and `stop`, and for
//! whoever shows the tunnel's state. Its folder keeps other users out.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use client::tunnel::Picture;
use proto::ipc::frame::encode;
use proto::ipc::status::DAEMONS_IN_EVENT;
use proto::ipc::version::{LINE, MAX_LINE, check};
use proto::ipc::{Call, Event, Fault, FaultCode, Frames, FromService, Outcome, Reply, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::AbortHandle;

use super::socket::Owned;

/// Callers at a time: a tray, some terminals.
const MAX_CALLERS: usize = 16;
/// A caller that sends no version line, or does not read what it is sent, for so long is gone.
const LIMIT: Duration = Duration::from_secs(5);
/// Pause after the system refused to accept.
const PAUSE: Duration = Duration::from_millis(100);

/// What a caller may order.
pub enum Order {
    /// End.
    Stop,
    /// The network changed.
    Wake,
}

/// Serves until it is dropped.
pub struct Service(AbortHandle);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Starts to serve.
pub fn serve(socket: &Owned, orders: mpsc::Sender<Order>, state: watch::Receiver<Picture>) -> io::Result<Service> {
    let listener = UnixListener::bind(socket.path())?;
    let task = tokio::spawn(async move {
        let free = Arc::new(Semaphore::new(MAX_CALLERS));
        loop {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let caller =
                        Caller { stream, frames: Frames::default(), orders: orders.clone(), state: state.clone() };
                    tokio::spawn(async move {
                        if let Err(error) = caller.run().await {
                            tracing::debug!(%error, "a caller left");
                        }
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    });
    Ok(Service(task.abort_handle()))
}

/// One connection.
struct Caller {
    stream: UnixStream,
    frames: Frames,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<Picture>,
}

impl Caller {
    async fn run(mut self) -> anyhow::Result<()> {
        tokio::time::timeout(LIMIT, self.greet()).await??;
        let mut is_watching = false;
        loop {
            let mut bytes = [0; 4096];
            tokio::select! {
                length = self.stream.read(&mut bytes) => match length? {
                    0 => return Ok(()),
                    length => self.frames.push(&bytes[..length]),
                },
                changed = self.state.changed(), if is_watching => {
                    changed?;
                    self.paint().await?;
                }
            }
            while let Some(Request { id, call }) = self.frames.take()? {
                let outcome = match call {
                    Call::Connect(_) => Outcome::Refused(Fault {
                        code: FaultCode::BadRequest,
                        text: "User-space mode takes its deployments at its start; end it first with `homeport connect stop`.".into(),
                        health: None,
                    }),
                    Call::Disconnect { .. } => {
                        self.reply(id, Outcome::Done).await?;
                        self.orders.send(Order::Stop).await?;
                        continue;
                    }
                    Call::Wake => {
                        self.orders.send(Order::Wake).await?;
                        Outcome::Done
                    }
                    Call::Watch => {
                        self.reply(id, Outcome::Done).await?;
                        is_watching = true;
                        self.paint().await?;
                        continue;
                    }
                };
                self.reply(id, outcome).await?;
            }
        }
    }

    async fn greet(&mut self) -> anyhow::Result<()> {
        self.stream.write_all(LINE.as_bytes()).await?;
        let mut line = Vec::with_capacity(MAX_LINE);
        while line.last() != Some(&b'\n') && line.len() < MAX_LINE {
            line.push(self.stream.read_u8().await?);
        }
        check(&line)?;
        Ok(())
    }

    async fn reply(&mut self, id: u64, outcome: Outcome) -> anyhow::Result<()> {
        self.send(&FromService::Reply(Reply { id, outcome })).await
    }

    async fn send(&mut self, message: &FromService) -> anyhow::Result<()> {
        let bytes = encode(message)?;
        Ok(tokio::time::timeout(LIMIT, self.stream.write_all(&bytes)).await??)
    }

    /// The whole state: it is small, and a list replaces the former one.
    async fn paint(&mut self) -> anyhow::Result<()> {
        let picture = self.state.borrow_and_update().clone();
        for event in events(picture) {
            self.send(&FromService::Event(event)).await?;
        }
        Ok(())
    }
}

/// A state as the news that paint it.
pub fn events(picture: Picture) -> Vec<Event> {
    let mut events: Vec<Event> = picture.service.into_iter().map(Event::Service).collect();
    for (url, deployment) in picture.deployments {
        events.extend(deployment.status.map(Event::Deployment));
        if deployment.daemons.is_empty() {
            events.push(Event::Daemons { url: url.clone(), is_first: true, daemons: Vec::new() });
        }
        for (number, daemons) in deployment.daemons.chunks(DAEMONS_IN_EVENT).enumerate() {
            events.push(Event::Daemons { url: url.clone(), is_first: number == 0, daemons: daemons.to_vec() });
        }
        events.push(Event::Ports { url, ports: deployment.ports });
    }
    events
}

#[cfg(test)]
mod tests;
