//! One call on its stream, as both ends use it: messages out, messages in, and how the call ends. Not here: who begins a
//! call (`client`) and who answers it (`server`).

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use proto::drpc::{self, Assembler, Kind, Packet};
use tokio::sync::mpsc;

use crate::RpcError;
use crate::yamux::{Role, Stream};

/// The sending side of a call, shared by its sender, its receiver and the server's pump.
pub(crate) struct Line {
    stream: Stream,
    role: Role,
    state: Mutex<State>,
}

struct State {
    stream_id: u64,
    last_message: u64,
    /// We said that no more messages come.
    is_finished: bool,
    /// The other end said the same.
    is_remote_finished: bool,
    /// The call is over both ways: nothing may be sent for it any more.
    is_over: bool,
}

impl Line {
    pub(crate) fn new(stream: Stream, role: Role, stream_id: u64) -> Arc<Self> {
        let state = State { stream_id, last_message: 0, is_finished: false, is_remote_finished: false, is_over: false };
        Arc::new(Self { stream, role, state: Mutex::new(state) })
    }

    /// Sends packets in one piece. Waiting happens before anything is sent, so a dropped future never cuts a packet.
    pub(crate) async fn send(&self, packets: &[(Kind, &[u8])]) -> Result<(), RpcError> {
        self.stream.write(Bytes::new()).await?;
        self.push(packets)
    }

    fn push(&self, packets: &[(Kind, &[u8])]) -> Result<(), RpcError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = BytesMut::new();
        for (kind, data) in packets {
            if state.is_over || state.is_finished && matches!(kind, Kind::Message | Kind::CloseSend) {
                return Err(RpcError::Closed);
            }
            drpc::encode(&mut out, state.stream_id, state.last_message + 1, *kind, data)
                .map_err(|error| RpcError::Protocol(format!("cannot send: {error}")))?;
            state.last_message += 1;
            state.is_finished |= *kind == Kind::CloseSend;
            state.is_over |= matches!(kind, Kind::Error | Kind::Close);
        }
        Ok(self.stream.push(out.freeze())?)
    }

    /// The server's last word; nothing when the call is over already.
    pub(crate) fn answer(&self, result: Result<(), RpcError>) {
        let pushed = match result {
            Ok(()) => self.push(&[(Kind::CloseSend, b"")]),
            Err(RpcError::Remote { code, text }) => self.push(&[(Kind::Error, &drpc::encode_error(code, &text))]),
            Err(other) => self.push(&[(Kind::Error, &drpc::encode_error(0, &other.to_string()))]),
        };
        if let Err(error) = pushed {
            tracing::debug!(%error, "the call was over before its answer");
        }
        self.end();
    }

    /// The call is over.
    pub(crate) fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
    }

    fn remote_finished(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_remote_finished = true;
    }
}

impl Drop for Line {
    /// A caller that drops its call before the end lets the server know at once.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let is_done = state.is_over || state.is_finished && state.is_remote_finished;
        if self.role == Role::Client && !is_done {
            // An error means that the connection is gone, and with it the call.
            let _ = self.push(&[(Kind::Close, b"")]);
        }
    }
}

/// Sends messages of a streaming call (both ends use it). A caller that drops it says that no more messages come.
pub struct CallSender {
    line: Arc<Line>,
}

impl CallSender {
    pub(crate) fn new(line: Arc<Line>) -> Self {
        Self { line }
    }

    /// Sends one message; waits while 256 KiB of earlier ones are not sent yet. Dropping the future before it resolves
    /// sends nothing.
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the call ended; [`RpcError::Protocol`] for a message of more than 4 MiB.
    pub async fn send<M: prost::Message>(&mut self, message: &M) -> Result<(), RpcError> {
        self.line.send(&[(Kind::Message, &message.encode_to_vec())]).await
    }

    /// Says that no more messages come (CloseSend).
    ///
    /// # Errors
    /// [`RpcError::Closed`] when the call ended.
    pub async fn finish(&mut self) -> Result<(), RpcError> {
        self.line.send(&[(Kind::CloseSend, b"")]).await
    }
}

impl Drop for CallSender {
    fn drop(&mut self) {
        if self.line.role == Role::Client {
            // Fails when it was said before, or when there is nobody to tell.
            let _ = self.line.push(&[(Kind::CloseSend, b"")]);
        }
    }
}

/// Receives messages of a streaming call (both ends use it).
pub struct CallReceiver {
    line: Arc<Line>,
    source: Source,
}

enum Source {
    /// A caller reads its stream itself.
    Stream(PacketReader),
    /// A server's pump reads the stream, because it must notice the end of a call that does not read.
    Pump(mpsc::Receiver<Bytes>),
    /// Nothing comes any more: the end, or the error again.
    End(Result<(), RpcError>),
}

impl CallReceiver {
    pub(crate) fn of_stream(line: Arc<Line>) -> Self {
        let reader = PacketReader::new(line.stream.clone());
        Self { line, source: Source::Stream(reader) }
    }

    pub(crate) fn of_pump(line: Arc<Line>, messages: mpsc::Receiver<Bytes>) -> Self {
        Self { line, source: Source::Pump(messages) }
    }

    /// The next message; `Ok(None)` at the end of input. Dropping the future before it resolves loses nothing.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn next<M: prost::Message + Default>(&mut self) -> Result<Option<M>, RpcError> {
        let got = match &mut self.source {
            Source::Stream(reader) => reader.next_message(&self.line).await,
            Source::Pump(messages) => Ok(messages.recv().await),
            Source::End(result) => return result.clone().map(|()| None),
        };
        match got {
            Ok(Some(data)) => M::decode(data).map(Some).map_err(|error| RpcError::Protocol(error.to_string())),
            Ok(None) => {
                self.source = Source::End(Ok(()));
                Ok(None)
            }
            Err(error) => {
                self.line.end();
                self.source = Source::End(Err(error.clone()));
                Err(error)
            }
        }
    }
}

/// A call as the server sees it.
pub struct Call {
    /// The full name, `/coder.agent.v2.Agent/GetManifest`.
    pub name: String,
    /// Messages of the caller.
    pub receiver: CallReceiver,
    /// Messages to the caller.
    pub sender: CallSender,
}

impl Call {
    /// For unary and server-streaming calls: the request.
    ///
    /// # Errors
    /// See [`RpcError`].
    pub async fn request<M: prost::Message + Default>(&mut self) -> Result<M, RpcError> {
        self.receiver.next().await?.ok_or_else(|| RpcError::Protocol("the call has no request".into()))
    }
}

/// Packets of one stream.
pub(crate) struct PacketReader {
    stream: Stream,
    assembler: Assembler,
    buffer: BytesMut,
}

impl PacketReader {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, assembler: Assembler::new(), buffer: BytesMut::new() }
    }

    /// The next packet; `None` when the stream ended between packets. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Packet>, RpcError> {
        loop {
            if let Some(packet) = self.assembler.next(&mut self.buffer)? {
                return Ok(Some(packet));
            }
            match self.stream.read().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None if self.buffer.is_empty() && self.assembler.is_idle() => return Ok(None),
                None => return Err(RpcError::Closed),
            }
        }
    }

    /// What a caller hears: messages until the server says the end.
    async fn next_message(&mut self, line: &Line) -> Result<Option<Bytes>, RpcError> {
        loop {
            let Some(packet) = self.next().await? else { return Err(RpcError::Closed) };
            match packet.kind {
                Kind::Message => return Ok(Some(packet.data)),
                Kind::CloseSend => {
                    line.remote_finished();
                    return Ok(None);
                }
                Kind::Close | Kind::Cancel => {
                    line.end();
                    return Ok(None);
                }
                Kind::Error => {
                    let (code, text) = drpc::decode_error(&packet.data)?;
                    return Err(RpcError::Remote { code, text });
                }
                Kind::InvokeMetadata => {}
                Kind::Invoke => return Err(RpcError::Protocol("the server called the client".into())),
            }
        }
    }
}
