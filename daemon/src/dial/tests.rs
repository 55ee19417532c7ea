//! Dialling a real websocket on loopback: what is sent, how versions step down, what errors say.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::agent::{GetManifestRequest, Manifest, method};
use rpc::{Call, RpcError, Service};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

use super::{Dial, ServerDial};
use crate::config::Config;
use crate::session::{Policy, SSH_MAX_TIMEOUT};

struct OnlyManifest;

impl Service for OnlyManifest {
    fn call(&self, mut call: Call) -> std::pin::Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(async move {
            call.request::<GetManifestRequest>().await?;
            call.sender.send(&Manifest { workspace_name: call.name, ..Manifest::default() }).await
        })
    }
}

/// What one try asked for, and what the server says to it.
type Answers = fn(&str) -> Result<(), (u16, &'static str)>;

struct Server {
    config: Config,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn server(answers: Answers) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let log = Arc::clone(&log);
            #[allow(clippy::result_large_err, reason = "the signature is the library's")]
            let check = move |request: &Request, response: Response| {
                let header = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap());
                let line = format!("{} {} {}", request.uri(), header("Coder-Session-Token"), header("X-Extra"));
                log.lock().unwrap().push(line);
                let version = request.uri().query().unwrap_or_default();
                answers(version).map(|()| response).map_err(|(status, body)| {
                    let mut refused = ErrorResponse::new(Some(body.to_owned()));
                    *refused.status_mut() = status.try_into().unwrap();
                    refused
                })
            };
            tokio::spawn(async move {
                let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
                let _ = rpc::serve(rpc::websocket_io(socket, None), Arc::new(OnlyManifest)).await;
            });
        }
    });
    let config = Config {
        access_url: format!("http://127.0.0.1:{port}/base/").parse().unwrap(),
        token: proto::secret::Secret::new("SECRET-token"),
        headers: vec![("X-Extra".into(), "extra".into())],
        log_dir: "/tmp".into(),
        script_data_dir: "/tmp".into(),
        report_socket: None,
        udp_port: 0,
        ssh_max_timeout: SSH_MAX_TIMEOUT,
        subsystems: vec![],
        policy: Policy::default(),
        executable: "/opt/homeport".into(),
    };
    Server { config, seen }
}

async fn dial(config: Config) -> Result<String, String> {
    let client = ServerDial(config).dial().await.map_err(|error| error.to_string())?;
    let manifest: Manifest = client.unary(method::GET_MANIFEST, &GetManifestRequest {}).await.unwrap();
    Ok(manifest.workspace_name)
}

#[tokio::test]
async fn a_call_over_a_real_websocket() {
    let server = server(|_| Ok(())).await;
    assert_eq!(dial(server.config).await.unwrap(), method::GET_MANIFEST);
    let expect = "/base/api/v2/workspaceagents/me/rpc?version=2.10&role=agent SECRET-token extra";
    assert_eq!(*server.seen.lock().unwrap(), [expect]);
}

#[tokio::test]
async fn versions_step_down_until_one_is_accepted() {
    let server = server(|query| {
        let old = query.contains("version=2.0&");
        let body =
            r#"{"message":"Unknown or unsupported API version","validations":[{"field":"version","detail":"no"}]}"#;
        if old { Ok(()) } else { Err((400, body)) }
    })
    .await;
    assert!(dial(server.config).await.is_ok());
    assert_eq!(server.seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn other_refusals_are_final_and_say_why_without_the_token() {
    let refused = server(|_| Err((401, r#"{"message":"Workspace agent not authorized."}"#))).await;
    let error = dial(refused.config).await.unwrap_err();
    assert!(error.contains("Workspace agent not authorized") && !error.contains("SECRET"), "{error}");
    assert_eq!(refused.seen.lock().unwrap().len(), 1);

    let mut gone = server(|_| Ok(())).await.config;
    gone.access_url = "http://127.0.0.1:1/".parse().unwrap();
    let error = tokio::time::timeout(Duration::from_secs(20), dial(gone)).await.unwrap().unwrap_err();
    assert!(error.contains("cannot reach http://127.0.0.1:1") && !error.contains("SECRET"), "{error}");
}
