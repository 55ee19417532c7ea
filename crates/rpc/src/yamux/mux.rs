//! The handles: [`Mux`] opens and accepts streams, [`Stream`] reads and writes one. Both only lock the session and leave
//! the rest to the driver.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ending::SessionError;
use super::session::{Role, Session};
use super::{SEND_BUFFER, driver};
use crate::Io;

/// What handles and driver share.
pub(super) struct Shared {
    state: Mutex<State>,
    /// Set when the driver has done its last work.
    pub(super) done: CancellationToken,
}

pub(super) struct State {
    pub(super) session: Session,
    pub(super) driver: Option<Waker>,
    readers: HashMap<u32, Waker>,
    writers: HashMap<u32, Waker>,
    openers: Vec<Waker>,
    acceptor: Option<Waker>,
}

impl Shared {
    /// Works on the session for a handle, then wakes everyone whom the change concerns.
    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        self.change(true, work)
    }

    /// The same for the driver, which must not wake itself: a slow connection would make it spin.
    pub(super) fn drive<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        self.change(false, work)
    }

    fn change<R>(&self, wake_driver: bool, work: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = work(&mut state);
        let mut wake = state.concerned();
        if wake_driver && (state.session.has_output() || state.session.ended().is_some()) {
            wake.extend(state.driver.take());
        }
        drop(state);
        for waker in wake {
            waker.wake();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The session has no step that could be left half done by a panic of a caller's closure.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn concerned(&mut self) -> Vec<Waker> {
        let events = self.session.take_events();
        let mut wake = Vec::new();
        for id in events.changed {
            wake.extend(self.readers.remove(&id));
            wake.extend(self.writers.remove(&id));
        }
        if events.accepted {
            wake.extend(self.acceptor.take());
        }
        if events.can_open {
            wake.append(&mut self.openers);
        }
        wake
    }
}

/// Ends the session when the last handle is gone.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.with(|state| state.session.end(SessionError::Closed));
    }
}

/// A session. Cheap to clone; the connection ends when the last clone and the last stream are gone.
#[derive(Clone)]
pub struct Mux {
    owner: Arc<Owner>,
}

impl Mux {
    /// Starts a session on `io`, with a task of its own: call it within a tokio runtime.
    #[must_use]
    pub fn new(io: impl Io, role: Role) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                session: Session::new(role, Instant::now().into_std()),
                driver: None,
                readers: HashMap::new(),
                writers: HashMap::new(),
                openers: Vec::new(),
                acceptor: None,
            }),
            done: CancellationToken::new(),
        });
        tokio::spawn(driver::run(io, shared.clone()));
        Self { owner: Arc::new(Owner(shared)) }
    }

    /// Opens a stream; waits while [`super::MAX_STREAMS`] of ours are open.
    ///
    /// # Errors
    /// Why the session ended, or [`SessionError::WentAway`] when the other end takes no new streams.
    pub async fn open(&self) -> Result<Stream, SessionError> {
        let id = poll_fn(|cx| {
            self.owner.0.with(|state| match state.session.open() {
                Ok(Some(id)) => Poll::Ready(Ok(id)),
                Ok(None) => {
                    state.openers.push(cx.waker().clone());
                    Poll::Pending
                }
                Err(why) => Poll::Ready(Err(why)),
            })
        });
        Ok(self.stream(id.await?))
    }

    /// The next stream that the other end opens. One task only may wait here.
    ///
    /// # Errors
    /// Why the session ended.
    pub async fn accept(&self) -> Result<Stream, SessionError> {
        let id = poll_fn(|cx| {
            self.owner.0.with(|state| match (state.session.accept(), state.session.ended()) {
                (Some(id), None) => Poll::Ready(Ok(id)),
                (_, Some(why)) => Poll::Ready(Err(why)),
                (None, None) => {
                    state.acceptor = Some(cx.waker().clone());
                    Poll::Pending
                }
            })
        });
        Ok(self.stream(id.await?))
    }

    /// Ends the session: what streams wrote is still sent, then the connection is closed.
    pub fn close(&self) {
        self.owner.0.with(|state| state.session.end(SessionError::Closed));
    }

    /// Resolves when the connection was closed, with the reason.
    pub async fn closed(&self) -> SessionError {
        self.owner.0.done.cancelled().await;
        self.owner.0.with(|state| state.session.ended()).unwrap_or(SessionError::Closed)
    }

    fn stream(&self, id: u32) -> Stream {
        Stream { handle: Arc::new(Handle { owner: self.owner.clone(), id }) }
    }
}

struct Handle {
    owner: Arc<Owner>,
    id: u32,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let now = Instant::now().into_std();
        self.owner.0.with(|state| {
            state.readers.remove(&self.id);
            state.writers.remove(&self.id);
            state.session.release(self.id, now);
        });
    }
}

/// One stream. Clones are the same stream, for a reader and a writer apart: one task may read and one may write at a
/// time. Dropping the last one finishes the stream.
#[derive(Clone)]
pub struct Stream {
    handle: Arc<Handle>,
}

impl Stream {
    /// The next bytes, `None` at the end.
    ///
    /// # Errors
    /// Why the stream ended before its end.
    pub async fn read(&self) -> Result<Option<Bytes>, SessionError> {
        let bytes = poll_fn(|cx| self.poll_bytes(cx, usize::MAX)).await?;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Waits until less than 256 KiB wait to be sent, then takes all of `data`. Dropping the future before it resolves
    /// sends nothing; afterwards all of it is on its way.
    ///
    /// # Errors
    /// Why nothing can be sent any more.
    pub async fn write(&self, data: Bytes) -> Result<(), SessionError> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.push(data)
    }

    /// Like [`Stream::write`] without waiting; for the few bytes that end something.
    ///
    /// # Errors
    /// Why nothing can be sent any more.
    pub fn push(&self, data: Bytes) -> Result<(), SessionError> {
        self.shared().with(|state| state.session.write(self.handle.id, data))
    }

    /// No more data from us; the other end reads everything before, then an end.
    pub fn finish(&self) {
        self.shared().with(|state| state.session.finish(self.handle.id));
    }

    /// Ends both directions at once; what waits is lost.
    pub fn reset(&self) {
        self.shared().with(|state| state.session.reset(self.handle.id));
    }

    fn shared(&self) -> &Shared {
        &self.handle.owner.0
    }

    fn poll_bytes(&self, cx: &mut Context<'_>, most: usize) -> Poll<Result<Bytes, SessionError>> {
        self.shared().with(|state| match state.session.read(self.handle.id, most) {
            Ok(Some(bytes)) => Poll::Ready(Ok(bytes)),
            Ok(None) => {
                state.readers.insert(self.handle.id, cx.waker().clone());
                Poll::Pending
            }
            Err(why) => Poll::Ready(Err(why)),
        })
    }

    fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(), SessionError>> {
        self.shared().with(|state| match state.session.poll_room(self.handle.id) {
            Ok(true) => Poll::Ready(Ok(())),
            Ok(false) => {
                state.writers.insert(self.handle.id, cx.waker().clone());
                Poll::Pending
            }
            Err(why) => Poll::Ready(Err(why)),
        })
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        self.poll_bytes(cx, buf.remaining()).map(|got| {
            buf.put_slice(&got?);
            Ok(())
        })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_room(cx).map(|room| {
            room?;
            let part = &buf[..buf.len().min(SEND_BUFFER)];
            self.push(Bytes::copy_from_slice(part))?;
            Ok(part.len())
        })
    }

    /// The driver sends without being asked, so there is nothing to wait for.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finish();
        Poll::Ready(Ok(()))
    }
}

impl From<SessionError> for io::Error {
    fn from(error: SessionError) -> Self {
        let kind = match error {
            SessionError::Closed | SessionError::WentAway(_) => io::ErrorKind::ConnectionAborted,
            SessionError::Io(kind) => kind,
            SessionError::Silent => io::ErrorKind::TimedOut,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
