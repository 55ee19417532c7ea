//! Links of the desktop: installed for a person, `coder://` only where that was chosen, and all taken back.

use tests::binary::{output, run, said};
use tests::host::{Host, Setup};

use super::notifications::Notifications;
use super::stage::{Desk, LATER, SOON, is_ready, until};
use super::tunnelled::{daemon_of, sign_in};

#[tokio::test(flavor = "multi_thread")]
async fn coder_links_are_opened_only_where_that_was_chosen_and_an_uninstall_leaves_nothing() {
    if !is_ready("links of the desktop") {
        return;
    }
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let mut desk = Desk::start().await;
    desk.start_panel().await;
    sign_in(&desk, &host);
    let associations = desk.path("home/.config/mimeapps.list");
    let before = "[Default Applications]\nx-scheme-handler/coder=theirs.desktop\n";
    std::fs::write(&associations, before).unwrap();
    let program = tests::binary::path("homeport-desktop");
    let installed = output(desk.command(&program).arg("--install"));
    assert!(installed.status.success(), "{}", said(&installed));
    let read = || std::fs::read_to_string(&associations).unwrap_or_default();
    assert!(read().contains("x-scheme-handler/coder=theirs.desktop"), "coder:// is theirs: {}", read());
    let mut query = desk.command("sh");
    let asked =
        output(query.args([
            "-c",
            "command -v xdg-mime >/dev/null || exit 77; xdg-mime query default x-scheme-handler/homeport",
        ]));
    match asked.status.code() {
        Some(77) => eprintln!("SKIPPED what xdg-mime says: it is not installed"),
        _ => assert_eq!(String::from_utf8_lossy(&asked.stdout).trim(), "homeport-desktop.desktop", "{}", said(&asked)),
    }
    let entry = std::fs::read_to_string(desk.path("home/.local/share/applications/homeport-desktop.desktop")).unwrap();
    assert!(entry.contains(&format!("Exec=\"{}\" --connect", program.display())), "{entry}");

    let notifications = Notifications::start(&desk).await;
    desk.start_tray(&[]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    let authority = host.url().replace("http://", "");
    let daemon = daemon_of(&host).await.name;
    let link = format!("coder://{authority}/v0/open/ws/box/agent/{daemon}/rdp?username=bob");
    desk.start_again(&[&link]);
    notifications.with("only where Settings says so").await;
    desk.click(&["Settings", "Open coder:// links here"]).await;
    let is_ours = || async { read().contains("x-scheme-handler/coder=homeport-desktop-coder.desktop").then_some(()) };
    until(SOON, "coder:// is ours", is_ours).await;
    desk.start_again(&[&link]);
    let question = notifications.with("as bob").await;
    assert!(question.body.contains(&authority), "{question:?}");
    desk.click(&["⚠ Open the desktop of box", "Refuse"]).await;

    // The action of the entry, as a launcher without a tray runs it.
    desk.start_again(&["--open"]);
    let opened = desk.call("xdg-open").await;
    let page = std::fs::read_to_string(&opened[0]).unwrap();
    assert!(page.contains("/workspaces"), "{page}");

    desk.click(&["Settings", "Open coder:// links here"]).await;
    until(SOON, "coder:// is theirs again", || async { (!read().contains("homeport-desktop-coder")).then_some(()) })
        .await;
    run(desk.command(&program).arg("--uninstall"));
    assert_eq!(read(), before, "as it was");
    for gone in ["applications/homeport-desktop.desktop", "icons/hicolor/scalable/apps/homeport.svg"] {
        assert!(!desk.path("home/.local/share").join(gone).exists(), "{gone}");
    }
}
