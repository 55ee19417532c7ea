//! What two may claim at a time: being the tray program (F26), a tunnel whose tray was killed (F07), a port (F24).

use std::net::TcpListener;
use std::process::Stdio;

use tests::host::{Host, Setup, processes_of};
use tests::sabotaged;
use tokio::task::JoinSet;

use super::stage::{Desk, LATER, SOON, is_ready, until};
use super::tunnelled::{Tunnel, daemon_of, sign_in};

/// Starts at a time.
const STARTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn of_many_starts_at_once_one_stays_and_the_others_hand_over() {
    if !is_ready("many starts at once") {
        return;
    }
    let mut desk = Desk::start().await;
    desk.start_panel().await;
    let program = tests::binary::path("homeport-desktop");
    let start = |number: usize| {
        let mut command = desk.command(&program);
        if sabotaged("F26") {
            // Everyone in a place of its own: nobody can hand over to anybody.
            let own = desk.path(&format!("run/{number}"));
            std::fs::create_dir(&own).unwrap();
            command.env("XDG_RUNTIME_DIR", own);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut ends = JoinSet::new();
    for mut child in (0..STARTS).map(start) {
        ends.spawn_blocking(move || child.wait().unwrap());
    }
    for _ in 1..STARTS {
        let end = tokio::time::timeout(LATER, ends.join_next()).await.expect("all but one hand over");
        let end = end.unwrap().unwrap();
        assert!(end.success(), "a second start is no error: {end}");
    }
    until(SOON, "one icon", || async { (desk.registered().await?.len() == 1).then_some(()) }).await;
    let name = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let all = processes_of(&desk.path("")).into_iter();
    assert_eq!(all.filter(|pid| name(*pid).starts_with("homeport-deskto")).count(), 1);
    drop(desk);
    let last = tokio::time::timeout(LATER, ends.join_next()).await.expect("it ends with its desktop");
    assert!(last.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tray_that_is_killed_leaves_the_tunnel_on_and_finds_it_so() {
    if !is_ready("a tray that is killed") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    let tunnel = Tunnel::start(&desk, daemon_of(&host).await);
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    desk.click(&["Connect"]).await;
    desk.menu_when("it is connected", |menu| menu.has("● Homeport: connected")).await;
    desk.kill_tray();
    desk.start_tray(&["--minimized"]).await;
    desk.menu_when("it is connected still", |menu| menu.has("● Homeport: connected")).await;
    assert_eq!(tunnel.connected.lock().unwrap().len(), 1, "asked for once, never taken back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_port_that_is_taken_is_said_and_left_to_its_owner() {
    if !is_ready("a port that is taken") {
        return;
    }
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let address = stranger.local_addr().unwrap();
    let mut desk = Desk::start().await;
    desk.set("CODER_HTTP_ADDRESS", address.to_string());
    desk.start_tray(&["--host"]).await;
    let said = format!("{address} cannot be listened on");
    desk.menu_within(LATER, "it says which", |menu| menu.text().contains(&said)).await;
    let heard = stranger.accept().map(|(_, from)| from).map_err(|error| error.kind());
    assert_eq!(heard, Err(std::io::ErrorKind::WouldBlock), "no word, and no token, goes to the stranger");
}
