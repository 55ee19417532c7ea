//! The tray program with the real tunnel: hosting here and a workspace elsewhere in one list, both reached by their names
//! with the system's `ssh` after one click, and a tunnel service that is killed and comes back.
//!
//! `HOMEPORT_TEST_SABOTAGE=TRAY` never clicks Connect.

use std::collections::BTreeSet;

use proto::ipc::{Event, NameService};
use tests::binary::run;
use tests::desk::{self, Desk, LATER, menu::Line, until};
use tests::lab::watch_until;
use tests::sabotaged;

use super::stage::{FIRST_NAME, Stage};

/// What the network's own server says of every name of ours: nobody may hear it while the tunnel is on.
const FOREIGN: &str = "192.0.2.66";

/// Our addresses begin so.
const PREFIX: &str = "fd60:627a:a42b:";

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_connects_by_the_real_tunnel_and_outlives_it() {
    let test = "the_tray_connects_by_the_real_tunnel_and_outlives_it";
    if !desk::is_ready(test) {
        return;
    }
    let Some(mut stage) = Stage::build(test, &[Some("bea")]).await else { return };
    stage.deployments[0].create("lab");
    let mut desk = Desk::start().await;
    desk.enter(&stage.person);
    desk.set("HOMEPORT_TUNNEL_SOCKET", stage.service.socket().to_str().unwrap());
    let (url, token) = (stage.deployments[0].host.url(), stage.deployments[0].host.session().1);
    run(desk.homeport(&["login", &url]).env("CODER_SESSION_TOKEN", token));
    desk.start_panel().await;
    desk.start_tray(&[]).await;
    desk.click(&["Host workspaces"]).await;
    let menu = desk.menu_within(FIRST_NAME, "both run in one list", both_run).await;
    assert!(menu.has("● Homeport: hosting, not connected, 2 of 2 workspaces run"), "{}", menu.text());
    assert!(!is_on(&menu) && !has_device(&stage), "{}", menu.text());

    if !sabotaged("TRAY") {
        desk.click(&["Connect"]).await;
    }
    both_are_reached(&desk, &stage).await;
    desk.open_menu_by_mouse();
    desk.screenshot("5-menu-connected");
    desk.close_menu();
    desk.click(&["● box", "Copy box.coder"]).await;
    desk.clipboard("box.coder").await;
    desk.click(&["● lab", "Copy ssh lab.coder"]).await;
    desk.clipboard("ssh lab.coder").await;
    // What listens in `box`, which is this machine, by name: its server does.
    let menu = desk.menu_when("its server has a line", |menu| menu.has("This computer (127.0.0.1:")).await;
    let server = menu.find("This computer (127.0.0.1:").unwrap().label.clone();
    let page = format!("http://box.coder:{}", server.split([':', ')']).nth(1).unwrap());
    desk.click(&["● box", "Ports", &format!("Open {page}")]).await;
    assert_eq!(desk.call("xdg-open").await[0], format!("{page}/"));
    // It is reached, and refuses to be called by a name that is not its own.
    assert_eq!(stage.sh(&format!("curl -sS -o /dev/null -w '%{{http_code}}' {page}/")), "403");

    desk.click(&["Connect"]).await;
    desk.menu_when("it is off", |menu| !is_on(menu) && menu.has("● Homeport: hosting, not connected")).await;
    nothing_is_left(&stage).await;
    desk.click(&["Connect"]).await;
    both_are_reached(&desk, &stage).await;

    // The service dies in the middle of it: the menu says so, with what to do, and the rest goes on.
    stage.kill_service();
    let gone = |menu: &Line| menu.at(&["Connect (no tunnel service)", "Start it: systemctl start"]).is_some();
    let menu = desk.menu_when("the menu says what is missing", gone).await;
    assert!(both_run(&menu), "{}", menu.text());
    nothing_is_left(&stage).await;
    desk.click(&["● lab", "Stop"]).await;
    desk.menu_within(LATER, "lab is stopped", |menu| menu.has("○ lab: stopped") && menu.has("● box: running")).await;
    desk.click(&["○ lab", "Start"]).await;
    let menu = desk.menu_within(LATER, "lab runs again", both_run).await;
    assert!(gone(&menu), "{}", menu.text());

    // It is found again, and asked for what it reached, without a click.
    stage.restart_service();
    both_are_reached(&desk, &stage).await;

    // Once the names belong to the network again, they are asked of it: no capture may see that.
    stage.judge();
    desk.click(&["Connect"]).await;
    desk.menu_when("it is off again", |menu| !is_on(menu)).await;
    nothing_is_left(&stage).await;
    let is_foreign = || async {
        let found = tests::binary::output(stage.program("getent").args(["ahostsv4", "box.coder"]));
        String::from_utf8_lossy(&found.stdout).starts_with(FOREIGN).then_some(())
    };
    until(LATER, "the name is the network's", is_foreign).await;
    desk.click(&["Quit…", "Quit, disconnect"]).await;
    assert!(desk.tray_ends().await.success());
}

fn both_run(menu: &Line) -> bool {
    menu.has("● box: running") && menu.has("● lab: running")
}

fn is_on(menu: &Line) -> bool {
    menu.find("Connect").is_some_and(|line| line.is_on)
}

/// The menu says so, the resolver was told, and `ssh` without a configuration enters each by its name.
async fn both_are_reached(desk: &Desk, stage: &Stage) {
    let is_shown = |menu: &Line| {
        let connected = menu.has("● Homeport: connected, 2 of 2 workspaces run") && is_on(menu);
        connected && menu.has("● box: running, ") && menu.has("● lab: running, ")
    };
    desk.menu_within(FIRST_NAME, "connected, with the way to both", is_shown).await;
    let (mut is_told, mut named) = (false, BTreeSet::new());
    watch_until(&stage.service.socket(), FIRST_NAME, |event| {
        match event {
            Event::Service(status) => is_told = status.names == Some(NameService::Resolved),
            Event::Deployment(status) if status.names > 0 => drop(named.insert(status.url.clone())),
            _ => {}
        }
        is_told && named.len() == 2
    })
    .await;
    for name in ["box", "lab"] {
        stage.enters(name);
    }
    // The kernel repeats what a stream's end did not acknowledge, also when the tunnel is gone meanwhile.
    let is_quiet = || async {
        let streams = run(stage.person.command("ss").args(["-Hnt6"]));
        let is_open = |line: &str| line.contains(PREFIX) && !line.starts_with("TIME-WAIT");
        (!streams.lines().any(is_open)).then_some(())
    };
    until(LATER, "the streams through the tunnel are over", is_quiet).await;
}

fn has_device(stage: &Stage) -> bool {
    stage.person.ip(&["link"]).contains("homeport0")
}

/// Neither the device nor our suffix at the resolver.
async fn nothing_is_left(stage: &Stage) {
    let is_gone = || async {
        let domains = stage.resolved.sh("resolvectl domain --no-pager");
        (!has_device(stage) && !domains.contains("coder")).then_some(())
    };
    until(LATER, "the device and its names are gone", is_gone).await;
}
