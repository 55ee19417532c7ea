//! A server and a mesh that do as the test says and write down what they see.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mesh::driver::{Coordination, MeshStatus};
use proto::agent::{self, LifecycleState, Manifest, WorkspaceAgentScript, method};
use proto::derp_map::DerpMap;
use proto::tailnet::{self, CoordinateRequest, CoordinateResponse};
use proto::wkt::Empty;
use rpc::{Call, RpcError, Service, UNIMPLEMENTED};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::config::Config;
use crate::daemon::Daemon;
use crate::dial::{Dial, DialError};
use crate::network::{Network, NetworkError};
use crate::session::{Facts, Policy, SSH_MAX_TIMEOUT, SessionContext};

/// What the server does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Good,
    Unimplemented,
    Refuse,
    Hang,
    LogLimit,
    Replaced,
}

#[derive(Default)]
struct Shared {
    journal: Mutex<Vec<String>>,
    written: watch::Sender<usize>,
    answers: Mutex<HashMap<String, Answer>>,
    scripts: Vec<WorkspaceAgentScript>,
    connection: Mutex<Option<tokio::task::AbortHandle>>,
    dials: AtomicUsize,
    closed_for_dials: AtomicBool,
    requests: Mutex<Option<mpsc::Sender<CoordinateRequest>>>,
}

impl Shared {
    fn write(&self, line: impl Into<String>) {
        let mut journal = self.journal.lock().unwrap();
        journal.push(line.into());
        self.written.send_replace(journal.len());
    }
}

/// The test's end of everything.
pub struct World {
    shared: Arc<Shared>,
    read: usize,
    folder: tempfile::TempDir,
}

impl World {
    pub fn new(scripts: Vec<WorkspaceAgentScript>) -> Self {
        let shared = Arc::new(Shared { scripts, ..Shared::default() });
        Self { shared, read: 0, folder: tempfile::tempdir().unwrap() }
    }

    pub fn daemon(&self) -> Daemon<FakeNetwork, FakeDial> {
        let config = Config {
            access_url: "http://127.0.0.1:1".parse().unwrap(),
            token: proto::secret::Secret::new("token"),
            headers: vec![],
            log_dir: self.folder.path().join("logs"),
            script_data_dir: self.folder.path().join("data"),
            report_socket: None,
            udp_port: 0,
            ssh_max_timeout: SSH_MAX_TIMEOUT,
            subsystems: vec![],
            policy: Policy::default(),
            executable: "/opt/homeport".into(),
        };
        let session = SessionContext::new(Facts::default(), Policy::default(), SSH_MAX_TIMEOUT);
        let shared = || Arc::clone(&self.shared);
        Daemon::new(config, session, FakeNetwork(shared()), FakeDial(shared()), watch::Sender::new(None))
    }

    pub fn answer(&self, name: &str, answer: Answer) {
        self.shared.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    /// Breaks the connection, as a server does that is killed.
    pub fn cut(&self) {
        self.shared.connection.lock().unwrap().take().expect("there is no connection").abort();
    }

    pub fn refuse_dials(&self) {
        self.shared.closed_for_dials.store(true, Ordering::Relaxed);
    }

    pub fn dials(&self) -> usize {
        self.shared.dials.load(Ordering::Relaxed)
    }

    pub fn journal(&self) -> Vec<String> {
        self.shared.journal.lock().unwrap().clone()
    }

    /// Waits for lines that begin so, in this order, after what was seen before.
    pub async fn see(&mut self, lines: &[&str]) {
        for line in lines {
            let from = self.read;
            self.read = self.wait_for(line, from).await + 1;
        }
    }

    /// Waits for lines that begin so, in any order, anywhere in the journal.
    pub async fn see_any(&self, lines: &[&str]) {
        for line in lines {
            self.wait_for(line, 0).await;
        }
    }

    async fn wait_for(&self, begin: &str, from: usize) -> usize {
        let mut written = self.shared.written.subscribe();
        let found = async {
            loop {
                let journal = self.journal();
                if let Some(at) = journal[from..].iter().position(|line| line.starts_with(begin)) {
                    return from + at;
                }
                written.changed().await.unwrap();
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(20), found).await;
        found.unwrap_or_else(|_| panic!("no {begin:?} after line {from} of {:#?}", self.journal()))
    }

    /// Checks that lines that begin so are there, in this order.
    pub fn in_order(&self, lines: &[&str]) {
        let journal = self.journal();
        let mut from = 0;
        for line in lines {
            let at = journal[from..].iter().position(|seen| seen.starts_with(line));
            from += at.unwrap_or_else(|| panic!("no {line:?} after line {from} of {journal:#?}")) + 1;
        }
    }
}

pub struct FakeDial(Arc<Shared>);

impl Dial for FakeDial {
    async fn dial(&self) -> Result<rpc::Client, DialError> {
        self.0.dials.fetch_add(1, Ordering::Relaxed);
        if self.0.closed_for_dials.load(Ordering::Relaxed) {
            return Err(DialError("the server is off".into()));
        }
        let (near, far) = tokio::io::duplex(64 * 1024);
        let task = tokio::spawn(rpc::serve(far, Arc::new(FakeServer(Arc::clone(&self.0)))));
        *self.0.connection.lock().unwrap() = Some(task.abort_handle());
        Ok(rpc::Client::new(near))
    }
}

pub struct FakeNetwork(Arc<Shared>);

impl Network for FakeNetwork {
    async fn apply(&self, manifest: &Manifest) -> Result<(), NetworkError> {
        assert_eq!(manifest.workspace_name, "box");
        self.0.write("network apply");
        Ok(())
    }

    fn coordinate(&self) -> Option<Coordination> {
        let (sender, requests) = mpsc::channel(8);
        let (responses, mut receiver) = mpsc::channel(8);
        *self.0.requests.lock().unwrap() = Some(sender);
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            while let Some(CoordinateResponse { .. }) = receiver.recv().await {
                shared.write("network response");
            }
            shared.write("network lost");
        });
        Some(Coordination { requests, responses })
    }

    fn set_derp_map(&self, map: DerpMap) {
        self.0.write(format!("network map {}", map.regions.len()));
    }

    fn close_sessions(&self) {
        self.0.write("network close_sessions");
    }

    fn changed(&self) {
        self.0.write("network changed");
    }

    fn disconnect(&self) {
        self.0.write("network disconnect");
        let request = CoordinateRequest { disconnect: Some(tailnet::Disconnect {}), ..CoordinateRequest::default() };
        if let Some(requests) = &*self.0.requests.lock().unwrap() {
            let _ = requests.try_send(request);
        }
    }

    async fn status(&self) -> MeshStatus {
        MeshStatus::default()
    }

    async fn shutdown(&self) {
        self.0.write("network shutdown");
    }
}

struct FakeServer(Arc<Shared>);

impl Service for FakeServer {
    fn call(&self, call: Call) -> std::pin::Pin<Box<dyn Future<Output = Result<(), RpcError>> + Send + '_>> {
        Box::pin(self.answer(call))
    }
}

impl FakeServer {
    async fn answer(&self, mut call: Call) -> Result<(), RpcError> {
        let name = call.name.clone();
        let answer = self.0.answers.lock().unwrap().get(&name).copied().unwrap_or(Answer::Good);
        match answer {
            Answer::Unimplemented | Answer::Refuse => {
                self.0.write(format!("refused {name}"));
                let code = if answer == Answer::Refuse { 0 } else { UNIMPLEMENTED };
                return Err(RpcError::Remote { code, text: "the test says no".into() });
            }
            _ => {}
        }
        match name.as_str() {
            method::GET_MANIFEST => {
                self.0.write("call GetManifest");
                let manifest = Manifest {
                    agent_id: Uuid::from_u128(9).as_bytes().to_vec(),
                    workspace_name: "box".into(),
                    scripts: self.0.scripts.clone(),
                    ..Manifest::default()
                };
                call.sender.send(&manifest).await
            }
            method::UPDATE_STARTUP => {
                let startup = call.request::<agent::UpdateStartupRequest>().await?.startup.unwrap();
                self.0.write(format!("call UpdateStartup {}", startup.version));
                call.sender.send(&startup).await
            }
            method::UPDATE_LIFECYCLE => {
                let lifecycle = call.request::<agent::UpdateLifecycleRequest>().await?.lifecycle.unwrap();
                let state: LifecycleState = lifecycle.state();
                self.0.write(format!("lifecycle {state:?}"));
                if answer == Answer::Hang {
                    std::future::pending::<()>().await;
                }
                call.sender.send(&lifecycle).await
            }
            method::BATCH_CREATE_LOGS => {
                for log in call.request::<agent::BatchCreateLogsRequest>().await?.logs {
                    self.0.write(format!("log {:?} {}", log.level(), log.output));
                }
                let log_limit_exceeded = answer == Answer::LogLimit;
                call.sender.send(&agent::BatchCreateLogsResponse { log_limit_exceeded }).await
            }
            method::SCRIPT_COMPLETED => {
                let timing = call.request::<agent::WorkspaceAgentScriptCompletedRequest>().await?.timing.unwrap();
                self.0.write(format!("call ScriptCompleted {:?}", timing.status()));
                call.sender.send(&Empty {}).await
            }
            method::UPDATE_STATS => {
                let stats = call.request::<agent::UpdateStatsRequest>().await?.stats;
                self.0.write(format!("call UpdateStats {}", if stats.is_some() { "some" } else { "none" }));
                call.sender.send(&agent::UpdateStatsResponse { report_interval: None }).await
            }
            tailnet::method::COORDINATE => self.coordinate(call, answer).await,
            tailnet::method::STREAM_DERP_MAPS => {
                let map = DerpMap { regions: [(1, proto::derp_map::Region::default())].into(), home_params: None };
                call.sender.send(&tailnet::DerpMap::from(map)).await?;
                std::future::pending().await
            }
            _ => {
                self.0.write(format!("call {name}"));
                call.sender.send(&Empty {}).await
            }
        }
    }

    async fn coordinate(&self, mut call: Call, answer: Answer) -> Result<(), RpcError> {
        self.0.write("coordinate");
        if answer == Answer::Replaced {
            let error = "peer ID overwritten by new connection".to_owned();
            return call.sender.send(&CoordinateResponse { peer_updates: vec![], error }).await;
        }
        while let Some(request) = call.receiver.next::<CoordinateRequest>().await? {
            if request.disconnect.is_some() {
                self.0.write("coordinator goodbye");
                return Ok(());
            }
        }
        Ok(())
    }
}
