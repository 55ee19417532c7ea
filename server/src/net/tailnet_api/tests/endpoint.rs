//! The endpoints over HTTP: who is let in, with which version, and with which peer id; the relay's two upgrades.

use std::net::SocketAddr;

use bytes::BytesMut;
use proto::derp::{Decoder, Frame};
use proto::rest::Response;
use proto::tailnet::{RefreshResumeTokenResponse, method};
use proto::wkt::Empty;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::net::fixture::World;

async fn dial(address: SocketAddr, path: &str, token: &str) -> Result<rpc::Client, (u16, Response)> {
    let mut request = format!("ws://{address}/api/v2/{path}").into_client_request().unwrap();
    request.headers_mut().insert("Coder-Session-Token", HeaderValue::from_str(token).unwrap());
    let socket = TcpStream::connect(address).await.unwrap();
    match tokio_tungstenite::client_async(request, socket).await {
        Ok((socket, _)) => Ok(rpc::Client::new(rpc::websocket_io(socket, None))),
        Err(Error::Http(response)) => {
            let status = response.status().as_u16();
            // The handshake reads the head; what follows may not be here yet.
            let body = response.into_body().unwrap_or_default();
            Err((status, serde_json::from_slice(&body).unwrap_or_default()))
        }
        Err(other) => panic!("{path}: {other}"),
    }
}

#[tokio::test]
async fn endpoints_let_in_whom_they_should() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let daemon = world.workspace(&ann.user, "dev").await;
    let address = world.listen().await;
    let agent = daemon.agent.id;
    let (a, b, d) = (ann.token.as_str(), bob.token.as_str(), daemon.token.as_str());
    let one = |query: &str| format!("workspaceagents/{agent}/coordinate{query}");
    let rows: Vec<(String, &str, u16)> = vec![
        ("workspaceagents/me/rpc".into(), d, 101),
        ("workspaceagents/me/rpc?version=2.10&role=agent".into(), d, 101),
        ("workspaceagents/me/rpc?version=2.0&role=logstream".into(), d, 101),
        ("workspaceagents/me/rpc?version=2.11".into(), d, 400),
        ("workspaceagents/me/rpc?version=1.0".into(), d, 400),
        ("workspaceagents/me/rpc".into(), a, 401),
        ("workspaceagents/me/rpc".into(), "", 401),
        ("tailnet".into(), a, 101),
        ("tailnet?version=2.3".into(), a, 101),
        ("tailnet?version=3.0".into(), a, 400),
        ("tailnet".into(), d, 401),
        ("tailnet?version=2.3&resume_token=forged".into(), a, 401),
        (one("?version=2.0"), a, 101),
        (one(""), a, 400),
        (one("?version=2.0&resume_token=a.b.c"), a, 401),
        (one("?version=2.0"), b, 404),
        (one("?version=2.0"), d, 401),
        ("workspaceagents/00000000-0000-0000-0000-000000000009/coordinate?version=2.0".into(), a, 404),
    ];
    for (path, token, expected) in rows {
        let status = match dial(address, &path, token).await {
            Ok(_) => 101,
            Err((status, body)) => {
                if status == 400 && !body.message.is_empty() {
                    assert_eq!(body.validations[0].field, "version", "{path}");
                }
                status
            }
        };
        assert_eq!(status, expected, "{path}");
    }
}

#[tokio::test]
async fn a_resume_token_keeps_the_peer_id() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let address = world.listen().await;
    let refresh = async |client: &rpc::Client| {
        client.unary::<_, RefreshResumeTokenResponse>(method::REFRESH_RESUME_TOKEN, &Empty {}).await.unwrap()
    };
    let first = refresh(&dial(address, "tailnet?version=2.3", &ann.token).await.ok().unwrap()).await;
    assert_eq!(first.peer_id.len(), 16);
    assert_eq!(first.refresh_in.unwrap().seconds, 12 * 3600);
    let path = format!("tailnet?version=2.3&resume_token={}", first.token);
    let again = refresh(&dial(address, &path, &ann.token).await.ok().unwrap()).await;
    assert_eq!(again.peer_id, first.peer_id);
    let other = refresh(&dial(address, "tailnet?version=2.3", &ann.token).await.ok().unwrap()).await;
    assert_ne!(other.peer_id, first.peer_id);
    // Somebody else's token is no way to somebody's peer id.
    let bob = world.person("bob").await;
    assert_eq!(dial(address, &path, &bob.token).await.err().unwrap().0, 401);
}

#[tokio::test]
async fn the_relay_speaks_after_either_upgrade_and_not_without() {
    let world = World::new().await;
    let address = world.listen().await;
    let relay = world.state.net.relay().unwrap().public_key();

    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET /derp HTTP/1.1\r\nHost: {address}\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut read = BytesMut::new();
    let head = loop {
        socket.read_buf(&mut read).await.unwrap();
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break String::from_utf8(read.split_to(end + 4).to_vec()).unwrap().to_lowercase();
        }
    };
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains("\r\nderp-version: 2\r\n") && head.contains("\r\nupgrade: derp\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nderp-public-key: {}\r\n", hex::encode(relay.0))), "{head}");
    let mut decoder = Decoder::new();
    decoder.buffer().extend_from_slice(&read);
    let frame = loop {
        if let Some(frame) = decoder.next_frame().unwrap() {
            break frame;
        }
        socket.read_buf(decoder.buffer()).await.unwrap();
    };
    assert_eq!(frame, Frame::ServerKey(relay));

    let mut request = format!("ws://{address}/derp").into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("derp"));
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut socket, response) = tokio_tungstenite::client_async(request, socket).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "derp");
    let message = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
    let Message::Binary(bytes) = message else { panic!("{message:?}") };
    decoder.buffer().extend_from_slice(&bytes);
    assert_eq!(decoder.next_frame().unwrap(), Some(Frame::ServerKey(relay)));

    for (path, expected) in [("/derp", "426"), ("/derp/latency-check", "200")] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.get(9..12), Some(expected), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_legacy_map_stream_needs_no_token() {
    let world = World::new().await;
    let address = world.listen().await;
    let socket = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/api/v2/derp-map");
    let (mut socket, _) = tokio_tungstenite::client_async(url, socket).await.unwrap();
    let Message::Binary(json) = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap() else {
        panic!("the map comes in a binary message");
    };
    let map: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(map["Regions"]["999"]["EmbeddedRelay"], true);
}
