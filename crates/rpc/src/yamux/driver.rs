//! The one task of a session: carries bytes between the connection and the machine, and tells it the time.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use super::ending::SessionError;
use super::mux::Shared;
use super::{CLOSE_LIMIT, PING_PERIOD};
use crate::Io;

/// Bytes read at once, and bytes gathered for one write (one websocket message).
const BATCH: usize = 64 * 1024;

/// Runs until the session ended and the last bytes are sent.
pub(super) async fn run(io: impl Io, shared: Arc<Shared>) {
    // A runtime that stops drops this future anywhere: the handles must learn of it all the same.
    let done = Done(shared.clone());
    let timer = Box::pin(sleep_until(Instant::now() + PING_PERIOD));
    let mut carrier =
        Carrier { io, shared, timer, input: vec![0; BATCH].into(), output: BytesMut::new(), must_flush: false };
    let why = poll_fn(|cx| carrier.poll(cx)).await;
    tracing::debug!(%why, "the session ended");
    if !matches!(why, SessionError::Io(_)) {
        // Nobody waits for this, so a connection that takes no more bytes is simply dropped.
        let _ = timeout(CLOSE_LIMIT, poll_fn(|cx| carrier.poll_goodbye(cx))).await;
    }
    drop(carrier);
    drop(done);
}

struct Done(Arc<Shared>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.drive(|state| state.session.end(SessionError::Closed));
        self.0.done.cancel();
    }
}

struct Carrier<T> {
    io: T,
    shared: Arc<Shared>,
    timer: Pin<Box<Sleep>>,
    input: Box<[u8]>,
    output: BytesMut,
    must_flush: bool,
}

impl<T: Io> Carrier<T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<SessionError> {
        loop {
            let is_asleep = self.poll_write(cx).is_pending() & self.poll_read(cx).is_pending();
            if self.poll_timer(cx).is_pending() && is_asleep {
                let must_go_on = self.shared.drive(|state| {
                    // Output that is held up by a slow connection is no reason to turn again: writing registered us.
                    let is_new = self.output.is_empty() && state.session.has_output();
                    if !is_new && state.session.ended().is_none() {
                        state.driver = Some(cx.waker().clone());
                        return false;
                    }
                    true
                });
                if !must_go_on {
                    return Poll::Pending;
                }
            }
            if let Some(why) = self.shared.drive(|state| state.session.ended()) {
                return Poll::Ready(why);
            }
        }
    }

    /// Ready when something was written, pending when there is nothing to write or no room for it.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let written = self.poll_send(cx);
        if let Poll::Ready(Err(error)) = &written {
            self.fail(error);
        }
        match written {
            Poll::Ready(Ok(false)) | Poll::Pending => Poll::Pending,
            Poll::Ready(_) => Poll::Ready(()),
        }
    }

    /// `true` when bytes were written, `false` when there is nothing left to write or flush.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.output.is_empty() {
            self.shared.drive(|state| state.session.poll_output(&mut self.output, BATCH));
        }
        if self.output.is_empty() {
            if self.must_flush {
                ready!(Pin::new(&mut self.io).poll_flush(cx))?;
                self.must_flush = false;
            }
            return Poll::Ready(Ok(false));
        }
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.output))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.output.advance(written);
        self.must_flush = true;
        Poll::Ready(Ok(true))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = ReadBuf::new(&mut self.input);
        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.shared.drive(|state| state.session.handle_eof()),
            Ok(()) => {
                let now = Instant::now().into_std();
                self.shared.drive(|state| state.session.handle_input(buffer.filled(), now));
            }
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(at) = self.shared.drive(|state| state.session.poll_timeout()) else { return Poll::Pending };
        let at = Instant::from_std(at);
        if self.timer.deadline() != at {
            self.timer.as_mut().reset(at);
        }
        ready!(self.timer.as_mut().poll(cx));
        self.shared.drive(|state| state.session.handle_timeout(Instant::now().into_std()));
        Poll::Ready(())
    }

    fn fail(&self, error: &io::Error) {
        self.shared.drive(|state| state.session.end(SessionError::Io(error.kind())));
    }

    /// Sends what is left, then says the end of the connection.
    fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while ready!(self.poll_send(cx))? {}
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
