//! REST of daemons' data over HTTP: statuses, bodies, and the two followers.

use std::net::SocketAddr;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::net::fixture::World;
use crate::store::agent_metadata::{self, MetadataDescription};

struct Caller {
    http: reqwest::Client,
    base: String,
}

impl Caller {
    fn new(address: SocketAddr) -> Self {
        // A second provider is no failure: another test of this process installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), base: format!("http://{address}/api/v2") }
    }

    async fn send(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse::<reqwest::Method>().unwrap();
        let mut request =
            self.http.request(method, format!("{}{path}", self.base)).header("Coder-Session-Token", token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }
}

async fn follow(address: SocketAddr, path: &str, token: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://{address}/api/v2{path}").into_client_request().unwrap();
    request.headers_mut().insert("Coder-Session-Token", HeaderValue::from_str(token).unwrap());
    let socket = TcpStream::connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, socket).await.unwrap().0
}

async fn json_of(socket: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test]
async fn each_call_has_its_status() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let daemon = world.workspace(&ann.user, "dev").await;
    let caller = Caller::new(world.listen().await);
    let source = "11111111-1111-1111-1111-111111111111";
    let logs = |source: &str, size: usize| json!({"log_source_id": source, "logs": [{"created_at": "2026-01-01T00:00:00Z", "output": "x".repeat(size), "level": "warn"}]});
    let nil = "00000000-0000-0000-0000-000000000000";
    let id = daemon.agent.id;
    let (a, b, d) = (ann.token.as_str(), bob.token.as_str(), daemon.token.as_str());
    let own = |rest: &str| format!("/workspaceagents/{id}/{rest}");
    let me = |rest: &str| format!("/workspaceagents/me/{rest}");
    let rows: Vec<(&str, String, &str, Option<Value>, u16)> = vec![
        ("PATCH", me("logs"), d, Some(json!({"log_source_id": nil, "logs": []})), 400),
        ("PATCH", me("logs"), d, Some(logs(source, 5)), 404),
        ("POST", me("log-source"), d, Some(json!({"id": source, "display_name": "Startup", "icon": "/x.svg"})), 201),
        ("POST", me("log-source"), d, Some(json!({"id": nil, "display_name": "Startup"})), 400),
        ("PATCH", me("logs"), d, Some(logs(source, 5)), 200),
        ("PATCH", me("logs"), d, Some(logs(nil, 5)), 200),
        ("PATCH", me("logs"), a, Some(logs(nil, 5)), 401),
        ("GET", own("logs"), a, None, 200),
        ("GET", own("logs"), b, None, 404),
        ("GET", own("logs"), d, None, 401),
        ("GET", own("logs?follow"), a, None, 426),
        ("GET", own("logs?follow&before=5"), a, None, 400),
        ("GET", own("watch-metadata"), b, None, 404),
        ("GET", me("gitsshkey"), d, None, 200),
        ("GET", me("gitsshkey"), a, None, 401),
        ("GET", "/users/me/gitsshkey".into(), a, None, 200),
        ("GET", "/users/ann/gitsshkey".into(), b, None, 404),
        ("GET", me("reinit"), d, None, 409),
        ("GET", me("external-auth?match=x"), d, None, 404),
        ("PATCH", me("app-status"), d, Some(json!({"app_slug": "none", "state": "working"})), 404),
        ("PATCH", me("app-status"), d, Some(json!({"app_slug": "none", "state": "dancing"})), 400),
        ("PATCH", me("logs"), d, Some(logs(nil, 1_000_000)), 200),
        ("PATCH", me("logs"), d, Some(logs(nil, 900_000)), 413),
        ("PATCH", me("logs"), d, Some(logs(nil, 1)), 413),
    ];
    for (method, path, token, body, expected) in rows {
        let (status, answer) = caller.send(method, &path, token, body).await;
        assert_eq!(status, expected, "{method} {path}: {answer}");
    }
    let (_, lines) = caller.send("GET", &own("logs?after=1"), a, None).await;
    assert_eq!(lines[0]["level"], "warn");
    assert_eq!(lines[0]["source_id"], "3b579bf4-1ed8-4b99-87a8-e9a1e3410410");
    let (_, both) = caller.send("GET", &me("gitsshkey"), d, None).await;
    let (_, public) = caller.send("GET", "/users/me/gitsshkey", a, None).await;
    assert_eq!(both["public_key"], public["public_key"], "one key per user");
    assert!(both["private_key"].as_str().unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    assert_eq!(public["private_key"], Value::Null);
    let (_, renewed) = caller.send("PUT", "/users/me/gitsshkey", a, None).await;
    assert_ne!(renewed["public_key"], public["public_key"]);
}

#[tokio::test]
async fn logs_are_followed_in_order_and_once() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let daemon = world.workspace(&ann.user, "dev").await;
    let address = world.listen().await;
    let caller = Caller::new(address);
    let write = async |text: String| {
        let body = json!({"logs": [{"output": text}]});
        assert_eq!(caller.send("PATCH", "/workspaceagents/me/logs", &daemon.token, Some(body)).await.0, 200);
    };
    write("0".into()).await;
    let path = format!("/workspaceagents/{}/logs?follow&after=0", daemon.agent.id);
    let mut socket = follow(address, &path, &ann.token).await;
    assert_eq!(json_of(&mut socket).await[0]["output"], "0");
    for number in 1..20 {
        write(number.to_string()).await;
    }
    let mut seen = Vec::new();
    while seen.len() < 19 {
        let lines = json_of(&mut socket).await;
        seen.extend(lines.as_array().unwrap().iter().map(|line| line["output"].as_str().unwrap().to_owned()));
    }
    assert_eq!(seen, (1..20).map(|number| number.to_string()).collect::<Vec<_>>());
    world.revoke(&ann.user).await;
    while let Some(Ok(_)) = socket.next().await {}
}

#[tokio::test]
async fn metadata_is_pushed_when_it_changes() {
    let world = World::new().await;
    let ann = world.person("ann").await;
    let daemon = world.workspace(&ann.user, "dev").await;
    let id = daemon.agent.id;
    world
        .rows(move |db| {
            let one = MetadataDescription { key: "load".into(), display_name: "Load".into(), ..Default::default() };
            agent_metadata::describe(db, id, &[one])
        })
        .await;
    let address = world.listen().await;
    let path = format!("/workspaceagents/{id}/watch-metadata-ws");
    let mut socket = follow(address, &path, &ann.token).await;
    let first = json_of(&mut socket).await;
    assert_eq!((&first["type"], &first["data"][0]["description"]["key"]), (&json!("data"), &json!("load")));
    world.rows(move |db| agent_metadata::set(db, id, "load", "0.5", "", crate::store::now())).await;
    world.state.net.tell_metadata(id);
    assert_eq!(json_of(&mut socket).await["data"][0]["result"]["value"], "0.5");

    let caller = Caller::new(address);
    let url = format!("{}/workspaceagents/{id}/watch-metadata", caller.base);
    let mut response = caller.http.get(url).header("Coder-Session-Token", &ann.token).send().await.unwrap();
    let chunk = response.chunk().await.unwrap().unwrap();
    assert!(chunk.starts_with(b"event: data\ndata: ["), "{chunk:?}");
}
