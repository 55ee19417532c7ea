//! The HTTP interface over a real connection: answers, errors in the envelope, and what it must not show.

use std::collections::HashMap;
use std::sync::Arc;

use proto::agent::{Manifest, WorkspaceSecret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use super::{Api, serve};

async fn ask(api: &Arc<Api>, request: &str) -> (u16, String) {
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let served = tokio::spawn(serve(server, Arc::clone(api)));
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    served.await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

fn api(manifest: Option<Manifest>, folder: &std::path::Path) -> Arc<Api> {
    let (_sender, receiver) = watch::channel(manifest.map(Arc::new));
    Arc::new(Api::new(receiver, folder.to_owned()))
}

#[tokio::test]
async fn answers_and_errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(crate::own_log::NAME), "a line of the log\n").unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    let api = api(None, folder.path());
    let list = format!("{{\"path\":[\"{}\"],\"relativity\":\"root\"}}", folder.path().display());
    let rows = [
        (get("/"), 200, "{\"message\":\"Hello from the agent!\"}"),
        (get("/debug/logs"), 200, "a line of the log"),
        (get("/debug/logs?after=2020-01-01T00:00:00Z"), 200, "a line of the log"),
        (get("/debug/logs?after=yesterday"), 400, "RFC 3339"),
        (get("/debug/manifest"), 503, "\"message\""),
        (get("/debug/magicsock"), 200, "\"peers\":[]"),
        (get("/api/v0/netcheck"), 200, "\"WorkingUDP\":false"),
        (get("/api/v0/listening-ports"), 200, "\"ports\":["),
        (get("/api/v0/containers"), 403, "not offered"),
        (get("/nothing/here"), 404, "\"message\":\"There is nothing at this address.\""),
        (get("/api/v0/list-directory"), 405, "\"message\""),
        (post("/api/v0/list-directory", &list), 200, "\"name\":\"inner\""),
        (post("/api/v0/list-directory", "{\"path\":[\"nonexistent\"]}"), 404, "There is no such folder."),
        (post("/api/v0/list-directory", "{\"path\":null,\"relativity\":\"home\"}"), 200, "absolute_path"),
        (post("/api/v0/list-directory", "{\"relativity\":\"nonsense\"}"), 422, "\"message\""),
        (post("/api/v0/list-directory", "not json"), 400, "\"message\""),
        (post("/api/v0/list-directory", &format!("[\"{}\"]", "x".repeat(100_000))), 413, "\"message\""),
    ];
    for (request, status, expect) in rows {
        let (got, body) = ask(&api, &request).await;
        let line = request.lines().next().unwrap_or_default();
        assert!(got == status && body.contains(expect), "{line} gave {got} {body}");
    }
}

#[tokio::test]
async fn the_manifest_shows_no_secret() {
    let manifest = Manifest {
        workspace_name: "box".into(),
        environment_variables: HashMap::from([("NAME".to_owned(), "SECRET-VALUE".to_owned())]),
        secrets: vec![WorkspaceSecret { env_name: "S".into(), file_path: String::new(), value: b"SECRET".to_vec() }],
        ..Manifest::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let (status, body) = ask(&api(Some(manifest), folder.path()), &get("/debug/manifest")).await;
    assert!(status == 200 && body.contains("\"box\"") && body.contains("\"NAME\""), "{body}");
    assert!(!body.contains("SECRET"), "{body}");
}
