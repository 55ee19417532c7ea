//! From a region of the map to a connection that carries packets: dial its nodes in order, upgrade by HTTP or by
//! websocket, exchange greetings.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use proto::derp::login::{ClientInfo, LoginError, ServerInfo};
use proto::derp::{Decoder, DerpError, Frame};
use proto::derp_map::{Node, Region};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest, protocol::WebSocketConfig};

use super::RelayIdentity;
use crate::driver::clock;
use crate::driver::dial::{self, DialError, Families, Stream};

/// From the first packet to the end of the greetings.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes between the websocket and the frame reader: a few of the largest packets.
const WEBSOCKET_PIPE: usize = 256 << 10;
/// Longest message that we send. Go relays end a connection that brings one of more than 32 KiB.
const MESSAGE: usize = 16 << 10;
/// A websocket message is at most one frame and its header; peers send far less.
const MAX_MESSAGE: usize = proto::derp::MAX_FRAME + 16;

/// A connection after the greetings.
pub struct Link {
    pub stream: Box<dyn Stream>,
    /// Holds what came behind the relay's greeting.
    pub decoder: Decoder,
    pub info: ServerInfo,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The region has only STUN servers.
    #[error("the region has no relay")]
    NoRelay,
    /// Too slow.
    #[error("the relay did not answer within {CONNECT_TIMEOUT:?}")]
    Timeout,
    /// See [`DialError`].
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The websocket upgrade failed.
    #[error("the relay refused the websocket")]
    WebSocket(#[source] Box<tungstenite::Error>),
    /// The websocket is not for relaying.
    #[error("the relay did not select the subprotocol")]
    Subprotocol,
    /// The stream broke during the greetings.
    #[error("the connection broke while greeting")]
    Io(#[from] std::io::Error),
    /// Nonsense instead of a frame.
    #[error(transparent)]
    Frame(#[from] DerpError),
    /// Another frame than the greeting's.
    #[error("the relay greeted in the wrong order")]
    Order,
    /// The greeting is not from the relay that it names.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl ConnectError {
    /// Something between us and the relay does not let the plain upgrade pass (spec 2.3).
    pub fn asks_for_websockets(&self) -> bool {
        matches!(self, Self::Dial(DialError::Status(400..=499)))
    }
}

/// Tries the region's nodes in order.
pub async fn connect(region: &Region, identity: &RelayIdentity, websocket: bool) -> Result<Link, ConnectError> {
    let mut last = ConnectError::NoRelay;
    for node in region.nodes.iter().filter(|node| !node.stun_only) {
        let attempt = tokio::time::timeout(CONNECT_TIMEOUT, connect_node(node, identity, websocket));
        match attempt.await.unwrap_or(Err(ConnectError::Timeout)) {
            Ok(link) => return Ok(link),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_node(node: &Node, identity: &RelayIdentity, websocket: bool) -> Result<Link, ConnectError> {
    let stream = identity.dialer.open(node, Families::Both).await?;
    let (stream, early) = if websocket {
        (upgrade_websocket(stream, node, identity).await?, BytesMut::new())
    } else {
        upgrade_plain(stream, node, identity).await?
    };
    greet(stream, early, identity).await
}

async fn upgrade_plain(
    mut stream: Box<dyn Stream>,
    node: &Node,
    identity: &RelayIdentity,
) -> Result<(Box<dyn Stream>, BytesMut), ConnectError> {
    let mut request = format!(
        "GET /derp HTTP/1.1\r\nHost: {}\r\nUpgrade: DERP\r\nConnection: Upgrade\r\nUser-Agent: homeport\r\n",
        dial::authority(node)
    );
    for (name, value) in identity.headers.iter().filter(is_header) {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut early = BytesMut::new();
    let head = dial::read_head(&mut stream, &mut early).await?;
    match head.status {
        101 if head.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("derp")) => Ok((stream, early)),
        status => Err(DialError::Status(status).into()),
    }
}

/// A configured header that would break out of its line is left out.
fn is_header((name, value): &&(String, String)) -> bool {
    http::HeaderName::try_from(name.as_str()).is_ok() && http::HeaderValue::try_from(value.as_str()).is_ok()
}

async fn upgrade_websocket(
    stream: Box<dyn Stream>,
    node: &Node,
    identity: &RelayIdentity,
) -> Result<Box<dyn Stream>, ConnectError> {
    let refused = |error: tungstenite::Error| ConnectError::WebSocket(Box::new(error));
    let scheme = if node.force_http { "ws" } else { "wss" };
    let url = format!("{scheme}://{}/derp", dial::authority(node));
    let mut request = url.into_client_request().map_err(refused)?;
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", http::HeaderValue::from_static("derp"));
    for (name, value) in &identity.headers {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let (socket, response) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await.map_err(refused)?;
    let protocol = response.headers().get("sec-websocket-protocol");
    if protocol.is_none_or(|value| value != "derp") {
        return Err(ConnectError::Subprotocol);
    }
    let (near, far) = tokio::io::duplex(WEBSOCKET_PIPE);
    tokio::spawn(pump(socket, far));
    Ok(Box::new(near))
}

/// Carries bytes between a websocket and the pipe that stands for it, until one of them ends.
async fn pump(socket: WebSocketStream<Box<dyn Stream>>, pipe: tokio::io::DuplexStream) {
    let (mut sink, mut source) = socket.split();
    let (mut from_pipe, mut to_pipe) = tokio::io::split(pipe);
    let inward = async {
        while let Some(Ok(message)) = source.next().await {
            // Text, pings and pongs carry no bytes of the stream; the library answers pings.
            if let Message::Binary(data) = message
                && to_pipe.write_all(&data).await.is_err()
            {
                return;
            }
        }
    };
    let outward = async {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(64 << 10);
            match from_pipe.read_buf(&mut buffer).await {
                Ok(1..) => {}
                _ => break,
            }
            let mut data: Bytes = buffer.split().freeze();
            while !data.is_empty() {
                let message = data.split_to(data.len().min(MESSAGE));
                if sink.send(Message::Binary(message)).await.is_err() {
                    return;
                }
            }
        }
        let _ = sink.close().await;
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
}

async fn greet(mut stream: Box<dyn Stream>, early: BytesMut, identity: &RelayIdentity) -> Result<Link, ConnectError> {
    let mut decoder = Decoder::new();
    decoder.buffer().extend_from_slice(&early);
    let Frame::ServerKey(relay) = next_frame(&mut stream, &mut decoder).await? else {
        return Err(ConnectError::Order);
    };
    let info = ClientInfo { can_ack_pings: true, ..ClientInfo::default() };
    let mut out = BytesMut::new();
    info.seal(&identity.node_key, &relay, clock::random()?)?.encode(&mut out)?;
    stream.write_all(&out).await?;
    stream.flush().await?;
    let Frame::ServerInfo { nonce, sealed } = next_frame(&mut stream, &mut decoder).await? else {
        return Err(ConnectError::Order);
    };
    let info = ServerInfo::open(&identity.node_key, &relay, &nonce, &sealed)?;
    Ok(Link { stream, decoder, info })
}

async fn next_frame(stream: &mut Box<dyn Stream>, decoder: &mut Decoder) -> Result<Frame, ConnectError> {
    loop {
        if let Some(frame) = decoder.next_frame()? {
            return Ok(frame);
        }
        decoder.buffer().reserve(4 << 10);
        if stream.read_buf(decoder.buffer()).await? == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
        }
    }
}
