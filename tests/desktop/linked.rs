//! Links, and the one program per user that gets them: nothing opens without a yes, and a password is seen by the program
//! that needs it and by nobody else.

use tests::binary::said;
use tests::host::{Host, Setup};

use super::notifications::Notifications;
use super::stage::{Desk, LATER, is_ready, until};
use super::tunnelled::{Tunnel, daemon_of, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_a_desktop_after_a_yes_and_its_password_is_nowhere_else() {
    if !is_ready("links") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    let daemon = daemon_of(&host).await;
    let name = daemon.name.clone();
    let tunnel = Tunnel::start(&desk, daemon);
    let notifications = Notifications::start(&desk).await;
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    let authority = host.url().replace("http://", "");
    let link = |authority: &str| {
        format!("homeport://{authority}/v0/open/ws/box/agent/{name}/rdp?username=bob&password=canary")
    };

    // A second start hands over and ends.
    let second = desk.start_again(&[&link("evil.example.com")]);
    assert!(second.status.success(), "{}", said(&second));
    let refused = notifications.with("not at evil.example.com").await;
    assert!(refused.buttons.is_empty());
    desk.start_again(&["homeport://x/y"]);
    notifications.with("does not know").await;

    desk.start_again(&[&link(&authority)]);
    let asked = notifications.with("as bob").await;
    assert!(asked.body.contains("box at") && asked.body.contains(&authority), "{asked:?}");
    desk.menu_when("the menu asks too", |menu| menu.has("⚠ Open the desktop of box")).await;
    desk.click(&["⚠ Open the desktop of box", "Refuse"]).await;
    desk.menu_when("it was refused", |menu| !menu.has("⚠ Open the desktop")).await;

    desk.start_again(&[&link(&authority)]);
    let question = || async {
        let all = notifications.all();
        all.iter().rev().find(|shown| shown.id > asked.id && shown.body.contains("as bob")).cloned()
    };
    let again = until(LATER, "another question", question).await;
    notifications.press(&again, "Open").await;
    // The tunnel was off; the yes switches it on first.
    let call = desk.call("xfreerdp3").await;
    assert_eq!(call[..2], ["/v:box.coder:3389", "/u:bob"], "{call:?}");
    let input = call.iter().position(|line| line == "--- input").unwrap();
    assert_eq!(call[input + 1], "canary");
    assert!(!call[..input].iter().any(|argument| argument.contains("canary")), "{call:?}");
    assert_eq!(tunnel.connected.lock().unwrap().len(), 1);

    assert!(!desk.said().contains("canary"));
    assert!(!desk.menu().await.unwrap().text().contains("canary"));
    assert!(!format!("{:?}", notifications.all()).contains("canary"));

    desk.start_again(&[]);
    notifications.with("Homeport runs already").await;
    desk.start_again(&["--quit"]);
    assert!(desk.tray_ends().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_is_in_the_row_and_told_once_with_what_can_be_done() {
    if !is_ready("failed builds") {
        return;
    }
    let mut host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    sign_in(&desk, &host);
    let notifications = Notifications::start(&desk).await;
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    desk.click(&["● box", "Stop"]).await;
    desk.menu_within(LATER, "box is stopped", |menu| menu.has("○ box: stopped")).await;

    // The next start finds no program for the daemon.
    host.kill_server();
    desk.menu_within(LATER, "the server is away", |menu| menu.has("▲ cannot reach")).await;
    host.start_server_with("/nowhere/homeport").await;
    desk.menu_within(LATER, "it answers again", |menu| !menu.has("▲ cannot reach")).await;
    desk.click(&["○ box", "Start"]).await;
    desk.menu_within(LATER, "it failed", |menu| menu.has("▲ box: starting failed")).await;
    let told = notifications.with("Starting box failed").await;
    assert!(told.buttons.contains(&"Try again".into()) && told.buttons.contains(&"Show the log".into()), "{told:?}");
    let menu = desk.menu().await.unwrap();
    let row = menu.find("▲ box").unwrap();
    assert!(!row.below[0].is_enabled, "the reason is the first line: {}", row.text());
    notifications.press(&told, "Show the log").await;
    let page = desk.call("xdg-open").await;
    let page = std::fs::read_to_string(&page[0]).unwrap();
    assert!(page.contains("/box/builds/"), "{page}");
    let count = notifications.all().iter().filter(|shown| shown.title == told.title).count();
    assert_eq!(count, 1);
}
