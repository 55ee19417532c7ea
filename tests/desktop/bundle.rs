//! The support bundle from the menu: made where downloads go, shown there, and nothing in it that must not leave.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::binary::{output, run, said, write_script};
use tests::host::{Host, Setup};

use super::notifications::Notifications;
use super::stage::{Desk, LATER, is_ready};
use super::tunnelled::sign_in;

/// Secrets of the kinds that this product knows, none of them known to it here. A marker stands beside each.
const CANARIES: &[&str] = &[
    "zK3mNq8RtY-aB9cD8eF7gH6iJ5kL4mN3o",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "mEv7Xq/2Lk+Jt0RzC4nB9wY1uH6sD3gF5aP8oK/iQe0=",
    "Hq7TzP4wLm2XcV9bNk5R",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_support_bundle_has_what_helps_and_no_secret() {
    if !is_ready("the support bundle") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    desk.start_panel().await;
    sign_in(&desk, &host);
    let (_, token) = host.session();
    // Every input holds every canary and the session's own token, and a marker that shows that it was an input.
    let mut secrets: Vec<String> = CANARIES.iter().map(|canary| (*canary).to_owned()).collect();
    secrets.push(token);
    let lines = |marker: &str| {
        let lines = secrets.iter().map(|secret| format!("{marker} x={secret} http://h/?t={secret} \"{secret}\"\n"));
        lines.collect::<String>() + &format!("{marker} {}/x and /home/somebody/y\n", desk.path("home").display())
    };
    let state = desk.path("home/.local/state/homeport");
    std::fs::create_dir_all(&state).unwrap();
    for marker in ["server.log", "server.log.1", "reachable.log"] {
        std::fs::write(state.join(marker), lines(&format!("marker-{marker}"))).unwrap();
    }
    // A workspace of this computer's own server, and its daemon's token, which looks like words.
    let workspace = desk.path("home/.local/share/homeport/server/workspaces/3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    std::fs::create_dir_all(workspace.join("home")).unwrap();
    let words = "correct-horse-battery";
    std::fs::write(workspace.join("daemon.log"), lines("marker-daemon") + words).unwrap();
    std::fs::write(workspace.join("agent-token"), words).unwrap();
    std::fs::write(workspace.join("home/own.log"), "marker-of-a-person").unwrap();
    let config = desk.path("home/.config/homeport");
    std::fs::create_dir_all(&config).unwrap();
    let settings = serde_json::json!({ "hosting": false, "note": lines("marker-settings"), "token": "horse" });
    std::fs::write(config.join("desktop.json"), settings.to_string()).unwrap();
    std::fs::write(desk.path("journal"), lines("marker-journal")).unwrap();
    write_script(&desk.path("bin/journalctl"), &format!("cat {}", desk.path("journal").display()));
    std::fs::create_dir(desk.path("home/Downloads")).unwrap();

    let notifications = Notifications::start(&desk).await;
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    desk.click(&["Help", "Make a support bundle"]).await;
    let told = notifications.within(LATER * 2, "support bundle").await;
    assert_eq!(told.title, "The support bundle is made", "{told:?}");
    notifications.press(&told, "Show in folder").await;
    let shown = desk.call("xdg-open").await;
    assert_eq!(Path::new(&shown[0]), desk.path("home/Downloads"));

    let entries = std::fs::read_dir(desk.path("home/Downloads")).unwrap();
    let made: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (names, text) = unpack(&made[0], &desk.path("unpacked"));
    assert!(names[0].ends_with("/summary.txt"), "on top: {names:?}");
    for marker in ["server.log", "server.log.1", "reachable.log", "daemon", "settings", "journal"] {
        assert!(text.contains(&format!("marker-{marker}")), "{marker} is not in it: {names:?}");
    }
    for helps in ["desktop.log", "homeport-desktop, process", "box: running", "Diagnosis", "UDP:", "ssh", &host.url()] {
        assert!(text.contains(helps) || names.iter().any(|name| name.contains(helps)), "{helps} is not in\n{text}");
    }
    let private = desk.path("home").display().to_string();
    for secret in
        secrets.iter().map(String::as_str).chain(["horse", words, "marker-of-a-person", "somebody", private.as_str()])
    {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
    }

    // The control: the same look at what was packed finds all of them.
    let before = std::fs::read_to_string(state.join("server.log")).unwrap();
    assert!(secrets.iter().all(|secret| before.contains(secret)));

    // What the real daemon of the real server said is where it is looked for.
    let of_host = desk.path("of-host.tar.gz");
    let mut again = desk.homeport(&["support", "bundle", "--output", of_host.to_str().unwrap()]);
    run(again.env("HOMEPORT_DATA_DIR", host.path("data")));
    let (names, text) = unpack(&of_host, &desk.path("unpacked-of-host"));
    assert!(names.iter().any(|name| name.ends_with("/logs/daemon-1.log")), "{names:?}");
    assert!(text.contains("connected to the server"), "{text}");

    // Neither is anything replaced.
    let again = output(&mut desk.homeport(&["support", "bundle", "--output", made[0].to_str().unwrap()]));
    assert!(!again.status.success() && said(&again).contains("is there already"), "{}", said(&again));
}

/// Names in their order, and all texts together.
fn unpack(archive: &Path, into: &Path) -> (Vec<String>, String) {
    let names = run(Command::new("tar").arg("-tzf").arg(archive));
    std::fs::create_dir(into).unwrap();
    run(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(into));
    let names: Vec<String> = names.lines().map(str::to_owned).collect();
    let texts = names.iter().map(|name| std::fs::read_to_string(into.join(name)).unwrap());
    let text = texts.collect::<Vec<_>>().join("\n");
    (names, text)
}
