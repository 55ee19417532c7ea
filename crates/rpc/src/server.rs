//! The server end of a connection: one task for each stream, which runs its calls one after the other.
//!
//! ```text
//!  serve ── accept ──► transport ─ Invoke ─► Service::call ◄─ messages ─ pump ◄─ packets of the stream
//! ```
//! The pump reads while the call runs, so that a Close, or the end of the stream, cancels a call that does not read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use proto::drpc::{Kind, Packet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::call::{Call, CallReceiver, CallSender, Line, PacketReader};
use crate::yamux::{Mux, Role, SessionError, Stream};
use crate::{Io, RpcError};

/// Messages that wait for a call: each may be 4 MiB, so only the one after the one being worked on.
const QUEUE: usize = 1;
/// Longest name of a call: the services' names have less than 100 bytes.
const MAX_NAME: usize = 1024;

/// What a server does with its calls. An `Err` is sent to the caller as a DRPC error; `Ok` ends with CloseSend.
pub trait Service: Send + Sync + 'static {
    /// Answers one call. Unknown names must give `Err(RpcError::Remote { code: UNIMPLEMENTED, .. })`. The future is
    /// dropped when the caller cancels or the connection ends.
    fn call(&self, call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>>;
}

/// Serves calls on `io` (yamux server) until it ends; at most 256 streams at once.
///
/// # Errors
/// [`RpcError::Protocol`] when the other end broke a rule, [`RpcError::Closed`] when the connection broke; `Ok` at a
/// clean end.
pub async fn serve(io: impl Io, service: Arc<dyn Service>) -> Result<(), RpcError> {
    let mux = Mux::new(io, Role::Server);
    let mut calls = JoinSet::new();
    let why = loop {
        tokio::select! {
            accepted = mux.accept() => match accepted {
                Ok(stream) => {
                    calls.spawn(transport(stream, service.clone()));
                }
                Err(why) => break why,
            },
            Some(ended) = calls.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a call failed in an unforeseen way");
                }
            }
        }
    };
    calls.shutdown().await;
    match why {
        SessionError::Closed => Ok(()),
        SessionError::WentAway(_) => Err(RpcError::Protocol(why.to_string())),
        other => Err(other.into()),
    }
}

/// Runs the calls of one stream until it ends.
async fn transport(stream: Stream, service: Arc<dyn Service>) {
    let mut reader = PacketReader::new(stream.clone());
    if let Err(error) = calls(&stream, &mut reader, &*service).await {
        tracing::debug!(%error, "a stream of calls ended");
        stream.reset();
    }
}

async fn calls(stream: &Stream, reader: &mut PacketReader, service: &dyn Service) -> Result<(), RpcError> {
    let mut invoke = None;
    let mut last_call = 0;
    loop {
        let packet = match invoke.take() {
            Some(packet) => packet,
            None => match reader.next().await? {
                Some(packet) => packet,
                None => return Ok(()),
            },
        };
        match packet.kind {
            Kind::Invoke if packet.stream > last_call => {
                last_call = packet.stream;
                invoke = call(stream, reader, service, &packet).await?;
            }
            Kind::InvokeMetadata => {}
            // What the caller sent before it knew that the call was over.
            _ if packet.stream <= last_call => {}
            _ => return Err(RpcError::Protocol("a packet without a call".into())),
        }
    }
}

/// Runs one call; gives back the packet that began the next one, when that came before the end.
async fn call(
    stream: &Stream,
    reader: &mut PacketReader,
    service: &dyn Service,
    invoke: &Packet,
) -> Result<Option<Packet>, RpcError> {
    let name = Some(&invoke.data).filter(|name| name.len() <= MAX_NAME).and_then(|name| str::from_utf8(name).ok());
    let Some(name) = name else { return Err(RpcError::Protocol("the name of a call is not readable".into())) };
    let (messages, received) = mpsc::channel(QUEUE);
    let line = Line::new(stream.clone(), Role::Server, invoke.stream);
    let mut running = service.call(Call {
        name: name.to_owned(),
        receiver: CallReceiver::of_pump(line.clone(), received),
        sender: CallSender::new(line.clone()),
    });
    let end = tokio::select! {
        result = &mut running => {
            line.answer(result);
            return Ok(None);
        }
        end = pump(reader, messages, invoke.stream) => end,
    };
    // The caller lost interest: the call stops where it is, and nothing more is said about it.
    line.end();
    drop(running);
    end
}

/// Carries messages to the call until the caller cancels it.
async fn pump(
    reader: &mut PacketReader,
    messages: mpsc::Sender<Bytes>,
    stream: u64,
) -> Result<Option<Packet>, RpcError> {
    let mut messages = Some(messages);
    loop {
        let Some(packet) = reader.next().await? else { return Err(RpcError::Closed) };
        match packet.kind {
            Kind::Invoke | Kind::InvokeMetadata if packet.stream > stream => return Ok(Some(packet)),
            _ if packet.stream != stream => return Err(RpcError::Protocol("a packet of another call".into())),
            Kind::Message => {
                if let Some(messages) = &messages {
                    // A call that no longer wants messages is not the caller's fault.
                    let _ = messages.send(packet.data).await;
                }
            }
            Kind::CloseSend => messages = None,
            Kind::Close | Kind::Cancel | Kind::Error => return Ok(None),
            Kind::Invoke | Kind::InvokeMetadata => {
                return Err(RpcError::Protocol("a call began twice".into()));
            }
        }
    }
}
