//! The life of workspaces on a real listener with a false daemon: create, stop, delete, restart of the server, failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use house::{House, WAITS};
use proto::id::WorkspaceId;
use proto::rest::Time;
use proto::rest::build::{BuildReason, WorkspaceStatus};
use proto::rest::workspace::Workspace;
use server::builds::process;
use server::store::{now, workspaces};

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_made_stopped_started_and_deleted() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    assert_eq!(house.ended(build).await.status, WorkspaceStatus::Running);
    let first = house.process(&workspace).await.expect("a process");
    assert!(process::is_alive(first));
    let folder = house.folder.path().join("data/workspaces").join(&workspace);
    assert!(folder.join("home").is_dir());
    let mode = std::os::unix::fs::PermissionsExt::mode(&folder.join("agent-token").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let (status, taken) = house.post("/api/v2/users/me/workspaces", serde_json::json!({"name": "one"})).await;
    assert_eq!(status, 400, "no template: {taken}");

    let (_, logs) = house.get(&format!("/api/v2/workspacebuilds/{build}/logs")).await;
    let ids: Vec<i64> = logs.as_array().unwrap().iter().map(|line| line["id"].as_i64().unwrap()).collect();
    assert!(ids.len() >= 4 && ids.is_sorted_by(|one, two| one < two), "{logs}");
    let (_, rest) = house.get(&format!("/api/v2/workspacebuilds/{build}/logs?after={}", ids[1])).await;
    assert_eq!(rest.as_array().unwrap().len(), ids.len() - 2);

    assert_eq!(house.build(&workspace, "stop").await.status, WorkspaceStatus::Stopped);
    assert!(!process::is_alive(first), "stopping ends the process");
    assert!(folder.join("home").is_dir(), "and keeps the home");
    assert_eq!(house.build(&workspace, "start").await.status, WorkspaceStatus::Running);
    let second = house.process(&workspace).await.expect("a process");
    assert_ne!(first, second);
    assert_eq!(house.build(&workspace, "delete").await.status, WorkspaceStatus::Deleted);
    assert!(!process::is_alive(second) && !folder.exists());
    assert_eq!(house.get(&format!("/api/v2/workspaces/{workspace}")).await.0, 410);
    let (_, list) = house.get("/api/v2/workspaces").await;
    assert_eq!(list["count"], 0);
    // The name is free again.
    let (again, build) = house.create("one", "process").await;
    house.ended(build).await;
    house.build(&again, "delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_build_at_a_time() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    house.ended(build).await;
    let path = format!("/api/v2/workspaces/{workspace}/builds");
    let order = || house.post(&path, serde_json::json!({"transition": "stop"}));
    let (one, two, three) = tokio::join!(order(), order(), order());
    let mut codes = [one.0.as_u16(), two.0.as_u16(), three.0.as_u16()];
    codes.sort_unstable();
    // The first may have ended before the others came; then they queue behind it, one at a time.
    assert!(codes[0] == 201 && codes.iter().all(|code| matches!(code, 201 | 409)), "{codes:?}");
    for answer in [one, two, three].into_iter().filter(|answer| answer.0 == 201) {
        house.ended(answer.1["id"].as_str().unwrap().parse().unwrap()).await;
    }
    house.build(&workspace, "delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_survives_a_restart_of_the_server_and_is_adopted() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    house.ended(build).await;
    let before = house.process(&workspace).await.expect("a process");
    let House { folder, server, token, .. } = house;
    let address = server.address;
    server.stop().await;
    assert!(process::is_alive(before), "the daemon does not die with the server");
    let mut config = house::config(folder.path(), WAITS);
    config.listen = address;
    let house = House::with(folder, config).await;
    assert_eq!(house.token, token, "the local session is kept");
    assert_eq!(house.process(&workspace).await, Some(before), "the same process is adopted");
    house.build(&workspace, "delete").await;
    assert!(!process::is_alive(before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_was_interrupted_runs_again_and_leaves_no_orphan() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    house.ended(build).await;
    let before = house.process(&workspace).await.expect("a process");
    // As a kill in the middle of the build would have left the rows.
    let interrupt = move |db: &server::store::Db| {
        db.execute("UPDATE jobs SET status = 'running', completed_at = NULL WHERE kind = 'workspace_build'", [])?;
        db.execute("UPDATE builds SET open = 1", [])?;
        Ok(())
    };
    house.server.state.store.write(interrupt).await.unwrap();
    let House { folder, server, .. } = house;
    server.stop().await;
    let config = house::config(folder.path(), WAITS);
    let house = House::with(folder, config).await;
    assert_eq!(house.ended(build).await.status, WorkspaceStatus::Running);
    assert!(!process::is_alive(before), "what the first run started is gone");
    let after = house.process(&workspace).await.expect("a process");
    assert!(process::is_alive(after));
    let (_, logs) = house.get(&format!("/api/v2/workspacebuilds/{build}/logs")).await;
    assert!(logs.to_string().contains("runs again"), "{logs}");
    house.build(&workspace, "delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_cannot_start_fails_the_build_with_a_reason() {
    for (daemon, reason) in [("#!/bin/sh\nexit 3\n", "ended at once"), ("#!/no/such/shell\n", "ended at once")] {
        let house = House::new(daemon).await;
        let (workspace, build) = house.create("one", "process").await;
        let build = house.ended(build).await;
        // A program that ends within the first look may still have counted as started; then the supervisor has it.
        if build.status == WorkspaceStatus::Failed {
            assert!(build.job.error.contains(reason), "{}", build.job.error);
        } else {
            assert_eq!(build.status, WorkspaceStatus::Running);
        }
        house.build(&workspace, "delete").await;
    }
    let house = House::new(WAITS).await;
    std::fs::remove_file(house.folder.path().join("homeport")).unwrap();
    let (_, build) = house.create("one", "process").await;
    let build = house.ended(build).await;
    assert_eq!(build.status, WorkspaceStatus::Failed);
    assert!(build.job.error.contains("not there"), "{}", build.job.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_stops_at_the_deadline_and_starts_by_the_schedule_and_use_moves_the_deadline() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    house.ended(build).await;
    let path = format!("/api/v2/workspaces/{workspace}");
    let state = &house.server.state;
    let id: WorkspaceId = workspace.parse().unwrap();
    let set_deadline = async |minutes: i64| {
        let deadline = Some((now().0 + time::Duration::minutes(minutes)).into());
        state.store.write(move |db| workspaces::set_deadline(db, id, deadline, now())).await.unwrap();
        state.builds.clock.notify_one();
    };
    let latest = async || house.get(&path).await.1["latest_build"].clone();

    // In use: the deadline is an hour from now, and nothing is stopped.
    set_deadline(10).await;
    let before = latest().await["deadline"].clone();
    assert_eq!(house.post(&format!("{path}/usage"), serde_json::json!({})).await.0, 204);
    let after = latest().await["deadline"].clone();
    assert!(after.as_str().unwrap() > before.as_str().unwrap(), "{before} {after}");

    set_deadline(-1).await;
    let becomes = async |reason: BuildReason, status: WorkspaceStatus| {
        let is_so = |one: &Workspace| one.latest_build.reason == reason && one.latest_build.status == status;
        house.until(&path, is_so).await
    };
    let stopped = becomes(BuildReason::Autostop, WorkspaceStatus::Stopped).await;
    assert!(stopped.latest_build.deadline.is_none(), "a stopped workspace has no end");

    // A schedule that was due yesterday, while this computer slept.
    let schedule = serde_json::json!({"schedule": "CRON_TZ=Europe/Berlin 0 9 * * *"});
    assert_eq!(house.put(&format!("{path}/autostart"), schedule).await.0, 204);
    assert!(house.get(&path).await.1["next_start_at"].is_string());
    assert_eq!(latest().await["reason"], "autostop", "the next time is not yet");
    let yesterday: Time = (now().0 - time::Duration::hours(25)).into();
    let move_back = state.store.write(move |db| {
        let values = (yesterday.unix_micros(), id.to_string());
        Ok(db.execute("UPDATE builds SET created_at = ?1 WHERE workspace_id = ?2", values)?)
    });
    move_back.await.unwrap();
    state.builds.clock.notify_one();
    becomes(BuildReason::Autostart, WorkspaceStatus::Running).await;

    let nowhere = serde_json::json!({"schedule": "CRON_TZ=Mars/X 0 9 * * *"});
    let refused = house.put(&format!("{path}/autostart"), nowhere).await;
    assert_eq!(refused.0, 400);
    assert!(refused.1.to_string().contains("Mars/X"), "{}", refused.1);
    house.build(&workspace, "delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_workspace_gives_a_token_to_its_owner_alone_and_runs_nothing_here() {
    let house = House::new(WAITS).await;
    let member = house.person("member").await;
    let (_, template) = house.get("/api/v2/organizations/default/templates/external").await;
    let version = template["active_version_id"].as_str().unwrap();
    let (_, version) = house.get(&format!("/api/v2/templateversions/{version}")).await;
    assert_eq!(version["has_external_agent"], true);

    // Whoever has an account may bring a computer; only the owner of the site may use this one.
    let order = |id: &serde_json::Value| Some(serde_json::json!({"name": "laptop", "template_id": id}));
    let make = "/api/v2/users/me/workspaces";
    let (_, process) = house.get("/api/v2/organizations/default/templates/process").await;
    assert_eq!(house.call_as(&member, reqwest::Method::POST, make, order(&process["id"])).await.0, 403);
    let (status, made) = house.call_as(&member, reqwest::Method::POST, make, order(&template["id"])).await;
    assert_eq!(status, 201, "{made}");
    let workspace = made["id"].as_str().unwrap().to_owned();
    let build = house.ended(made["latest_build"]["id"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!((build.status, build.has_external_agent), (WorkspaceStatus::Running, Some(true)));
    assert!(house.process(&workspace).await.is_none(), "nothing runs here");

    let path = format!("/api/v2/workspaces/{workspace}/external-agent/main/credentials");
    let ask = async |who: &str| house.call_as(who, reqwest::Method::GET, &path, None).await;
    let (status, given) = ask(&member).await;
    assert_eq!(status, 200, "{given}");
    let token = given["agent_token"].as_str().unwrap().to_owned();
    assert!(given["command"].as_str().unwrap().contains(&token));
    assert_eq!(ask(&house.token).await.0, 403, "not even the owner of the site");
    assert_eq!(ask(&house.person("stranger").await).await.0, 404);
    let other = path.replace("/main/", "/other/");
    assert_eq!(house.call_as(&member, reqwest::Method::GET, &other, None).await.0, 400);

    // The token is the daemon's, until the workspace is stopped.
    let key = async |token: &str| {
        house.call_as(token, reqwest::Method::GET, "/api/v2/workspaceagents/me/gitsshkey", None).await.0
    };
    assert_eq!(key(&token).await, 200);
    house.build(&workspace, "stop").await;
    assert_eq!(key(&token).await, 401);
    assert_eq!(ask(&member).await.0, 400, "a stopped one has none");
    house.build(&workspace, "start").await;
    let again = ask(&member).await.1["agent_token"].as_str().unwrap().to_owned();
    assert_ne!(again, token);
    assert_eq!(key(&again).await, 200);
    house.build(&workspace, "delete").await;
    assert_eq!(key(&again).await, 401);
    assert_eq!(ask(&member).await.0, 404);
    assert!(!house.folder.path().join("data/workspaces").join(&workspace).exists());
}
