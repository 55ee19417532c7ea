//! What the menu opens: each program with the arguments it knows, and nothing secret in them.

use tests::host::{Host, Setup};

use super::stage::{Desk, LATER, is_ready};
use super::tunnelled::{Tunnel, daemon_of, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_opened_with_what_they_know_and_no_secret() {
    if !is_ready("what the menu opens") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    let tunnel = Tunnel::start(&desk, daemon_of(&host).await);
    desk.start_tray(&["--connect"]).await;
    desk.menu_within(LATER, "box is reached", |menu| menu.has("● box: running, direct")).await;
    let (url, token) = host.session();
    let user = tests::binary::run(&mut host.homeport(&["whoami"]));
    assert!(!user.is_empty());

    desk.click(&["● box", "Open in VS Code"]).await;
    let code = desk.call("code").await;
    assert_eq!(code[..2], ["--remote", "ssh-remote+box.coder"]);
    assert!(code[2].starts_with('/'), "a folder: {code:?}");
    desk.click(&["● box", "Open in Cursor"]).await;
    assert_eq!(desk.call("cursor").await[..2], ["--remote", "ssh-remote+box.coder"]);

    desk.click(&["● box", "Open the remote desktop"]).await;
    let desktop = desk.call("x-terminal-emulator").await;
    assert!(desktop[1].ends_with("/xfreerdp3") && desktop[2] == "/v:box.coder:3389", "{desktop:?}");

    desk.click(&["● box", "Open in the dashboard"]).await;
    let page = format!("/@{}/box", user.split_whitespace().next().unwrap());
    desk.signs_in_at(&url, &page).await;
    desk.click(&["Open dashboard"]).await;
    desk.signs_in_at(&url, "/workspaces").await;
    desk.click(&["Create workspace"]).await;
    desk.signs_in_at(&url, "/templates").await;
    desk.click(&["● box", "Copy URL"]).await;
    desk.clipboard(&format!("{url}{page}")).await;

    desk.click(&["Help", "Diagnose"]).await;
    let diagnose = desk.call("x-terminal-emulator").await;
    assert!(diagnose.contains(&"diagnose".into()) && diagnose[..3] == ["-e", "sh", "-c"], "{diagnose:?}");
    desk.click(&["Settings", "Edit the settings file"]).await;
    assert!(desk.call("xdg-open").await[0].ends_with("/.config/homeport/desktop.json"));
    desk.click(&["Settings", "Start at login"]).await;
    let entry = desk.path("home/.config/autostart/homeport-desktop.desktop");
    super::stage::until(LATER, "the entry of the autostart", || async { entry.is_file().then_some(()) }).await;

    desk.click(&["● box", "Favourite"]).await;
    desk.menu_when("a star", |menu| menu.has("● ★ box: running")).await;

    // The token of the session is in no argument of a running program, and not in what was said.
    let secret = token.split('-').next_back().unwrap();
    for pid in tests::host::processes_of(&desk.path("")) {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(secret));
    }
    assert!(!desk.said().contains(secret));
    drop(tunnel);
}
