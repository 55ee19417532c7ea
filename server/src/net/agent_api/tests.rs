//! The agent API over pipes, with a real caller.

use proto::agent::{self, LifecycleState, Manifest, method};
use proto::id::{AgentId, PeerId};
use proto::tailnet::{self, CoordinateRequest, CoordinateResponse};
use proto::wkt::{Empty, Timestamp};
use rpc::{Client, RpcError};
use uuid::Uuid;

use crate::net::fixture::World;
use crate::state::Event;
use crate::store::agent_metadata::{self, MetadataDescription};
use crate::store::agents;
use crate::store::now;

async fn call<Q: prost::Message, A: prost::Message + Default>(client: &Client, name: &str, request: Q) -> A {
    client.unary(name, &request).await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn refused<Q: prost::Message>(client: &Client, name: &str, request: Q) -> String {
    match client.unary::<Q, Empty>(name, &request).await {
        Err(RpcError::Remote { code: 0, text }) => text,
        other => panic!("{name}: {other:?}"),
    }
}

#[tokio::test]
async fn the_manifest_avoids_the_traps_of_real_daemons() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let id = daemon.agent.id;
    world
        .rows(move |db| {
            let agent = id.to_string();
            let uuid = |number| Uuid::from_u128(number).to_string();
            db.execute(
                "UPDATE agents SET environment = '{\"A\":\"1\"}', directory = '~/src', motd_file = '/etc/motd'",
                [],
            )?;
            db.execute(
                "INSERT INTO scripts (id, agent_id, log_source_id, display_name, script, run_on_start, timeout_seconds)
                 VALUES (?1, ?2, ?3, 'Startup', 'true', 1, 90)",
                [uuid(1), agent.clone(), uuid(2)],
            )?;
            db.execute(
                "INSERT INTO apps (id, agent_id, slug, display_name) VALUES (?1, ?2, 'web', 'Web')",
                [uuid(3), agent],
            )?;
            let one = MetadataDescription {
                key: "load".into(),
                script: "uptime".into(),
                interval: 10,
                timeout: 3,
                ..Default::default()
            };
            agent_metadata::describe(db, id, &[one])
        })
        .await;
    let client = world.connect_agent(&daemon.agent);
    let manifest: Manifest = call(&client, method::GET_MANIFEST, agent::GetManifestRequest {}).await;
    assert_eq!(AgentId::from_wire(&manifest.agent_id), Ok(id));
    assert_eq!((manifest.owner_username.as_str(), manifest.workspace_name.as_str()), ("ann", "dev"));
    assert_eq!((manifest.agent_name.as_str(), manifest.directory.as_str()), ("main", "~/src"));
    assert_eq!(manifest.motd_path, "/etc/motd");
    assert_eq!(manifest.environment_variables["A"], "1");
    assert_eq!(manifest.parent_id, None);
    let map = manifest.derp_map.unwrap();
    assert!(map.home_params.is_some() && map.regions.contains_key(&999));
    let app = &manifest.apps[0];
    assert!(app.healthcheck.is_some() && (1..=4).contains(&app.sharing_level) && (1..=4).contains(&app.health));
    let script = &manifest.scripts[0];
    assert_eq!((script.id.len(), script.log_source_id.len(), app.id.len()), (16, 16, 16));
    assert_eq!(script.timeout.unwrap().seconds, 90);
    let interval = manifest.metadata[0].interval.unwrap();
    assert_eq!((interval.seconds, interval.nanos), (0, 10), "seconds are written as nanoseconds");
}

#[tokio::test]
async fn every_call_that_a_real_daemon_makes_is_answered() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let client = world.connect_agent(&daemon.agent);
    let _: agent::ServiceBanner = call(&client, method::GET_SERVICE_BANNER, Empty {}).await;
    let _: agent::GetAnnouncementBannersResponse = call(&client, method::GET_ANNOUNCEMENT_BANNERS, Empty {}).await;
    let stats: agent::UpdateStatsResponse =
        call(&client, method::UPDATE_STATS, agent::UpdateStatsRequest::default()).await;
    assert_eq!(stats.report_interval.unwrap().seconds, 30);
    let monitoring: agent::GetResourcesMonitoringConfigurationResponse =
        call(&client, method::GET_RESOURCES_MONITORING_CONFIGURATION, Empty {}).await;
    let config = monitoring.config.unwrap();
    assert_eq!((config.num_datapoints, config.collection_interval_seconds), (20, 10));
    let _: Empty = call(&client, method::PUSH_RESOURCES_MONITORING_USAGE, Empty {}).await;
    let _: Empty = call(&client, method::REPORT_BOUNDARY_LOGS, Empty {}).await;
    let _: Empty = call(&client, tailnet::method::POST_TELEMETRY, Empty {}).await;
    let startup = agent::Startup {
        version: "v2.35.1-devel+abc".into(),
        expanded_directory: "/home/ann".into(),
        subsystems: vec![1, 99, 0],
    };
    let echo: agent::Startup =
        call(&client, method::UPDATE_STARTUP, agent::UpdateStartupRequest { startup: Some(startup.clone()) }).await;
    assert_eq!(echo, startup);
    assert_eq!(
        world.value::<String>("SELECT version || expanded_directory || subsystems FROM agents").await,
        "v2.35.1-devel+abc/home/ann[\"envbox\"]"
    );
    for name in
        [method::PUSH_CONTEXT_STATE, tailnet::method::REFRESH_RESUME_TOKEN, tailnet::method::WORKSPACE_UPDATES, "/x/Y"]
    {
        let error = client.unary::<Empty, Empty>(name, &Empty {}).await.unwrap_err();
        assert!(matches!(error, RpcError::Remote { code: 12, .. }), "{name}: {error}");
    }
}

#[tokio::test]
async fn reports_are_stored_or_refused_with_a_reason() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let id = daemon.agent.id;
    let script = Uuid::from_u128(1);
    world
        .rows(move |db| {
            db.execute(
                "INSERT INTO scripts (id, agent_id, log_source_id, display_name, script) VALUES (?1, ?2, ?1, '', '')",
                [script.to_string(), id.to_string()],
            )?;
            db.execute(
                "INSERT INTO apps (id, agent_id, slug, display_name) VALUES (?1, ?2, 'web', 'Web')",
                [script.to_string(), id.to_string()],
            )?;
            let one = MetadataDescription { key: "load".into(), ..Default::default() };
            agent_metadata::describe(db, id, &[one])
        })
        .await;
    let client = world.connect_agent(&daemon.agent);

    let at = |seconds| Some(Timestamp { seconds, nanos: 5 });
    let lifecycle = |state: LifecycleState, changed_at| agent::UpdateLifecycleRequest {
        lifecycle: Some(agent::Lifecycle { state: state.into(), changed_at }),
    };
    let name = method::UPDATE_LIFECYCLE;
    assert!(refused(&client, name, agent::UpdateLifecycleRequest::default()).await.contains("no lifecycle"));
    assert!(refused(&client, name, lifecycle(LifecycleState::Unspecified, at(1))).await.contains("unknown"));
    assert!(refused(&client, name, lifecycle(LifecycleState::Ready, None)).await.contains("changed_at"));
    for (state, expected) in [
        (LifecycleState::Starting, "starting 7 -"),
        (LifecycleState::Ready, "ready 7 7"),
        (LifecycleState::ShuttingDown, "shutting_down 7 7"),
        (LifecycleState::Off, "off 7 7"),
    ] {
        let _: agent::Lifecycle = call(&client, name, lifecycle(state, at(7))).await;
        let sql = "SELECT lifecycle_state || ' ' || (started_at / 1000000) || ' ' || coalesce(ready_at / 1000000, '-') FROM agents";
        assert_eq!(world.value::<String>(sql).await, expected);
    }

    let name = method::UPDATE_STARTUP;
    let startup = agent::Startup { version: "2.35.1".into(), ..Default::default() };
    let request = agent::UpdateStartupRequest { startup: Some(startup) };
    assert!(refused(&client, name, request).await.contains("semver"));

    let name = method::SCRIPT_COMPLETED;
    let timing = |start, end, id: &Uuid| agent::WorkspaceAgentScriptCompletedRequest {
        timing: Some(agent::Timing {
            script_id: id.as_bytes().to_vec(),
            start,
            end,
            exit_code: 3,
            stage: 0,
            status: 1,
        }),
    };
    for (request, text) in [
        (agent::WorkspaceAgentScriptCompletedRequest::default(), "no timing"),
        (timing(None, at(2), &script), "start is missing"),
        (timing(at(1), Some(Timestamp::default()), &script), "end is missing"),
        (timing(at(3), at(2), &script), "before it started"),
        (timing(at(1), at(2), &Uuid::from_u128(77)), "no such row"),
    ] {
        let said = refused(&client, name, request).await;
        assert!(said.contains(text), "{said}, not {text}");
    }
    let _: Empty = call(&client, name, timing(at(1), at(2), &script)).await;
    assert_eq!(
        world.value::<String>("SELECT stage || status || exit_code FROM script_timings").await,
        "startexit_failure3"
    );

    let name = method::BATCH_UPDATE_APP_HEALTHS;
    let health = |id: Vec<u8>, health| agent::BatchUpdateAppHealthRequest {
        updates: vec![agent::AppHealthUpdate { id, health }],
    };
    assert!(refused(&client, name, health(vec![1; 3], 3)).await.contains("16 bytes"));
    assert!(refused(&client, name, health(script.as_bytes().to_vec(), 0)).await.contains("unknown health"));
    assert!(refused(&client, name, health(vec![9; 16], 3)).await.contains("no such row"));
    let _: Empty = call(&client, name, health(script.as_bytes().to_vec(), 3)).await;
    assert_eq!(world.value::<String>("SELECT health FROM apps").await, "healthy");

    let name = method::BATCH_UPDATE_METADATA;
    let metadata = |key: &str, value: String| agent::BatchUpdateMetadataRequest {
        metadata: vec![agent::Metadata {
            key: key.into(),
            result: Some(agent::MetadataResult { collected_at: at(9), value, ..Default::default() }),
        }],
    };
    assert!(refused(&client, name, metadata(&"k".repeat(6145), String::new())).await.contains("6145"));
    let _: Empty = call(&client, name, metadata("load", format!("  {}ü", "x".repeat(2047)))).await;
    let _: Empty = call(&client, name, metadata("nobody described this", "x".into())).await;
    crate::net::metadata::flush(&world.state).await.expect("written");
    assert_eq!(world.value::<i64>("SELECT length(value) FROM agent_metadata").await, 2047, "trimmed, whole characters");

    let name = method::REPORT_CONNECTION;
    let connection = |id: u8, action, kind| agent::ReportConnectionRequest {
        connection: Some(agent::Connection {
            id: vec![id; 16],
            action,
            r#type: kind,
            timestamp: at(4),
            ip: "fd7a::1".into(),
            ..Default::default()
        }),
    };
    assert!(refused(&client, name, connection(0, 1, 1)).await.contains("needs an id"));
    assert!(refused(&client, name, connection(1, 0, 1)).await.contains("action"));
    assert!(refused(&client, name, connection(1, 1, 0)).await.contains("type"));
    for action in [1, 2, 2] {
        let _: Empty = call(&client, name, connection(1, action, 2)).await;
    }
    let sql = "SELECT count(*) || kind || (connected_at = disconnected_at) FROM agent_connections";
    assert_eq!(world.value::<String>(sql).await, "1vscode1");

    let name = method::UPDATE_APP_STATUS;
    let status = |slug: &str, message: String| agent::UpdateAppStatusRequest {
        slug: slug.into(),
        state: 2,
        message,
        uri: String::new(),
    };
    assert!(refused(&client, name, status("web", "x".repeat(161))).await.contains("160"));
    assert!(refused(&client, name, status("none", String::new())).await.contains("no such row"));
    let _: Empty = call(&client, name, status("web", "done".into())).await;
    assert_eq!(world.value::<String>("SELECT state || message FROM app_statuses").await, "completedone");

    let request = agent::UpdateStatsRequest {
        stats: Some(agent::Stats { rx_bytes: 5, connection_median_latency_ms: f64::NAN, ..Default::default() }),
    };
    let _: Empty = call(&client, method::UPDATE_STATS, request).await;
    assert_eq!(world.value::<i64>("SELECT rx_bytes FROM agent_stats").await, 5);
}

#[tokio::test]
async fn logs_are_kept_in_order_up_to_a_mebibyte() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let client = world.connect_agent(&daemon.agent);
    let batch = |lines: &[String]| agent::BatchCreateLogsRequest {
        log_source_id: vec![0; 16],
        logs: lines.iter().map(|line| agent::Log { output: line.clone(), level: 5, ..Default::default() }).collect(),
    };
    let name = method::BATCH_CREATE_LOGS;
    let unknown = agent::BatchCreateLogsRequest { log_source_id: vec![5; 16], ..batch(&["x".into()]) };
    assert!(refused(&client, name, unknown).await.contains("no such row"));
    let lines: Vec<String> = (0..100).map(|number| format!("{number:03}{}", "x".repeat(10_000))).collect();
    let answer: agent::BatchCreateLogsResponse = call(&client, name, batch(&lines)).await;
    assert!(!answer.log_limit_exceeded);
    let answer: agent::BatchCreateLogsResponse = call(&client, name, batch(&lines)).await;
    assert!(answer.log_limit_exceeded, "the second batch goes over 1 MiB");
    let answer: agent::BatchCreateLogsResponse = call(&client, name, batch(&["short".into()])).await;
    assert!(answer.log_limit_exceeded, "once over, always over");
    let id = daemon.agent.id;
    let stored =
        world.state.store.read(move |db| crate::store::agent_logs::between(db, id, 0, None, 1000)).await.unwrap();
    assert_eq!(stored.iter().map(|line| &line.output).collect::<Vec<_>>(), lines.iter().collect::<Vec<_>>());
    assert_eq!(world.value::<i64>("SELECT logs_overflowed FROM agents").await, 1);
}

#[tokio::test]
async fn coming_and_going_is_noted_and_a_second_daemon_takes_over() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let id = daemon.agent.id;
    let mut events = world.state.events.listen();
    let is_mine = move |event: &Event| matches!(event, Event::Agent { agent, .. } if *agent == id);
    let status = async |world: &World| {
        let agent = world.state.store.read(move |db| agents::by_id(db, id, now())).await.unwrap();
        agent.status.as_str()
    };
    assert_eq!(status(&world).await, "connecting");

    let old = world.connect_agent(&daemon.agent);
    World::wait_for(&mut events, is_mine).await;
    assert_eq!(status(&world).await, "connected");
    let (mut sender, mut receiver) = old.stream(tailnet::method::COORDINATE).await.unwrap();
    sender.send(&CoordinateRequest::default()).await.unwrap();
    while world.state.net.coordinator.peer_count() == 0 {
        tokio::task::yield_now().await;
    }

    let new = world.connect_agent(&daemon.agent);
    let told: CoordinateResponse = receiver.next().await.unwrap().unwrap();
    assert!(told.error.contains("the same workspace daemon token connected again"), "{}", told.error);
    old.closed().await;
    World::wait_for(&mut events, is_mine).await;
    assert_eq!(status(&world).await, "connected", "the older one's end is not the daemon's end");

    new.close();
    World::wait_for(&mut events, is_mine).await;
    assert_eq!(status(&world).await, "disconnected");

    let last = world.connect_agent(&daemon.agent);
    World::wait_for(&mut events, is_mine).await;
    assert_eq!(status(&world).await, "connected");
    world.retire(id).await;
    last.closed().await;
}

#[tokio::test]
async fn sub_daemons_are_made_listed_and_deleted_by_their_parent() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let (one, other) = (world.workspace(&owner.user, "dev").await, world.workspace(&owner.user, "other").await);
    let (parent, stranger) = (world.connect_agent(&one.agent), world.connect_agent(&other.agent));
    let app = |slug: &str| agent::SubAgentApp { slug: slug.into(), ..Default::default() };
    let request = |name: &str| agent::CreateSubAgentRequest {
        name: name.into(),
        directory: "/workspaces".into(),
        apps: vec![app("code"), app("not a slug"), app("code")],
        display_apps: vec![0, 2, 77],
        ..Default::default()
    };
    let name = method::CREATE_SUB_AGENT;
    assert!(refused(&parent, name, request("no name!")).await.contains("letters and digits"));
    assert!(refused(&parent, name, request("main")).await.contains("already in the workspace"));
    let made: agent::CreateSubAgentResponse = call(&parent, name, request("container")).await;
    let errors: Vec<i32> = made.app_creation_errors.iter().map(|error| error.index).collect();
    assert_eq!(errors, [1, 2]);
    let sub = made.agent.unwrap();
    let token = Uuid::from_slice(&sub.auth_token).unwrap().to_string();
    let hash = crate::token::agent_hash(&token);
    let (_, identity) = world.state.store.read(move |db| agents::by_token_hash(db, &hash)).await.unwrap();
    assert_eq!((identity.name.as_str(), identity.workspace_name.as_str()), ("container", "dev"));
    assert_eq!(
        world.value::<String>("SELECT display_apps FROM agents WHERE name = 'container'").await,
        r#"["vscode","web_terminal"]"#
    );

    let child = world.connect_agent(&identity);
    let manifest: Manifest = call(&child, method::GET_MANIFEST, Empty {}).await;
    assert_eq!(manifest.parent_id, Some(one.agent.id.to_wire()));
    assert!(refused(&child, name, request("deeper")).await.contains("sub-daemon"));

    let list: agent::ListSubAgentsResponse = call(&parent, method::LIST_SUB_AGENTS, Empty {}).await;
    assert_eq!(list.agents, std::slice::from_ref(&sub));
    let delete = || agent::DeleteSubAgentRequest { id: sub.id.clone() };
    assert!(refused(&stranger, method::DELETE_SUB_AGENT, delete()).await.contains("no such row"));
    let _: Empty = call(&parent, method::DELETE_SUB_AGENT, delete()).await;
    child.closed().await;
    let list: agent::ListSubAgentsResponse = call(&parent, method::LIST_SUB_AGENTS, Empty {}).await;
    assert!(list.agents.is_empty());
    let _ = PeerId::from(identity.id);
}
