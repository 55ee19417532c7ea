//! A terminal and the ports of a workspace as the dashboard has them: through the server's own place in the mesh.

use std::net::TcpListener;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tests::host::{Host, Setup};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Nothing here takes this long unless it hangs.
const DEADLINE: Duration = Duration::from_secs(30);
const SESSION: &str = "Coder-Session-Token";

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The REST interface by one token.
struct Caller {
    url: String,
    token: String,
}

impl Caller {
    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.request(method, format!("{}/api/v2/{path}", self.url)).header(SESSION, &self.token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap_or_default())
    }

    async fn terminal(&self, agent: &str, query: &str) -> Result<Socket, Error> {
        let url = format!("{}/api/v2/workspaceagents/{agent}/pty?{query}", self.url.replace("http://", "ws://"));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert(SESSION, self.token.parse().unwrap());
        Ok(tokio_tungstenite::connect_async(request).await?.0)
    }
}

/// Types a line.
async fn enter(socket: &mut Socket, line: &str) {
    socket.send(Message::text(json!({"data": format!("{line}\r")}).to_string())).await.unwrap();
}

/// Reads what is shown until `wanted` is in it.
async fn shows(socket: &mut Socket, wanted: &str) {
    let mut shown = String::new();
    let reading = async {
        while !shown.contains(wanted) {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => shown.push_str(&String::from_utf8_lossy(&bytes)),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("instead of {wanted}: {other:?}"),
            }
        }
    };
    if tokio::time::timeout(DEADLINE, reading).await.is_err() {
        panic!("no {wanted} in {shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_a_terminal_and_the_ports() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    // The daemon is there when a command ran in it.
    assert!(host.homeport(&["ssh", "box", "--", "true"]).status().unwrap().success());
    let (url, token) = host.session();
    let owner = Caller { url: url.clone(), token };
    let (_, workspace) = owner.call(Method::GET, "users/me/workspace/box", json!({})).await;
    let agent = workspace["latest_build"]["resources"][0]["agents"][0]["id"].as_str().unwrap().to_owned();

    // A terminal of the size that was asked for, which changes with the page.
    let id = uuid::Uuid::new_v4();
    let mut first = owner.terminal(&agent, &format!("reconnect={id}&width=100&height=30")).await.unwrap();
    enter(&mut first, "echo size $(stty size)").await;
    shows(&mut first, "size 30 100").await;
    first.send(Message::text(r#"{"width":90,"height":20}"#)).await.unwrap();
    enter(&mut first, "MARK=kept; echo size $(stty size)").await;
    shows(&mut first, "size 20 90").await;
    // A page that was closed comes back to the same shell.
    first.close(None).await.unwrap();
    let mut again = owner.terminal(&agent, &format!("reconnect={id}")).await.unwrap();
    enter(&mut again, "echo mark=$MARK.").await;
    shows(&mut again, "mark=kept.").await;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (status, ports) = owner.call(Method::GET, &format!("workspaceagents/{agent}/listening-ports"), json!({})).await;
    let is_listed = ports["ports"].as_array().unwrap().iter().any(|listed| listed["port"] == port);
    assert!(status == 200 && is_listed, "{port} is not in {ports}");

    // Somebody else gets neither, and does not learn that there is anything.
    let ann = json!({"username": "ann", "email": "ann@example.com", "password": "correct horse"});
    assert_eq!(owner.call(Method::POST, "users", ann.clone()).await.0, 201);
    let (_, session) = owner.call(Method::POST, "users/login", ann).await;
    let other = Caller { url: url.clone(), token: session["session_token"].as_str().unwrap().to_owned() };
    let Err(Error::Http(refused)) = other.terminal(&agent, &format!("reconnect={id}")).await else {
        panic!("a stranger has a terminal");
    };
    assert_eq!(refused.status(), 404);
    let path = format!("workspaceagents/{agent}/listening-ports");
    assert_eq!(other.call(Method::GET, &path, json!({})).await.0, 404);

    // A revoked session ends its terminal within a second (K6).
    let (_, made) = owner.call(Method::POST, "users/me/keys", json!({})).await;
    let second = Caller { url, token: made["key"].as_str().unwrap().to_owned() };
    let mut terminal = second.terminal(&agent, &format!("reconnect={id}")).await.unwrap();
    enter(&mut terminal, "echo here").await;
    shows(&mut terminal, "here").await;
    assert_eq!(second.call(Method::POST, "users/logout", json!({})).await.0, 200);
    let ended = async { while let Some(Ok(_)) = terminal.next().await {} };
    tokio::time::timeout(Duration::from_secs(1), ended).await.expect("the terminal outlives its session");
    // The one of the other session goes on, until its workspace stops.
    enter(&mut again, "echo still=$MARK.").await;
    shows(&mut again, "still=kept.").await;
    let stopped = host.homeport(&["stop", "box", "--yes"]).status().unwrap();
    assert!(stopped.success());
    let ended = async { while let Some(Ok(_)) = again.next().await {} };
    tokio::time::timeout(DEADLINE, ended).await.expect("the terminal outlives its workspace");
}
