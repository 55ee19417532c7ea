//! The whole daemon against a scripted server over real RPC connections: start, reconnect, tolerance, orderly end.
//!
//! Everything that happens is written into one journal, in order; tests wait for lines of it.

mod fake;

use std::time::Duration;

use proto::agent::{WorkspaceAgentScript, method};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Ending;
use fake::{Answer, World};

fn script(text: &str) -> WorkspaceAgentScript {
    WorkspaceAgentScript {
        id: Uuid::from_u128(1).as_bytes().to_vec(),
        log_source_id: Uuid::from_u128(2).as_bytes().to_vec(),
        script: text.to_owned(),
        ..WorkspaceAgentScript::default()
    }
}

fn on_start(text: &str) -> WorkspaceAgentScript {
    WorkspaceAgentScript { run_on_start: true, ..script(text) }
}

fn on_stop(text: &str) -> WorkspaceAgentScript {
    WorkspaceAgentScript { run_on_stop: true, ..script(text) }
}

struct Running {
    world: World,
    stop: CancellationToken,
    ending: tokio::task::JoinHandle<Ending>,
}

impl Running {
    fn start(world: World) -> Self {
        let stop = CancellationToken::new();
        let ending = tokio::spawn(world.daemon().run(stop.clone()));
        Self { world, stop, ending }
    }

    async fn end(self) -> (World, Ending) {
        self.stop.cancel();
        let ending = tokio::time::timeout(Duration::from_secs(20), self.ending).await.expect("it does not end");
        (self.world, ending.unwrap())
    }
}

#[tokio::test]
async fn the_first_connection_starts_scripts_and_the_mesh() {
    let mut running = Running::start(World::new(vec![on_start("echo hello; exit 0")]));
    running.world.see(&["call GetManifest", "call UpdateStartup v0", "network apply"]).await;
    running.world.see(&["lifecycle Starting"]).await;
    running.world.see(&["log Info hello"]).await;
    running.world.see(&["lifecycle Ready"]).await;
    running.world.see_any(&["network map 1", "call ScriptCompleted Ok", "call UpdateStats none", "coordinate"]).await;
    assert_eq!(running.end().await.1, Ending::Asked);
}

#[tokio::test]
async fn what_start_scripts_do_decides_the_state() {
    let slow = WorkspaceAgentScript { timeout: Some(Duration::from_millis(200).into()), ..on_start("sleep 1000") };
    for (script, state) in [(on_start("exit 3"), "lifecycle StartError"), (slow, "lifecycle StartTimeout")] {
        let mut running = Running::start(World::new(vec![script]));
        running.world.see(&["lifecycle Starting", state]).await;
        running.end().await;
    }
}

#[tokio::test]
async fn a_reconnect_keeps_the_mesh_and_starts_nothing_twice() {
    let mut running = Running::start(World::new(vec![on_start("echo once")]));
    running.world.see_any(&["lifecycle Ready", "coordinate"]).await;
    running.world.cut();
    running.world.see(&["network lost", "call GetManifest", "network apply", "coordinate"]).await;
    let (world, _) = running.end().await;
    let count = |line: &str| world.journal().iter().filter(|seen| *seen == line).count();
    assert_eq!(count("lifecycle Starting"), 1);
    assert_eq!(count("log Info once"), 1);
    assert_eq!(count("network apply"), 2);
    assert_eq!(count("network shutdown"), 1, "only at the end");
}

#[tokio::test]
async fn states_that_could_not_be_told_are_told_on_the_next_connection() {
    let world = World::new(vec![on_start("true")]);
    world.answer(method::UPDATE_LIFECYCLE, Answer::Hang);
    let mut running = Running::start(world);
    running.world.see(&["lifecycle Starting"]).await;
    running.world.answer(method::UPDATE_LIFECYCLE, Answer::Good);
    running.world.cut();
    running.world.see(&["lifecycle Starting", "lifecycle Ready"]).await;
    running.end().await;
}

#[tokio::test]
async fn calls_that_the_server_does_not_have_or_refuses_do_not_end_the_connection() {
    for answer in [Answer::Unimplemented, Answer::Refuse] {
        let world = World::new(vec![on_start("echo hello")]);
        let optional = [
            method::GET_ANNOUNCEMENT_BANNERS,
            method::UPDATE_STARTUP,
            method::UPDATE_STATS,
            method::BATCH_CREATE_LOGS,
            method::SCRIPT_COMPLETED,
            method::GET_RESOURCES_MONITORING_CONFIGURATION,
            proto::tailnet::method::STREAM_DERP_MAPS,
        ];
        for name in optional {
            world.answer(name, answer);
        }
        let running = Running::start(world);
        let calls: Vec<String> = optional.iter().map(|name| format!("refused {name}")).collect();
        let mut expected: Vec<&str> = calls.iter().map(String::as_str).collect();
        expected.extend(["lifecycle Ready", "coordinate"]);
        running.world.see_any(&expected).await;
        assert_eq!(running.world.dials(), 1, "{answer:?}");
        running.end().await;
    }
}

#[tokio::test]
async fn a_refused_manifest_is_asked_for_again() {
    let world = World::new(vec![]);
    world.answer(method::GET_MANIFEST, Answer::Refuse);
    let mut running = Running::start(world);
    running.world.see(&["refused /coder.agent.v2.Agent/GetManifest"]).await;
    running.world.answer(method::GET_MANIFEST, Answer::Good);
    running.world.see(&["network apply", "coordinate"]).await;
    running.end().await;
}

#[tokio::test]
async fn the_end_is_in_order() {
    let scripts = vec![on_start("true"), on_stop("echo goodbye; exit 4")];
    let running = Running::start(World::new(scripts));
    running.world.see_any(&["lifecycle Ready", "coordinate"]).await;
    let (world, ending) = running.end().await;
    assert_eq!(ending, Ending::Asked);
    // Logs and states travel on streams of their own; each keeps its order.
    world.in_order(&["network close_sessions", "network disconnect", "log Info goodbye", "network shutdown"]);
    world.in_order(&["lifecycle ShuttingDown", "lifecycle ShutdownError", "network shutdown"]);
    world.in_order(&["network disconnect", "coordinator goodbye", "network shutdown"]);
}

#[tokio::test]
async fn without_stop_scripts_the_last_state_is_off() {
    let running = Running::start(World::new(vec![]));
    running.world.see_any(&["lifecycle Ready", "coordinate"]).await;
    running.end().await.0.in_order(&["lifecycle ShuttingDown", "lifecycle Off", "network shutdown"]);
}

#[tokio::test]
async fn a_running_start_script_does_not_hold_up_the_end() {
    let mut running = Running::start(World::new(vec![on_start("echo begun; sleep 1000")]));
    running.world.see(&["log Info begun"]).await;
    let (world, _) = running.end().await;
    world.in_order(&["lifecycle Starting", "lifecycle ShuttingDown", "lifecycle Off"]);
}

#[tokio::test]
async fn a_server_that_never_answers_does_not_hold_up_the_end() {
    let world = World::new(vec![]);
    world.refuse_dials();
    let running = Running::start(world);
    assert_eq!(running.end().await.1, Ending::Asked);
}

#[tokio::test]
async fn a_full_server_gets_no_more_logs() {
    let world = World::new(vec![on_start("echo first"), on_stop("echo second")]);
    world.answer(method::BATCH_CREATE_LOGS, Answer::LogLimit);
    let running = Running::start(world);
    running.world.see_any(&["log Info first", "lifecycle Ready", "coordinate"]).await;
    let (world, _) = running.end().await;
    assert!(!world.journal().iter().any(|line| line.contains("second")), "{:?}", world.journal());
}

#[tokio::test]
async fn another_daemon_with_our_token_ends_this_one() {
    let world = World::new(vec![]);
    world.answer(proto::tailnet::method::COORDINATE, Answer::Replaced);
    let running = Running::start(world);
    let ending = tokio::time::timeout(Duration::from_secs(20), running.ending).await.unwrap().unwrap();
    assert_eq!(ending, Ending::Replaced);
    running.world.in_order(&["coordinate", "network shutdown"]);
}
