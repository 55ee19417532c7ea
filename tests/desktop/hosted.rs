//! The main job: hosting switched on from the menu, `box` copied, opened, stopped and started; a second deployment in the
//! same list at the same time; off again, and nothing left.

use std::process::Command;
use std::time::{Duration, Instant};

use tests::binary::{output, run, said};
use tests::host::{Host, Setup, processes_of};

use super::stage::{Desk, LATER, is_ready, until};

#[tokio::test(flavor = "multi_thread")]
async fn hosting_is_a_switch_and_the_first_workspace_does_everything_from_the_menu() {
    if !is_ready("hosting from the menu") {
        return;
    }
    let mut desk = Desk::with_tray().await;
    desk.menu_when("nothing is there yet", |menu| menu.has("○ Homeport: not connected, no workspaces")).await;
    desk.screenshot("1-icon-off");

    let start = Instant::now();
    desk.click(&["Host workspaces"]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    let first = start.elapsed();
    eprintln!("from the switch to the first workspace: {first:?}");
    assert!(first < Duration::from_secs(10), "the first workspace took {first:?}");
    desk.menu_when("the switch is on", |menu| menu.at(&["Host workspaces"]).is_some_and(|line| line.is_on)).await;

    desk.click(&["● box", "Copy box.coder"]).await;
    desk.clipboard("box.coder").await;
    desk.click(&["● box", "Copy ssh box.coder"]).await;
    desk.clipboard("ssh box.coder").await;
    desk.open_menu_by_mouse();
    desk.screenshot("2-menu-hosting");
    desk.close_menu();

    // What the menu's line "Teach SSH the names" runs in a terminal, answered.
    let config = desk.path("ssh_config");
    run(&mut desk.homeport(&["config-ssh", "--yes", "--ssh-config-file", config.to_str().unwrap()]));
    let ssh = |command: &str| {
        let mut ssh = desk.command("ssh");
        ssh.arg("-F").arg(&config).args(["-o", "BatchMode=yes", "box.coder", command]);
        run(&mut ssh)
    };
    assert_eq!(ssh("echo $CODER_WORKSPACE_NAME"), "box\n");

    desk.click(&["● box", "Stop"]).await;
    desk.menu_within(LATER, "box is stopped", |menu| menu.has("○ box: stopped")).await;
    desk.screenshot("3-icon-hosting");
    desk.click(&["○ box", "Start"]).await;
    desk.menu_within(LATER, "box runs again", |menu| menu.has("● box: running")).await;
    assert_eq!(ssh("echo again"), "again\n");
    // It may be over before the menu was drawn once; the server counts.
    let before = builds(&desk).await;
    desk.click(&["● box", "Restart"]).await;
    until(LATER, "a stop and a start", || async { (builds(&desk).await == before + 2).then_some(()) }).await;
    desk.menu_within(LATER, "box was restarted", |menu| menu.has("● box: running")).await;

    two_deployments_are_one_list(&desk).await;

    let server = server_pid(&desk);
    desk.click(&["Host workspaces"]).await;
    until(LATER, "the server ended", || async { (!is_alive(server)).then_some(()) }).await;
    let menu = desk
        .menu_within(LATER, "only the other is left", |menu| menu.has("No workspaces: host") || !menu.has("box"))
        .await;
    assert!(!menu.has("● box"), "{}", menu.text());
    desk.click(&["Quit…", "Quit, disconnect"]).await;
    assert!(desk.tray_ends().await.success());
}

/// How many builds `box` had.
async fn builds(desk: &Desk) -> i32 {
    let session = client::sessions::local::load(&desk.path("home/.local/share/homeport/server")).unwrap();
    let deployment = client::Deployment::new(session.url, session.token).unwrap();
    deployment.workspace_of("me", "box").await.unwrap().latest_build.build_number
}

/// A second deployment, signed in by the command line while the tray runs.
async fn two_deployments_are_one_list(desk: &Desk) {
    let other = Host::start(Setup { first_workspace: Some("lab"), ..Setup::default() }).await;
    let (url, token) = other.session();
    let mut login = desk.homeport(&["login", &url]);
    run(login.env("CODER_SESSION_TOKEN", token));
    let both = |menu: &tests::desk::menu::Line| menu.has("● box: running") && menu.has("● lab: running");
    let menu = desk.menu_within(LATER, "both run in one list", both).await;
    assert!(menu.has("This computer (127.0.0.1:"), "{}", menu.text());
    assert!(menu.has("Homeport: hosting, not connected, 2 of 2 workspaces run"), "{}", menu.text());
    desk.open_menu_by_mouse();
    desk.screenshot("4-menu-two-deployments");
    desk.close_menu();
    desk.click(&["● lab", "Copy lab.coder"]).await;
    desk.clipboard("lab.coder").await;

    // The terminal is told to reach the right one, and that works.
    desk.click(&["● lab", "Open a terminal"]).await;
    let call = desk.call("x-terminal-emulator").await;
    let words: Vec<_> = call.iter().take_while(|word| *word != "--- input").collect();
    assert_eq!(words[0], "-e", "{call:?}");
    let mut shell = desk.command(words[1]);
    let there = output(shell.args(&words[2..]).arg("echo $CODER_WORKSPACE_NAME"));
    assert_eq!(String::from_utf8_lossy(&there.stdout), "lab\n", "{}", said(&there));

    desk.click(&["● lab", "Stop"]).await;
    desk.menu_within(LATER, "only lab is stopped", |menu| menu.has("○ lab: stopped") && menu.has("● box: running"))
        .await;
    desk.click(&["○ lab", "Start"]).await;
    desk.menu_within(LATER, "lab runs again", both).await;

    drop(other);
    desk.menu_within(LATER, "the other is gone, ours is not", |menu| {
        menu.has("▲ cannot reach") && menu.has("● box: running")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_outlives_the_tray_and_is_found_again_and_one_that_dies_comes_back() {
    if !is_ready("servers found again") {
        return;
    }
    let mut desk = Desk::with_tray().await;
    desk.click(&["Host workspaces"]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    let first = server_pid(&desk);

    desk.kill_tray();
    assert!(is_alive(first), "a killed tray takes no server with it");
    desk.start_tray(&["--minimized"]).await;
    desk.menu_within(LATER, "box still runs", |menu| menu.has("● box: running")).await;
    assert_eq!(server_pid(&desk), first, "found again, not doubled");

    run(Command::new("kill").args(["-9", &first.to_string()]));
    until(LATER, "another server", || async {
        (server_pid(&desk) != first && is_alive(server_pid(&desk))).then_some(())
    })
    .await;
    desk.menu_within(LATER, "box runs under the new one", |menu| menu.has("● box: running")).await;

    // Quitting keeps what runs, once that was the answer; the answer is kept.
    let second = server_pid(&desk);
    desk.click(&["Quit…", "Quit, stay"]).await;
    assert!(desk.tray_ends().await.success());
    assert!(is_alive(second));
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "it was chosen", |menu| menu.has("Quit (connection and hosting go on)")).await;
    desk.click(&["Settings", "Stay connected"]).await;
    desk.click(&["Quit (disconnects, stops hosting)"]).await;
    assert!(desk.tray_ends().await.success());
    until(LATER, "the server ended", || async { (!is_alive(second)).then_some(()) }).await;
    until(LATER, "nothing is left", || async { left(&desk).is_empty().then_some(()) }).await;
}

/// Programs of ours that still run on this desktop.
fn left(desk: &Desk) -> Vec<String> {
    let name = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    processes_of(&desk.path("")).into_iter().map(name).filter(|name| name.starts_with("homeport")).collect()
}

fn server_pid(desk: &Desk) -> u32 {
    let file = desk.path("home/.local/share/homeport/server/local-session.json");
    let session: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    u32::try_from(session["pid"].as_u64().unwrap()).unwrap()
}

fn is_alive(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is gone.
    !state.is_empty() && !state.contains(") Z ")
}
