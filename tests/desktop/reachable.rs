//! This computer as a workspace of somebody else's server: made reachable from the menu, entered by another client, paused,
//! resumed, revoked, and its token worth nothing then.

use std::cell::RefCell;
use std::process::{Child, Stdio};
use std::time::Duration;

use tests::binary::{output, run, said};
use tests::host::{Host, Setup};

use super::notifications::Notifications;
use super::stage::{Desk, LATER, is_ready, until};
use super::tunnelled::sign_in;

/// A pause is over in this time on a busy machine; people notice seconds.
const SECONDS: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn this_computer_is_a_workspace_elsewhere_until_it_is_paused_or_revoked() {
    if !is_ready("being reachable") {
        return;
    }
    let host = Host::start(Setup::default()).await;
    let mut desk = Desk::start().await;
    desk.start_panel().await;
    sign_in(&desk, &host);
    let notifications = Notifications::start(&desk).await;
    desk.start_tray(&[]).await;
    let place = host.url().replace("http://", "");
    desk.click(&["Make this computer reachable", &format!("At {place}")]).await;
    let asked = notifications.with("can then open shells on this computer").await;
    assert!(asked.body.contains(&place), "{asked:?}");
    desk.menu_when("the menu asks too", |menu| menu.has("⚠ Make this computer reachable at")).await;
    assert!(!registration(&desk).exists(), "nothing without a yes");
    notifications.press(&asked, "Make it reachable").await;
    let menu = desk
        .menu_within(LATER * 2, "it is reachable", |menu| menu.has("Reachable as") && menu.has("nobody is connected"))
        .await;
    let title = menu.below.iter().find(|line| line.label.starts_with("Reachable as ")).unwrap().label.clone();
    let name = title.strip_prefix("Reachable as ").unwrap().split(' ').next().unwrap().to_owned();

    // Somebody at another desk, who knows the server and nothing of this one.
    let who = host.homeport(&["ssh", &name, "echo $HOME"]);
    assert_eq!(ssh(who), format!("{}\n", desk.path("home").display()));
    let token = std::fs::read_to_string(desk.path("home/.local/state/homeport/reachable/token")).unwrap();
    assert!(host.accepts(&token).await, "the control: the token is good");
    let arguments = daemon_arguments(&desk);
    assert!(arguments.contains("--agent-token-file") && !arguments.contains(&token), "{arguments}");

    // Who is connected is in the menu, and a pause ends it.
    let shell = RefCell::new(stay(&host, &name));
    desk.menu_within(LATER, "a session is shown", |menu| {
        menu.has(&format!("Reachable as {name}")) && menu.has("1 session")
    })
    .await;
    let line = format!("Reachable as {name}");
    desk.click(&[&line, "Pause"]).await;
    until(SECONDS, "the session ends", || {
        let ended = shell.borrow_mut().try_wait().unwrap();
        async move { ended.map(|_| ()) }
    })
    .await;
    desk.menu_within(LATER, "it is paused", |menu| menu.has("paused")).await;
    assert!(daemon_arguments(&desk).is_empty(), "no daemon runs");

    // A pause outlives the tray.
    desk.kill_tray();
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "it is paused still", |menu| menu.has("paused")).await;
    let status = output(&mut desk.homeport(&["reachable", "status"]));
    assert!(!status.status.success() && said(&status).contains("paused"), "{}", said(&status));

    desk.click(&[&line, "Resume"]).await;
    desk.menu_within(LATER, "it is reachable again", |menu| menu.has("nobody is connected")).await;
    assert_eq!(ssh(host.homeport(&["ssh", &name, "echo again"])), "again\n");

    // A daemon that dies is started again by the tray.
    let pid = daemon_pid(&desk).unwrap();
    run(std::process::Command::new("kill").args(["-9", &pid.to_string()]));
    until(LATER, "another daemon", || async { daemon_pid(&desk).filter(|other| *other != pid) }).await;
    desk.menu_within(LATER, "it is reachable once more", |menu| menu.has("nobody is connected")).await;

    let token = std::fs::read_to_string(desk.path("home/.local/state/homeport/reachable/token")).unwrap();
    assert!(host.accepts(&token).await, "the control");
    desk.click(&[&line, "Revoke…", "Revoke now"]).await;
    desk.menu_within(LATER, "it is offered anew", |menu| {
        menu.below.iter().any(|line| line.label == "Make this computer reachable")
    })
    .await;
    assert!(!registration(&desk).exists() && daemon_arguments(&desk).is_empty());
    assert!(!host.accepts(&token).await, "the token is void");
    let list = run(&mut host.homeport(&["list"]));
    assert!(!list.contains(&name), "{list}");
}

fn registration(desk: &Desk) -> std::path::PathBuf {
    desk.path("home/.local/state/homeport/reachable/registration.json")
}

fn ssh(mut command: std::process::Command) -> String {
    let done = output(&mut command);
    assert!(done.status.success(), "{}", said(&done));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A session that stays.
fn stay(host: &Host, name: &str) -> Child {
    let mut command = host.homeport(&["ssh", name, "sleep 600"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The daemon of this desktop.
fn daemon_pid(desk: &Desk) -> Option<u32> {
    let socket = desk.path("home/.local/state/homeport/reachable/daemon.sock").display().to_string();
    tests::host::processes_of(&desk.path("")).into_iter().find(|pid| arguments(*pid).contains(&socket))
}

fn daemon_arguments(desk: &Desk) -> String {
    daemon_pid(desk).map(arguments).unwrap_or_default()
}

fn arguments(pid: u32) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).replace('\0', " ")
}
