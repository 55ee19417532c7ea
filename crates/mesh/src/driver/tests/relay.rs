//! A relay small enough to be looked through: both upgrades, the latency probe, packets by key. The real one is the
//! server's.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use proto::derp::login::{ClientInfo, ServerInfo};
use proto::derp::{Decoder, Frame};
use proto::key::{NodePrivate, NodePublic};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::driver::clock;

/// See the module.
pub struct TestRelay {
    state: Arc<State>,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    key: NodePrivate,
    plain: bool,
    clients: Mutex<HashMap<NodePublic, mpsc::Sender<Frame>>>,
    forwarded: AtomicUsize,
    websockets: AtomicUsize,
}

impl TestRelay {
    pub async fn start() -> Self {
        Self::start_with(true).await
    }

    pub async fn start_without_plain_upgrade() -> Self {
        Self::start_with(false).await
    }

    async fn start_with(plain: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            key: NodePrivate::from_bytes(clock::random().unwrap()),
            plain,
            clients: Mutex::default(),
            forwarded: AtomicUsize::new(0),
            websockets: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(state.clone(), listener));
        Self { state, address, task }
    }

    /// Drops everything, and comes back on the same port.
    pub async fn restart(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.state.clients.lock().unwrap().clear();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.task = tokio::spawn(serve(self.state.clone(), socket.listen(64).unwrap()));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn forwarded(&self) -> usize {
        self.state.forwarded.load(Ordering::Relaxed)
    }

    pub fn websockets(&self) -> usize {
        self.state.websockets.load(Ordering::Relaxed)
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(state: Arc<State>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(connection(state.clone(), stream));
    }
}

async fn connection(state: Arc<State>, mut stream: TcpStream) {
    let mut head = vec![0; 4096];
    let text = loop {
        let length = stream.peek(&mut head).await.unwrap();
        let text = String::from_utf8_lossy(&head[..length]).to_lowercase();
        if length == 0 {
            return;
        }
        if text.contains("\r\n\r\n") {
            break text;
        }
    };
    if text.starts_with("get /derp/latency-check ") {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        let _ = stream.read_to_end(&mut head).await;
        return;
    }
    assert!(text.starts_with("get /derp http/1.1\r\n") && text.contains("x-test: yes"), "{text}");
    if text.contains("upgrade: websocket") {
        websocket(state, stream).await;
    } else if state.plain {
        let end = text.find("\r\n\r\n").unwrap() + 4;
        stream.read_exact(&mut head[..end]).await.unwrap();
        let _ =
            stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n").await;
        client(state, stream).await;
    } else {
        let _ = stream.write_all(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n").await;
    }
}

async fn websocket(state: Arc<State>, stream: TcpStream) {
    #[allow(clippy::result_large_err)]
    let select = |request: &Request, mut response: Response| {
        assert_eq!(request.headers()["sec-websocket-protocol"], "derp");
        response.headers_mut().insert("sec-websocket-protocol", http::HeaderValue::from_static("derp"));
        Ok(response)
    };
    let socket = tokio_tungstenite::accept_hdr_async(stream, select).await.unwrap();
    state.websockets.fetch_add(1, Ordering::Relaxed);
    let (near, far) = tokio::io::duplex(64 << 10);
    let (mut sink, mut source) = socket.split();
    let (mut read, mut write) = tokio::io::split(far);
    let inward = async {
        while let Some(Ok(message)) = source.next().await {
            write.write_all(&message.into_data()).await.unwrap();
        }
    };
    let outward = async {
        let mut buffer = BytesMut::new();
        while read.read_buf(&mut buffer).await.is_ok_and(|length| length > 0) {
            // Frames need not match messages: cut them in the middle.
            for part in buffer.split().freeze().chunks(1000) {
                if sink.send(Message::binary(part.to_vec())).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
        () = client(state, near) => {}
    }
}

async fn client(state: Arc<State>, stream: impl AsyncRead + AsyncWrite) {
    let (mut read, mut write) = tokio::io::split(stream);
    let (sender, mut queue) = mpsc::channel(4096);
    let mut decoder = Decoder::new();
    let mut out = BytesMut::new();
    Frame::ServerKey(state.key.public()).encode(&mut out).unwrap();
    let writer = async {
        loop {
            if write.write_all(&out.split()).await.is_err() {
                return;
            }
            let Some(frame): Option<Frame> = queue.recv().await else { return };
            frame.encode(&mut out).unwrap();
        }
    };
    let reader = async {
        let mut own = None;
        loop {
            while let Some(frame) = decoder.next_frame().unwrap() {
                match (frame, own) {
                    (Frame::ClientInfo { key, nonce, sealed }, None) => {
                        let info = ClientInfo::open(&state.key, &key, &nonce, &sealed).unwrap();
                        assert!(info.can_ack_pings);
                        own = Some(key);
                        let greeting = ServerInfo::default().seal(&state.key, &key, clock::random().unwrap()).unwrap();
                        sender.send(greeting).await.unwrap();
                        sender.send(Frame::Ping(*b"are you?")).await.unwrap();
                        state.clients.lock().unwrap().insert(key, sender.clone());
                    }
                    (Frame::SendPacket { to, data }, Some(from)) => {
                        state.forwarded.fetch_add(1, Ordering::Relaxed);
                        if let Some(peer) = state.clients.lock().unwrap().get(&to) {
                            let _ = peer.try_send(Frame::RecvPacket { from, data });
                        }
                    }
                    (Frame::Ping(echo), Some(_)) => sender.send(Frame::Pong(echo)).await.unwrap(),
                    (Frame::Pong(echo), Some(_)) => assert_eq!(&echo, b"are you?"),
                    (Frame::NotePreferred(_), Some(_)) => {}
                    other => panic!("unexpected {other:?}"),
                }
            }
            decoder.buffer().reserve(64 << 10);
            match read.read_buf(decoder.buffer()).await {
                Ok(1..) => {}
                _ => return,
            }
        }
    };
    tokio::select! {
        () = writer => {}
        () = reader => {}
    }
}
