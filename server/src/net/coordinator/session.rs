//! Joins coordination streams to the state: one reader and one writer per stream, no decision of its own.
//!
//! ```text
//!  CallReceiver ─► handle_request ─► State ─► woken ─► Notify ─► poll ─► CallSender
//! ```

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::id::{AgentId, PeerId};
use proto::tailnet::{CoordinateRequest, CoordinateResponse, Node};
use rpc::{Call, CallReceiver, CallSender, RpcError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::outbox::Output;
use super::permission::Access;
use super::request::Request;
use super::state::{Departure, SessionId, State};

/// How long a send may still be stuck after its session was thrown out, before the stream is cut.
const LAST_SEND: Duration = Duration::from_secs(5);

/// The access rules' answer to "may this visitor reach that agent now?".
pub type Reach = Arc<dyn Fn(AgentId) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

/// Who coordinates on a connection.
#[derive(Clone)]
pub struct Visitor {
    /// Its peer id.
    pub peer: PeerId,
    /// What kind of peer it is.
    pub access: Access,
    /// Asked for each tunnel of [`Access::Reachable`].
    pub reach: Reach,
    /// Cancelled when the right to be here ended: others forget the peer at once.
    pub revoked: CancellationToken,
}

/// The state and the wakers of its sessions. Share it in an [`Arc`].
#[derive(Default)]
pub struct Coordinator {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    state: State,
    wakers: HashMap<SessionId, Arc<Notify>>,
}

impl Coordinator {
    /// Serves one `Coordinate` call to its end.
    ///
    /// # Errors
    /// [`RpcError`] of the stream. A refused request ends the stream in good order, after its error text.
    pub async fn serve(&self, visitor: &Visitor, call: Call) -> Result<(), RpcError> {
        let wake = Arc::new(Notify::new());
        let session = {
            let mut inner = self.lock();
            let session = inner.state.handle_connected(visitor.peer, visitor.access);
            inner.wakers.insert(session, Arc::clone(&wake));
            inner.wake();
            session
        };
        let _guard = Leaving { coordinator: self, session, revoked: &visitor.revoked };
        let Call { receiver, mut sender, .. } = call;
        let mut reading = std::pin::pin!(self.read(session, visitor, receiver));
        let mut writing = std::pin::pin!(self.write(session, &wake, &mut sender));
        tokio::select! {
            () = visitor.revoked.cancelled() => Err(RpcError::Closed),
            written = &mut writing => written,
            read = &mut reading => match read {
                // The state may still have words for it, such as why it was refused.
                Ok(()) => writing.await,
                Err(error) => Err(error),
            }
        }
    }

    /// Joins a peer of this very process, until `requests` ends. It opens tunnels only to whom the caller, who holds the
    /// other ends, was allowed to reach.
    pub async fn join(
        &self,
        peer: PeerId,
        mut requests: mpsc::Receiver<CoordinateRequest>,
        responses: mpsc::Sender<CoordinateResponse>,
    ) {
        let wake = Arc::new(Notify::new());
        let session = self.change(|state| state.handle_connected(peer, Access::Reachable));
        self.lock().wakers.insert(session, Arc::clone(&wake));
        let revoked = CancellationToken::new();
        let _guard = Leaving { coordinator: self, session, revoked: &revoked };
        loop {
            // In a statement of its own: the lock must not be held while something is waited for.
            let output = self.lock().state.poll(session);
            match output {
                Some(Output::Send(response)) => match responses.send(response).await {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                Some(Output::End) => return,
                None => {}
            }
            tokio::select! {
                () = wake.notified() => {}
                message = requests.recv() => {
                    let Some(request) = message.and_then(|message| Request::from_wire(message).ok()) else { return };
                    if self.change(|state| state.handle_request(session, request, true)).is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Ends the peer's stream with a reason; others see it as lost.
    pub fn expel(&self, peer: PeerId, reason: &str) {
        self.change(|state| state.handle_expelled(peer, reason));
    }

    /// The record that a connected peer published last.
    #[must_use]
    pub fn node(&self, peer: PeerId) -> Option<Arc<Node>> {
        self.lock().state.node(peer).cloned()
    }

    /// How many peers are connected.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.lock().state.peer_count()
    }

    /// Reads to the end of input. `Ok` when the writer has the last word.
    async fn read(&self, session: SessionId, visitor: &Visitor, mut receiver: CallReceiver) -> Result<(), RpcError> {
        loop {
            let Some(message) = receiver.next::<CoordinateRequest>().await? else {
                // Without goodbye: the same as a broken stream, but its own end may still be closed in good order.
                self.close(session, Departure::Lost);
                return Ok(());
            };
            let request = match Request::from_wire(message) {
                Ok(request) => request,
                Err(malformed) => {
                    self.change(|state| state.handle_error(session, &malformed.to_string()));
                    return Ok(());
                }
            };
            let may_reach = match (visitor.access, request.add) {
                (Access::Reachable, Some(peer)) => (visitor.reach)(AgentId(peer.0)).await,
                _ => false,
            };
            let says_goodbye = request.disconnect;
            if self.change(|state| state.handle_request(session, request, may_reach)).is_err() || says_goodbye {
                return Ok(());
            }
        }
    }

    /// Sends what the state has for the session until it ends. A send that is stuck does not outlive the session.
    async fn write(&self, session: SessionId, wake: &Notify, sender: &mut CallSender) -> Result<(), RpcError> {
        loop {
            let output = self.lock().state.poll(session);
            match output {
                None => wake.notified().await,
                Some(Output::End) => return Ok(()),
                Some(Output::Send(response)) => {
                    let mut sending = std::pin::pin!(sender.send(&response));
                    loop {
                        tokio::select! {
                            sent = &mut sending => break sent?,
                            () = wake.notified() => {
                                if self.lock().state.is_aborted(session) {
                                    break tokio::time::timeout(LAST_SEND, sending)
                                        .await
                                        .map_err(|_| RpcError::Deadline)??;
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn close(&self, session: SessionId, departure: Departure) {
        self.change(|state| state.handle_closed(session, departure));
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner.state);
        inner.wake();
        result
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // The state is changed by functions that do not panic; if one did, serving on beats stopping for all.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn wake(&mut self) {
        for session in self.state.take_woken() {
            if let Some(waker) = self.wakers.get(&session) {
                waker.notify_one();
            }
        }
    }
}

/// Takes the session out of the state however the call ends, also when its task is dropped.
struct Leaving<'a> {
    coordinator: &'a Coordinator,
    session: SessionId,
    revoked: &'a CancellationToken,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let departure = if self.revoked.is_cancelled() { Departure::Disconnected } else { Departure::Lost };
        self.coordinator.close(self.session, departure);
        self.coordinator.lock().wakers.remove(&self.session);
    }
}
