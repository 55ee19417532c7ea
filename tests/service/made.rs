//! `make run` on a desktop, as far as it is ours: the script that it ends in, with a panel, a resolver and a tunnel service
//! of its own. All that is done here is done from the menu that it puts there.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use tests::binary;
use tests::desk::{self, Desk, LATER, menu::Line, until};

use super::stage::{FIRST_NAME, Stage};

#[tokio::test(flavor = "multi_thread")]
async fn make_run_on_a_desktop_shows_the_icon_and_all_is_done_from_its_menu() {
    let test = "make_run_on_a_desktop_shows_the_icon_and_all_is_done_from_its_menu";
    if !desk::is_ready(test) {
        return;
    }
    let Some(mut stage) = Stage::build(test, &[Some("bea")]).await else { return };
    // The script starts its own.
    stage.kill_service();
    let mut desk = Desk::start().await;
    desk.start_panel().await;
    let mut made = start(&stage, &desk);

    desk.wait_for_icon().await;
    let connected =
        |menu: &Line| menu.has("● Homeport: connected, 1 of 1 workspace runs") && menu.has("● box: running, ");
    desk.menu_within(FIRST_NAME, "box runs and is connected", connected).await;
    desk.open_menu_by_mouse();
    desk.screenshot("6-make-run");
    desk.close_menu();
    // The server that the script started is the one that the switch finds.
    desk.click(&["Host workspaces on this computer"]).await;
    let is_on = |menu: &Line| menu.find("Host workspaces on this computer").is_some_and(|line| line.is_on);
    desk.menu_when("it hosts", |menu| is_on(menu) && connected(menu)).await;

    desk.click(&["● box", "Copy ssh box.coder"]).await;
    desk.clipboard("ssh box.coder").await;
    stage.enters("box");
    desk.click(&["● box", "Stop"]).await;
    desk.menu_within(LATER, "box is stopped", |menu| menu.has("○ box: stopped")).await;
    desk.click(&["○ box", "Start"]).await;
    desk.menu_within(FIRST_NAME, "box runs again", connected).await;
    stage.enters("box");

    // What ends the script ends all of it.
    stage.resolved.sh(&format!("kill -TERM $(cat {})", desk.path("made.pid").display()));
    let ended = tokio::task::spawn_blocking(move || made.wait().unwrap());
    let status = tokio::time::timeout(FIRST_NAME, ended).await.expect("make run ends").unwrap();
    let said = std::fs::read_to_string(desk.path("made.log")).unwrap();
    assert!(status.success(), "{status}\n{said}");
    assert!(said.contains("tray       the house in the panel"), "{said}");
    assert!(said.contains("names for every program"), "{said}");
    assert!(!stage.person.ip(&["link"]).contains("homeport0"), "{said}");
    until(LATER, "the icon is gone", || async { desk.registered().await?.is_empty().then_some(()) }).await;
}

/// The script in the person's network, with the system bus of its resolver and the desktop's everything else.
fn start(stage: &Stage, desk: &Desk) -> std::process::Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/run");
    let programs = binary::path("homeport-server");
    let line = format!("echo $$ >{}; exec \"$0\" \"$1\"", desk.path("made.pid").display());
    let mut run = stage.resolved.command("sh");
    run.args(["-c", &line]).arg(script).arg(programs.parent().unwrap_or(Path::new("/")));
    for (name, value) in desk.command("true").get_envs() {
        if let Some(value) = value.filter(|_| name != "PATH" && name != "DBUS_SYSTEM_BUS_ADDRESS") {
            run.env(name, value);
        }
    }
    run.env("HOMEPORT_TUNNEL_SOCKET", desk.path("tunnel/tunnel.sock"));
    let log = File::create(desk.path("made.log")).unwrap();
    run.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
