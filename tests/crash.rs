//! Nothing acknowledged is lost: the server is killed at random points while accounts, workspaces and log lines are
//! written, and a direct session does not notice that the server is dead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client::AgentApi;
use proto::agent::{BatchCreateLogsRequest, Log};
use proto::secret::Secret;
use tests::binary::{run, write_script};
use tests::host::{Host, Setup, processes_of};
use tests::openssh::OpenSsh;
use tests::sabotaged;
use tokio::sync::{Mutex, Notify};

/// Kills in one run (F01, every push).
const KILLS: u64 = 25;

/// What the server acknowledged.
#[derive(Default)]
struct Ledger {
    tokens: Vec<String>,
    workspaces: Vec<String>,
    /// The numbers of acknowledged log lines.
    log_lines: Vec<u64>,
    /// The number of the last log line that was sent; they are numbered from 1.
    sent_lines: u64,
}

/// Counts acknowledgements and rings when the one at which the server must die came.
#[derive(Default)]
struct Trigger {
    acknowledged: AtomicU64,
    at: AtomicU64,
    ring: Notify,
}

impl Trigger {
    fn acknowledge(&self) {
        if self.acknowledged.fetch_add(1, Ordering::SeqCst) + 1 == self.at.load(Ordering::SeqCst) {
            self.ring.notify_one();
        }
    }
}

struct Api {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    async fn post(&self, path: &str, body: serde_json::Value) -> Option<serde_json::Value> {
        let request = self.http.post(format!("{}{path}", self.url)).header("Coder-Session-Token", &self.token);
        let answer = request.json(&body).send().await.ok()?;
        if answer.status() != 201 { None } else { answer.json().await.ok() }
    }

    async fn get(&self, path: &str) -> serde_json::Value {
        let request = self.http.get(format!("{}{path}", self.url)).header("Coder-Session-Token", &self.token);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.unwrap()
    }
}

/// A daemon that does nothing: the test speaks for it.
fn idle_daemon(folder: &Path) -> std::path::PathBuf {
    let script = folder.join("idle-daemon");
    write_script(&script, "exec sleep 3600");
    script
}

/// The token that the server gave to the daemon of the only workspace.
fn daemon_token(host: &Host) -> Secret {
    for pid in processes_of(&host.path("data")) {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        for entry in environment.split(|byte| *byte == 0) {
            if let Some(path) = entry.strip_prefix(b"CODER_AGENT_TOKEN_FILE=") {
                let path = String::from_utf8_lossy(path).into_owned();
                return Secret::new(std::fs::read_to_string(path).unwrap().trim());
            }
        }
    }
    panic!("no daemon with a token file runs:\n{}", host.log());
}

/// The daemon of the first workspace, whose build the server runs after it answers.
async fn first_agent(api: &Api) -> String {
    let found = async {
        loop {
            let workspace = api.get("/api/v2/users/me/workspace/box").await;
            let build = &workspace["latest_build"];
            let agent = build["resources"][0]["agents"][0]["id"].as_str();
            match agent.filter(|_| build["status"] == "running") {
                Some(agent) => return agent.to_owned(),
                None => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.expect("the first workspace has no daemon")
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_five_kills_lose_no_acknowledged_row() {
    let seed: u64 = std::env::var("HOMEPORT_SEED").map_or(0x5eed, |text| text.parse().unwrap());
    let scripts = tempfile::tempdir().unwrap();
    let daemon = Some(idle_daemon(scripts.path()));
    let mut host = Host::start(Setup { first_workspace: Some("box"), daemon, ..Setup::default() }).await;
    let (url, token) = host.session();
    // An error means that another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = Arc::new(Api { http: reqwest::Client::new(), url, token });
    let template = api.get("/api/v2/templates").await;
    let template = template.as_array().unwrap().iter().find(|template| template["name"] == "process").unwrap();
    let template = template["id"].as_str().unwrap().to_owned();
    let agent = first_agent(&api).await;
    let daemon_token = daemon_token(&host);
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut random = seed;

    for kill in 0..KILLS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let trigger = Arc::new(Trigger::default());
        trigger.at.store(1 + (random >> 33) % 40, Ordering::SeqCst);
        let work = [
            tokio::spawn(make_tokens(api.clone(), ledger.clone(), trigger.clone(), kill)),
            tokio::spawn(make_workspaces(api.clone(), ledger.clone(), trigger.clone(), kill, template.clone())),
            tokio::spawn(write_logs(api.url.clone(), daemon_token.clone(), ledger.clone(), trigger.clone())),
        ];
        let rung = tokio::time::timeout(Duration::from_secs(30), trigger.ring.notified()).await;
        assert!(rung.is_ok(), "seed {seed}, kill {kill}: the server acknowledged too little:\n{}", host.log());
        host.kill_server();
        for task in work {
            task.await.unwrap();
        }
        host.start_server().await;
        check(&api, &*ledger.lock().await, &agent, &format!("seed {seed}, kill {kill}")).await;
        let database = host.path("data").join("homeport.db");
        let integrity =
            run(Command::new("sqlite3").arg(database).arg("pragma integrity_check; pragma foreign_key_check;"));
        assert_eq!(integrity, "ok\n", "seed {seed}, kill {kill}");
    }
    let ledger = ledger.lock().await;
    assert!(ledger.tokens.len() > 20 && ledger.log_lines.len() > 100, "the test did little");
    assert!(!ledger.workspaces.is_empty(), "no workspace was made");
}

/// Each worker goes on until the server is gone.
async fn make_tokens(api: Arc<Api>, ledger: Arc<Mutex<Ledger>>, trigger: Arc<Trigger>, kill: u64) {
    for number in 0.. {
        let name = format!("token-{kill}-{number}");
        if api.post("/api/v2/users/me/keys/tokens", serde_json::json!({ "token_name": name })).await.is_none() {
            return;
        }
        ledger.lock().await.tokens.push(name);
        trigger.acknowledge();
    }
}

async fn make_workspaces(
    api: Arc<Api>,
    ledger: Arc<Mutex<Ledger>>,
    trigger: Arc<Trigger>,
    kill: u64,
    template: String,
) {
    for number in 0..3 {
        let body = serde_json::json!({ "name": format!("w{kill}-{number}"), "template_id": template });
        let Some(workspace) = api.post("/api/v2/users/me/workspaces", body).await else { return };
        ledger.lock().await.workspaces.push(workspace["id"].as_str().unwrap().to_owned());
        trigger.acknowledge();
    }
}

async fn write_logs(url: String, token: Secret, ledger: Arc<Mutex<Ledger>>, trigger: Arc<Trigger>) {
    let Ok(api) = AgentApi::dial(&url.parse().unwrap(), &token, &reqwest::header::HeaderMap::new()).await else {
        return;
    };
    loop {
        let numbers = {
            let mut ledger = ledger.lock().await;
            let first = ledger.sent_lines + 1;
            ledger.sent_lines += 5;
            first..first + 5
        };
        let line = |number| Log { output: format!("line {number}"), level: 3, ..Log::default() };
        let logs = numbers.clone().map(line).collect();
        let request = BatchCreateLogsRequest { log_source_id: vec![0; 16], logs };
        if api.create_logs(&request).await.is_err() {
            return;
        }
        ledger.lock().await.log_lines.extend(numbers);
        trigger.acknowledge();
    }
}

async fn check(api: &Api, ledger: &Ledger, agent: &str, when: &str) {
    let tokens = api.get("/api/v2/users/me/keys/tokens").await;
    let names: Vec<&str> = tokens.as_array().unwrap().iter().filter_map(|token| token["token_name"].as_str()).collect();
    for token in &ledger.tokens {
        assert!(names.contains(&token.as_str()), "{when}: the token {token} is lost");
    }
    for workspace in &ledger.workspaces {
        let found = api.get(&format!("/api/v2/workspaces/{workspace}")).await;
        assert_eq!(found["id"].as_str(), Some(workspace.as_str()), "{when}");
    }
    let logs = api.get(&format!("/api/v2/workspaceagents/{agent}/logs")).await;
    let numbers: Vec<u64> = logs
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|log| log["output"].as_str()?.strip_prefix("line ")?.parse().ok())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{when}: lines out of order or twice: {numbers:?}");
    // A batch that was sent but not acknowledged may be there or not.
    let lost: Vec<_> = ledger.log_lines.iter().filter(|number| numbers.binary_search(number).is_err()).collect();
    assert!(lost.is_empty(), "{when}: acknowledged lines are lost: {lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_session_keeps_echoing_while_the_server_is_dead() {
    let mut host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let ssh = OpenSsh::configure(&host);
    let mut command = ssh.command("ssh");
    let mut session = command.args(["box.coder", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) = (session.stdin.take().unwrap(), BufReader::new(session.stdout.take().unwrap()));
    let mut echo = |text: &str| {
        writeln!(stdin, "{text}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("{text}\n"));
    };
    echo("before");
    let direct = run(&mut host.homeport(&["ping", "box", "-n", "20"]));
    assert!(direct.contains(" directly via "), "{direct}");
    echo("still before");
    host.kill_server();
    let mut interval = tokio::time::interval(Duration::from_millis(200));
    for number in 0..50 {
        interval.tick().await;
        echo(&format!("the server is dead, line {number}"));
    }
    host.start_server().await;
    echo("and back");
    drop(stdin);
    assert!(session.wait().unwrap().success());
    assert_eq!(ssh.exec("box.coder", "echo again"), "again\n", "the daemon came back to the new server");
}

/// A daemon that does not end when it is asked to: its stop runs for the whole grace, long enough to be interrupted.
fn stubborn_daemon(folder: &Path) -> std::path::PathBuf {
    let script = folder.join("stubborn-daemon");
    write_script(&script, "trap '' TERM\nwhile :; do sleep 1; done");
    script
}

/// The status of a build's job, once it is one of `wanted`.
async fn job_until(api: &Api, build: &str, wanted: &[&str]) -> serde_json::Value {
    let mut interval = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3000 {
        interval.tick().await;
        let job = api.get(&format!("/api/v2/workspacebuilds/{build}")).await["job"].clone();
        if wanted.contains(&job["status"].as_str().unwrap()) {
            return job;
        }
    }
    panic!("the build {build} never became one of {wanted:?}");
}

/// F03. `HOMEPORT_TEST_SABOTAGE=F03` forgets how often the build was begun before each start, and it never gives up.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_is_killed_in_any_state_ends_once_with_a_reason() {
    let scripts = tempfile::tempdir().unwrap();
    let daemon = Some(stubborn_daemon(scripts.path()));
    let mut host = Host::start(Setup { first_workspace: Some("box"), daemon, ..Setup::default() }).await;
    let (url, token) = host.session();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let api = Api { http: reqwest::Client::new(), url, token };
    let workspace = api.get("/api/v2/users/me/workspace/box").await;
    let builds = format!("/api/v2/workspaces/{}/builds", workspace["id"].as_str().unwrap());
    job_until(&api, workspace["latest_build"]["id"].as_str().unwrap(), &["succeeded"]).await;
    let ended = ["succeeded", "failed", "canceled"];
    for round in 0..2 {
        for state in ["pending", "running", "canceling"] {
            let when = format!("round {round}, {state}");
            let stop = api.post(&builds, serde_json::json!({"transition": "stop"})).await.expect("a build");
            let build = stop["id"].as_str().unwrap().to_owned();
            if state != "pending" {
                job_until(&api, &build, &["running"]).await;
            }
            if state == "canceling" {
                let cancel = api.http.patch(format!("{}/api/v2/workspacebuilds/{build}/cancel", api.url));
                cancel.header("Coder-Session-Token", &api.token).send().await.unwrap();
                job_until(&api, &build, &["canceling"]).await;
            }
            host.kill_server();
            host.start_server().await;
            let job = job_until(&api, &build, &ended).await;
            let expect = if state == "canceling" { "canceled" } else { "succeeded" };
            assert_eq!(job["status"], expect, "{when}: {job}");
            assert!(expect == "succeeded" || !job["error"].as_str().unwrap().is_empty(), "{when}: no reason");
            let start = api.post(&builds, serde_json::json!({"transition": "start"})).await.expect("a build");
            let start = job_until(&api, start["id"].as_str().unwrap(), &ended).await;
            assert_eq!(start["status"], "succeeded", "{when}");
            let token_file = |pid: &u32| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.windows(23).any(|window| window == b"CODER_AGENT_TOKEN_FILE=")
            };
            let shells = |pid: &u32| {
                std::fs::read(format!("/proc/{pid}/cmdline"))
                    .unwrap_or_default()
                    .windows(15)
                    .any(|w| w == b"stubborn-daemon")
            };
            let daemons = processes_of(&host.path("data")).into_iter().filter(|pid| token_file(pid) && shells(pid));
            assert_eq!(daemons.count(), 1, "{when}: an orphan is left");
        }
    }
    // Killed again and again in one build: it is given up, with a reason.
    let stop = api.post(&builds, serde_json::json!({"transition": "stop"})).await.expect("a build");
    let build = stop["id"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        job_until(&api, &build, &["running"]).await;
        host.kill_server();
        if sabotaged("F03") {
            run(Command::new("sqlite3").arg(host.path("data/homeport.db")).arg("update jobs set attempts = 0"));
        }
        host.start_server().await;
    }
    let job = job_until(&api, &build, &ended).await;
    assert_eq!(job["status"], "failed", "{job}");
    assert!(job["error"].as_str().unwrap().contains("too often"), "{job}");
}
