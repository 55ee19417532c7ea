//! Which refusal means what, what a request looks like, and both services against a server in this process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use proto::agent::{ApiVersion, Manifest, method};
use proto::id::AgentId;
use proto::tailnet::{CoordinateRequest, CoordinateResponse};
use rpc::{Call, RpcError, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::*;
use crate::{AgentApi, TailnetApi};

#[test]
fn refusals_are_permanent_or_not() {
    let resume = br#"{"message":"Invalid resume token","validations":[{"field":"resume_token","detail":"x"}]}"#;
    let version =
        br#"{"message":"Unknown or unsupported API version","validations":[{"field":"version","detail":"x"}]}"#;
    for (status, body, permanent, about_version, text) in [
        (401, &resume[..], false, false, "the resume token is no longer valid"),
        (401, br#"{"message":"Sign in again."}"#, true, false, "Sign in again."),
        (400, version, true, true, "Unknown or unsupported API version"),
        (403, version, true, false, "Unknown or unsupported API version"),
        (404, b"<html>", true, false, "the server answered 404 Not Found"),
        (409, b"", true, false, "the server answered 409 Conflict"),
        (500, br#"{"message":"database not reachable"}"#, false, false, "database not reachable"),
        (502, b"", false, false, "the server answered 502 Bad Gateway"),
        (302, b"", false, false, "the server answered 302 Found"),
    ] {
        let error = DialError::of(status, body);
        assert_eq!(
            (error.is_permanent(), error.is_about_version(), &*error.to_string()),
            (permanent, about_version, text)
        );
    }
}

#[test]
fn requests_carry_the_token_in_the_header_only() {
    for (access_url, expect) in [
        ("http://host:7080", "ws://host:7080/a/b?version=2.10&q=1"),
        ("https://host/", "wss://host/a/b?version=2.10&q=1"),
        ("https://host/below/?old=1#part", "wss://host/below/a/b?version=2.10&q=1"),
    ] {
        let target = Target {
            access_url: &access_url.parse().unwrap(),
            path: "/a/b",
            version: proto::agent::VERSION,
            query: &[("q", "1")],
            token: &Secret::new("canary"),
            headers: &http::HeaderMap::new(),
        };
        let request = target.request().unwrap();
        assert_eq!(request.uri().to_string(), expect);
        assert_eq!(request.headers()[SESSION_HEADER], "canary");
        assert!(!format!("{request:?}").contains("canary"));
        let bad = Target { token: &Secret::new("line\nbreak"), ..target };
        assert!(matches!(bad.request(), Err(DialError::Request(_))));
    }
}

struct Answers;

impl Service for Answers {
    fn call(&self, mut call: Call) -> Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(async move {
            match call.name.as_str() {
                method::GET_MANIFEST => {
                    call.sender.send(&Manifest { agent_name: "main".into(), ..Default::default() }).await
                }
                proto::tailnet::method::COORDINATE => {
                    while let Some(request) = call.receiver.next::<CoordinateRequest>().await? {
                        let error = format!("{} ready", request.ready_for_handshake.len());
                        call.sender.send(&CoordinateResponse { error, ..Default::default() }).await?;
                    }
                    Ok(())
                }
                other => Err(RpcError::unimplemented(other)),
            }
        })
    }
}

/// Serves websockets to requests whose head has `accepted` in it, a refusal of the version to all others.
async fn server(accepted: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, accepted));
        }
    });
    url
}

async fn answer(mut socket: TcpStream, accepted: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    if !head.contains(accepted) || !head.to_lowercase().contains("coder-session-token: token") {
        let body = r#"{"message":"no","validations":[{"field":"version","detail":"no"}]}"#;
        let text = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        socket.write_all(text.as_bytes()).await.unwrap();
        return;
    }
    let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    let text = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    socket.write_all(text.as_bytes()).await.unwrap();
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(rpc::websocket_config())).await;
    rpc::serve(rpc::websocket_io(socket, None), Arc::new(Answers)).await.unwrap();
}

#[tokio::test]
async fn a_daemon_steps_down_to_the_version_of_its_server() {
    let token = Secret::new("token");
    for (accepted, expect) in [
        ("GET /api/v2/workspaceagents/me/rpc?version=2.10&role=agent ", Some(ApiVersion::new(2, 10))),
        ("version=2.4&", Some(ApiVersion::new(2, 4))),
        ("version=2.0&", Some(ApiVersion::new(2, 0))),
        ("version=1.0&", None),
    ] {
        let got = AgentApi::dial(&server(accepted).await, &token, &http::HeaderMap::new()).await;
        match (got, expect) {
            (Ok(api), Some(version)) => {
                assert_eq!(api.version(), version);
                assert_eq!(api.manifest().await.unwrap().agent_name, "main");
                assert!(api.announcement_banners().await.unwrap_err().is_unimplemented());
            }
            (Err(error), None) => assert!(error.is_permanent() && error.is_about_version()),
            (got, _) => panic!("{accepted}: {:?}", got.map(|api| api.version())),
        }
    }
}

#[tokio::test]
async fn a_peer_coordinates_until_it_leaves() {
    let (token, resume) = (Secret::new("token"), Secret::new("again"));
    let url = server("/api/v2/tailnet?version=2.3&resume_token=again ").await;
    let api = TailnetApi::dial_user(&url, &token, Some(&resume)).await.unwrap();
    let (mut sender, mut updates) = api.coordinate().await.unwrap();
    sender
        .send(&CoordinateRequest { ready_for_handshake: vec![Default::default(); 2], ..Default::default() })
        .await
        .unwrap();
    assert_eq!(updates.next().await.unwrap().unwrap().error, "2 ready");
    sender.finish().await.unwrap();
    assert_eq!(updates.next().await, Ok(None));
    api.close();
    api.closed().await;

    let path = "/api/v2/workspaceagents/00000000-0000-0000-0000-000000000000/coordinate?version=2.0 ";
    TailnetApi::dial_agent(&server(path).await, &token, AgentId::nil(), None).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_temporary() {
    let url = "http://127.0.0.1:1".parse().unwrap();
    let got = TailnetApi::dial_user(&url, &Secret::new("token"), None).await.err().unwrap();
    assert!(!got.is_permanent() && matches!(got, DialError::Unreachable { .. }));
}
