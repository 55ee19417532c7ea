//! Calls over one connection whose other end is hostile (catalogue B11), and the websocket under it (B15). Not here: the
//! decoder of packets (`wires`).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proto::drpc::{self, Assembler, Kind};
use rpc::Service;
use rpc::yamux::{Mux, Role, Stream};
use tokio::io::{AsyncReadExt, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role as SocketRole;

use super::script::Script;
use crate::calls::Probe;

/// Streams that the hostile caller breaks.
const STREAMS: usize = 4;
/// Calls of the service, and one that it has not. None of them answers for ever by itself.
const NAMES: [&[u8]; 8] = [b"/echo", b"/each", b"/fail", b"/fail later", b"/break", b"/nothing", b"/wait", b"/no"];
const KINDS: [Kind; 7] =
    [Kind::Invoke, Kind::Message, Kind::Error, Kind::Cancel, Kind::Close, Kind::CloseSend, Kind::InvokeMetadata];

/// A caller that breaks every rule of calls on its streams, beside one on the same connection that keeps them: the second
/// must not notice.
pub fn drpc_session(data: &[u8]) {
    drpc_session_with(data, Probe::new());
}

/// The same with any service that has `/each`.
pub fn drpc_session_with(data: &[u8], service: Arc<dyn Service>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(async {
        let (near, far) = duplex(64 * 1024);
        let served = tokio::spawn(rpc::serve(far, service));
        let mux = Mux::new(near, Role::Client);
        let mut honest = Honest::start(&mux).await;
        honest.say(b"before").await;
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(mux.open().await.expect("a stream"));
        }
        let mut script = Script(data);
        while let Some(what) = script.byte() {
            step(what, &mut script, &streams).await;
        }
        honest.say(b"after").await;
        Honest::start(&mux).await.say(b"a new call").await;
        drop((honest, streams));
        mux.close();
        assert_eq!(served.await.expect("no panic"), Ok(()), "a broken call does not break the connection");
    });
}

async fn step(what: u8, script: &mut Script<'_>, streams: &[Stream]) {
    let stream = &streams[usize::from(what) % STREAMS];
    // Errors of writing only say that the server has ended the stream.
    match what / 4 % 8 {
        0 => {
            let _ = stream.push(Bytes::copy_from_slice(script.piece()));
        }
        1..=3 => {
            let ids = script.byte().unwrap_or_default();
            let kind = KINDS[usize::from(script.byte().unwrap_or_default()) % KINDS.len()];
            let data = match kind {
                Kind::Invoke => NAMES[usize::from(script.byte().unwrap_or_default()) % NAMES.len()],
                _ => script.piece(),
            };
            let mut out = BytesMut::new();
            drpc::encode(&mut out, u64::from(ids >> 5), u64::from(ids & 31), kind, data).expect("short");
            // Perhaps cut in the middle, and the rest with a later step.
            let cut = if what >> 7 == 1 { usize::from(script.byte().unwrap_or_default()) } else { out.len() };
            out.truncate(cut);
            let _ = stream.push(out.freeze());
        }
        4 => stream.finish(),
        5 => stream.reset(),
        _ => {
            for _ in 0..script.byte().unwrap_or_default() {
                tokio::task::yield_now().await;
            }
        }
    }
}

/// A call of `/each` that keeps the rules.
struct Honest {
    stream: Stream,
    assembler: Assembler,
    buffer: BytesMut,
    said: u64,
}

impl Honest {
    async fn start(mux: &Mux) -> Self {
        let stream = mux.open().await.expect("a stream");
        let mut out = BytesMut::new();
        drpc::encode(&mut out, 1, 1, Kind::Invoke, b"/each").expect("short");
        stream.push(out.freeze()).expect("a live stream");
        Self { stream, assembler: Assembler::new(), buffer: BytesMut::new(), said: 1 }
    }

    /// Says something and wants exactly it back.
    async fn say(&mut self, text: &[u8]) {
        let length = u8::try_from(text.len()).expect("a short text");
        let message = [&[0x0a, length], text].concat();
        let mut out = BytesMut::new();
        self.said += 1;
        drpc::encode(&mut out, 1, self.said, Kind::Message, &message).expect("short");
        self.stream.push(out.freeze()).expect("nobody broke this stream");
        let answer = loop {
            if let Some(packet) = self.assembler.next(&mut self.buffer).expect("whole packets") {
                break packet;
            }
            let bytes = self.stream.read().await.expect("a live stream").expect("no end");
            self.buffer.extend_from_slice(&bytes);
        };
        assert_eq!((answer.kind, &answer.data[..]), (Kind::Message, &message[..]));
    }
}

/// Websocket frames as one byte stream, in both roles: it ends well or with an error, and never has more bytes than came.
pub fn websocket(data: &[u8]) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for role in [SocketRole::Client, SocketRole::Server] {
        runtime.block_on(async {
            let wire = tokio::io::join(std::io::Cursor::new(data.to_vec()), tokio::io::sink());
            let socket = WebSocketStream::from_raw_socket(wire, role, Some(rpc::websocket_config())).await;
            let mut stream = rpc::websocket_io(socket, None);
            let mut got = Vec::new();
            // The end of the connection without a close frame is an error, too.
            let _ = stream.read_to_end(&mut got).await;
            assert!(got.len() <= data.len());
        });
    }
}
