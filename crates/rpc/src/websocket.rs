//! A websocket as one continuous byte stream (spec `agent-rpc.md` 1.3). Not here: the HTTP request before it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::Io;

/// Longest message, sent or received: real peers write at most 256 KiB and a head at once.
pub const MAX_MESSAGE: usize = 4 << 20;
/// Longest message that we send: one batch of the session.
const MAX_WRITE: usize = 64 * 1024;
/// Bytes that may wait for a slow connection: then writing waits too.
const MAX_WAITING: usize = MAX_MESSAGE;

/// The limits that every websocket for [`websocket_io`] should be made with, so that a long message is refused by its
/// head already.
#[must_use]
pub fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
        .read_buffer_size(MAX_WRITE)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WAITING)
}

/// A websocket (either role) as one continuous byte stream of binary messages (spec `agent-rpc.md` 1.3): text is a
/// protocol error, close 1000/1001 is a clean end, messages of at most 4 MiB, pings are answered.
/// `keep_alive`: ping at this period and end the stream when no pong came within twice of it.
///
/// Make the websocket with [`websocket_config`].
pub fn websocket_io<S>(socket: WebSocketStream<S>, keep_alive: Option<Duration>) -> impl Io
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    WebSocketIo {
        socket,
        message: Bytes::new(),
        is_over: false,
        said_close: false,
        keep_alive: keep_alive.map(KeepAlive::new),
    }
}

struct WebSocketIo<S> {
    socket: WebSocketStream<S>,
    /// What is left of the message being read.
    message: Bytes,
    /// The other end said its end.
    is_over: bool,
    said_close: bool,
    keep_alive: Option<KeepAlive>,
}

struct KeepAlive {
    period: Duration,
    timer: Pin<Box<Sleep>>,
    heard_at: Instant,
}

impl KeepAlive {
    fn new(period: Duration) -> Self {
        Self { period, timer: Box::pin(sleep(period)), heard_at: Instant::now() }
    }

    /// Ready when it is time for a ping.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.timer.as_mut().poll(cx));
        let now = Instant::now();
        if now >= self.heard_at + 2 * self.period {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the other end does not answer pings")));
        }
        self.timer.as_mut().reset(now + self.period);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketIo<S> {
    fn poll_keep_alive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while let Some(Poll::Ready(due)) = self.keep_alive.as_mut().map(|keep_alive| keep_alive.poll(cx)) {
            due?;
            let mut socket = Pin::new(&mut self.socket);
            // A connection that takes no ping now is full of our own bytes; whether it lives shows at the next turn.
            if socket.as_mut().poll_ready(cx).is_ready() {
                socket.as_mut().start_send(Message::Ping(Bytes::new())).map_err(broken)?;
                if let Poll::Ready(flushed) = socket.poll_flush(cx) {
                    flushed.map_err(broken)?;
                }
            }
        }
        Ok(())
    }

    /// The next bytes of the other end; empty at a clean end.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let Some(message) = ready!(Pin::new(&mut self.socket).poll_next(cx)) else {
                self.is_over = true;
                return Poll::Ready(Ok(()));
            };
            if let Some(keep_alive) = &mut self.keep_alive {
                keep_alive.heard_at = Instant::now();
            }
            match message.map_err(broken)? {
                Message::Binary(data) if data.len() > MAX_MESSAGE => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a message is too long")));
                }
                Message::Binary(data) if data.is_empty() => {}
                Message::Binary(data) => {
                    self.message = data;
                    return Poll::Ready(Ok(()));
                }
                Message::Text(_) => {
                    self.say_close(CloseCode::Unsupported, cx);
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "a text message came")));
                }
                Message::Close(frame) => return Poll::Ready(self.closed(frame, cx)),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }

    fn closed(&mut self, frame: Option<CloseFrame>, cx: &mut Context<'_>) -> io::Result<()> {
        self.is_over = true;
        self.said_close = true;
        // The answer to a close frame is queued already; the connection ends either way.
        let _ = Pin::new(&mut self.socket).poll_flush(cx);
        match frame {
            Some(CloseFrame { code: CloseCode::Normal | CloseCode::Away, .. }) => Ok(()),
            Some(CloseFrame { code, .. }) => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                format!("the other end closed the websocket with code {code}"),
            )),
            None => Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the other end closed the websocket without a code",
            )),
        }
    }

    /// Best effort: after this the connection is dropped.
    fn say_close(&mut self, code: CloseCode, cx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.said_close, true) {
            let frame = CloseFrame { code, reason: "".into() };
            let _ = Pin::new(&mut self.socket).start_send(Message::Close(Some(frame)));
            let _ = Pin::new(&mut self.socket).poll_flush(cx);
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocketIo<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll_keep_alive(cx)?;
        if self.message.is_empty() && !self.is_over {
            ready!(self.poll_message(cx))?;
        }
        let length = self.message.len().min(buf.remaining());
        buf.put_slice(&self.message[..length]);
        self.message.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocketIo<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(broken)?;
        let part = &buf[..buf.len().min(MAX_WRITE)];
        Pin::new(&mut self.socket).start_send(Message::Binary(Bytes::copy_from_slice(part))).map_err(broken)?;
        Poll::Ready(Ok(part.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(broken)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.say_close(CloseCode::Normal, cx);
        Pin::new(&mut self.socket).poll_flush(cx).map_err(broken)
    }
}

fn broken(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_) => io::Error::new(io::ErrorKind::InvalidData, error),
        other => io::Error::other(other),
    }
}
