//! The tunnel switched from the menu, its paths in the rows, and its end. The service is one of the test that keeps to the
//! protocol: with the real one, which changes the machine, the tray is tested in `tests/service/desktop.rs`.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use proto::id::{AgentId, WorkspaceId};
use proto::ipc::frame::encode;
use proto::ipc::version::LINE;
use proto::ipc::{
    Call, Counters, DaemonPath, DaemonStatus, DeploymentState, DeploymentStatus, Event, Frames, FromService, Health,
    HealthCode, Outcome, Reply, Request, ServiceStatus,
};
use tests::host::{Host, Setup};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use super::stage::{Desk, LATER, is_ready};

/// A tunnel service without a tunnel.
pub struct Tunnel {
    task: JoinHandle<()>,
    socket: PathBuf,
    /// URL, token and whether local, of each `Connect`.
    pub connected: Arc<Mutex<Vec<(String, String, bool)>>>,
}

impl Tunnel {
    /// Listens; every deployment that is asked for gets this one daemon.
    pub fn start(desk: &Desk, daemon: DaemonStatus) -> Self {
        let socket = desk.path("tunnel.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let connected = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&connected);
        let task = tokio::spawn(async move {
            let mut conversations = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                conversations.spawn(converse(stream, Arc::clone(&noted), daemon.clone()));
            }
        });
        Self { task, socket, connected }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

async fn converse(mut stream: UnixStream, noted: Arc<Mutex<Vec<(String, String, bool)>>>, daemon: DaemonStatus) {
    stream.write_all(LINE.as_bytes()).await.unwrap();
    let mut line = vec![0; LINE.len()];
    stream.read_exact(&mut line).await.unwrap();
    let mut frames = Frames::default();
    let mut bytes = [0; 8192];
    loop {
        while let Some(Request { id, call }) = frames.take::<Request>().unwrap() {
            let mut events = Vec::new();
            match call {
                Call::Watch => {
                    events.push(Event::Service(ServiceStatus { version: "0.1.0".into(), ..Default::default() }));
                    let urls: Vec<_> = noted.lock().unwrap().iter().map(|(url, ..)| url.clone()).collect();
                    events.extend(urls.into_iter().flat_map(|url| reached(url, &daemon)));
                }
                Call::Connect(wanted) => {
                    let url = wanted.url.clone();
                    noted.lock().unwrap().push((wanted.url, wanted.token.expose().to_owned(), wanted.is_local));
                    events.extend(reached(url, &daemon));
                }
                Call::Disconnect { .. } => {
                    let gone = noted.lock().unwrap().drain(..).map(|(url, ..)| url).collect::<Vec<_>>();
                    events.extend(gone.into_iter().map(|url| Event::Removed { url }));
                }
                Call::Wake => {}
            }
            let reply = FromService::Reply(Reply { id, outcome: Outcome::Done });
            for message in std::iter::once(reply).chain(events.into_iter().map(FromService::Event)) {
                if stream.write_all(&encode(&message).unwrap()).await.is_err() {
                    return;
                }
            }
        }
        match stream.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(length) => frames.push(&bytes[..length]),
        }
    }
}

/// What a watcher hears of a deployment that is reached.
fn reached(url: String, daemon: &DaemonStatus) -> [Event; 2] {
    let status = DeploymentStatus {
        url: url.clone(),
        suffix: Some("coder".into()),
        state: DeploymentState::Connected,
        health: vec![Health::new(HealthCode::NameClash, "box")],
        names: 1,
    };
    [Event::Deployment(status), Event::Daemons { url, is_first: true, daemons: vec![daemon.clone()] }]
}

/// What the tunnel says of a host's first workspace daemon.
pub async fn daemon_of(host: &Host) -> DaemonStatus {
    let (url, token) = host.session();
    let deployment = client::Deployment::new(url.parse().unwrap(), proto::secret::Secret::new(token)).unwrap();
    let found = || async {
        let workspace = deployment.workspaces("owner:me").await.ok()?.into_iter().next()?;
        let agent = workspace.latest_build.resources.iter().flat_map(|resource| &resource.agents).next()?;
        Some(daemon(agent.id, workspace.id, &workspace.name, &agent.name))
    };
    super::stage::until(LATER, "the host has a workspace daemon", found).await
}

fn daemon(id: AgentId, workspace: WorkspaceId, workspace_name: &str, name: &str) -> DaemonStatus {
    DaemonStatus {
        id,
        workspace,
        workspace_name: workspace_name.into(),
        name: name.into(),
        hostnames: vec![format!("{workspace_name}.coder")],
        address: Ipv6Addr::LOCALHOST,
        path: DaemonPath::Direct { address: ([192, 0, 2, 1], 1).into() },
        latency_ms: Some(3.4),
        handshake_age: Some(1),
        counters: Counters::default(),
    }
}

/// Signs the desktop in at a host.
pub fn sign_in(desk: &Desk, host: &Host) {
    let (url, token) = host.session();
    tests::binary::run(desk.homeport(&["login", &url]).env("CODER_SESSION_TOKEN", token));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tunnel_is_a_switch_and_its_paths_are_in_the_rows() {
    if !is_ready("the tunnel from the menu") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    desk.start_tray(&[]).await;
    let menu = desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    assert!(menu.has("Connect (no tunnel service)"), "{}", menu.text());

    let tunnel = Tunnel::start(&desk, daemon_of(&host).await);
    desk.menu_when("the service was found", |menu| menu.find("Connect").is_some_and(|line| line.below.is_empty()))
        .await;
    desk.click(&["Connect"]).await;
    let menu = desk.menu_when("the path is in the row", |menu| menu.has("● box: running, direct, 3 ms")).await;
    assert!(menu.has("● Homeport: connected, 1 of 1 workspace runs"), "{}", menu.text());
    assert!(menu.find("Connect").unwrap().is_on);
    assert!(menu.has(HealthCode::NameClash.title().trim_end_matches('.')), "health is a line: {}", menu.text());
    let (url, token) = host.session();
    let connected = tunnel.connected.lock().unwrap().clone();
    assert_eq!(connected, [(format!("{url}/"), token, false)]);

    desk.click(&["Connect"]).await;
    desk.menu_when("it is off", |menu| menu.find("Connect").is_some_and(|line| !line.is_on)).await;
    desk.click(&["Connect"]).await;
    desk.menu_when("it is on", |menu| menu.has("● box: running, direct, 3 ms")).await;

    drop(tunnel);
    let menu = desk.menu_when("the service is gone", |menu| menu.has("Connect (no tunnel service)")).await;
    assert!(menu.has("● box: running"), "the list goes on: {}", menu.text());

    // Whoever listens there but does not speak the protocol is named.
    let stranger = UnixListener::bind(desk.path("tunnel.sock")).unwrap();
    let _answering = tokio::spawn(async move {
        loop {
            let (mut stream, _) = stranger.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    desk.menu_when("the stranger is named", |menu| menu.has("✖ Homeport: error")).await;
}
