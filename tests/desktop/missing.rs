//! One thing taken away at a time: the panel, the bus, the screen. The program says what is missing and does the rest.

use tests::binary::run;

use super::notifications::Notifications;
use super::stage::{Desk, LATER, RECORDER, SOON, is_ready, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_panel_may_come_late_leave_and_return() {
    if !is_ready("panels that come and go") {
        return;
    }
    let mut desk = Desk::start().await;
    desk.start_tray(&[]).await;
    desk.menu_when("it says that no panel is there", |menu| menu.has("▲ No panel shows the icon")).await;
    assert!(desk.said().contains("No panel here shows tray icons"), "{}", desk.said());
    for _ in 0..2 {
        desk.start_panel().await;
        desk.wait_for_icon().await;
        desk.menu_when("nothing is missing", |menu| !menu.has("▲ No panel")).await;
        desk.kill_panel();
        desk.menu_when("it says so again", |menu| menu.has("▲ No panel shows the icon")).await;
    }
    assert_eq!(desk.said().matches("No panel here shows").count(), 1, "said once: {}", desk.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_bus_it_says_so_and_hosts_and_the_bus_may_come_later() {
    if !is_ready("no session bus") {
        return;
    }
    let mut desk = Desk::start().await;
    desk.kill_bus();
    desk.spawn_tray(&["--host"]);
    let has_said = |words: &'static str| {
        let desk = &desk;
        move || async move { desk.said().contains(words).then_some(()) }
    };
    until(SOON, "it says what is missing", has_said("no session bus")).await;
    let lists = || async {
        let list = tests::binary::output(&mut desk.homeport(&["list"]));
        String::from_utf8_lossy(&list.stdout).to_lowercase().contains("running").then_some(())
    };
    until(LATER, "it hosts all the same", lists).await;
    assert_eq!(desk.said().matches("no session bus").count(), 1, "said once: {}", desk.said());

    desk.start_bus().await;
    desk.menu_within(LATER, "the menu is there", |menu| menu.has("● box: running")).await;

    // And leaves under the running program.
    desk.kill_bus();
    until(LATER, "it says so again", || async { (desk.said().matches("no session bus").count() == 2).then_some(()) })
        .await;
    desk.start_bus().await;
    desk.menu_within(LATER, "the menu is there again", |menu| menu.has("● box: running")).await;
    run(desk.command(tests::binary::path("homeport-desktop")).arg("--no-host"));
    desk.menu_within(LATER, "hosting ended", |menu| menu.has("○ Homeport: not connected")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_screen_a_copy_says_what_the_text_was() {
    if !is_ready("no screen") {
        return;
    }
    let mut desk = Desk::start().await;
    desk.set("DISPLAY", ":9999");
    desk.start_tray(&["--host"]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    desk.click(&["● box", "Copy box.coder"]).await;
    desk.menu_when("it says why", |menu| menu.has("▲ The clipboard cannot be used")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_server_program_it_says_so_and_stays() {
    if !is_ready("no server program") {
        return;
    }
    let mut desk = Desk::start().await;
    // The tray program alone in a folder: nothing is beside it.
    tests::binary::install(&tests::binary::path("homeport-desktop"), &desk.path("bin/homeport-desktop"));
    desk.use_tray(desk.path("bin/homeport-desktop"));
    desk.start_tray(&["--host"]).await;
    let failed = |menu: &tests::desk::menu::Line| {
        menu.has("✖ Homeport: error") && menu.has("Host workspaces on this computer (failed)")
    };
    let menu = desk.menu_within(LATER, "it gave up", failed).await;
    assert!(menu.text().contains("homeport-server is not installed"), "{}", menu.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_webkit_the_pages_open_in_the_browser_and_it_says_why() {
    if !is_ready("no WebKit") {
        return;
    }
    let mut desk = Desk::start().await;
    // What the loader says, and how it ends, where the library is not installed.
    let loader = "echo 'libwebkit2gtk-4.1.so.0: cannot open shared object file' >&2; exit 127";
    tests::binary::write_script(&desk.path("bin/homeport-window"), loader);
    desk.set("HOMEPORT_WINDOW", desk.path("bin/homeport-window").to_str().unwrap());
    let told = Notifications::start(&desk).await;
    // Without a panel here, the menu's window would fail first.
    desk.start_tray(&["--minimized", "--host"]).await;
    desk.menu_within(LATER, "box runs", |menu| menu.has("● box: running")).await;
    desk.click(&["Create workspace"]).await;
    let why = |text: &str| {
        text.contains("homeport-window failed: libwebkit2gtk-4.1.so.0") && text.contains("browser is used")
    };
    desk.menu_when("it says why", |menu| why(&menu.text())).await;
    let given = desk.call("xdg-open").await;
    let leads = std::fs::read_to_string(&given[0]).unwrap();
    assert!(leads.contains("/sign-in?next=/templates#code="), "{leads}");
    let note = told.with("homeport-window failed: libwebkit2gtk-4.1.so.0").await;
    assert_eq!(note.title, "The page opens in the browser");
    assert!(note.body.ends_with("; the browser is used instead"), "{note:?}");

    // A window that draws nothing opens the browser itself, and says so by its end.
    let blank = "echo 'homeport-window: WebKit draws nothing here; see the browser' >&2; echo 'Gtk: bye' >&2; exit 5";
    tests::binary::write_script(&desk.path("bin/homeport-window"), blank);
    desk.click(&["Create workspace"]).await;
    let note = told.with("WebKit draws nothing").await;
    let expect = ("The page opens in the browser", "WebKit draws nothing here; see the browser");
    assert_eq!((note.title.as_str(), note.body.as_str()), expect);

    // Any other end is a fault, and the browser is ours to open.
    tests::binary::write_script(&desk.path("bin/homeport-window"), "exit 9");
    desk.click(&["Create workspace"]).await;
    told.with("exit status: 9").await;
    desk.call("xdg-open").await;
    let (notes, calls) = (told.all(), desk.path("calls"));
    let of_windows = notes.iter().filter(|note| note.title.contains("browser")).count();
    assert_eq!(of_windows, 3, "one for each reason: {notes:?}");
    let opened = std::fs::read_dir(calls).unwrap().count();
    assert_eq!(opened, 0, "the window opened the browser itself, nobody else did");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_panel_the_program_of_the_windows_is_asked_for_the_menu() {
    if !is_ready("no panel, but windows") {
        return;
    }
    let mut desk = Desk::start().await;
    tests::binary::write_script(&desk.path("bin/homeport-window"), RECORDER);
    desk.set("HOMEPORT_WINDOW", desk.path("bin/homeport-window").to_str().unwrap());
    desk.start_tray(&["--minimized"]).await;
    desk.menu_when("it says that no panel is there", |menu| menu.has("▲ No panel shows the icon")).await;
    // Not at login; when a person asks, in any way.
    assert!(desk.start_again(&[]).status.success());
    assert_eq!(desk.call("homeport-window").await[0], "--menu");
    assert!(desk.start_again(&["--menu"]).status.success());
    assert_eq!(desk.call("homeport-window").await[0], "--menu");
    desk.kill_tray();
    desk.start_tray(&[]).await;
    assert_eq!(desk.call("homeport-window").await[0], "--menu");
    assert!(std::fs::read_dir(desk.path("calls")).unwrap().next().is_none(), "once each");

    // Where it cannot start, that is told, and the notification of before had the rest.
    let told = Notifications::start(&desk).await;
    let loader = "echo 'libwebkit2gtk-4.1.so.0: cannot open shared object file' >&2; exit 127";
    tests::binary::write_script(&desk.path("bin/homeport-window"), loader);
    assert!(desk.start_again(&[]).status.success());
    let note = told.with("homeport-window failed: libwebkit2gtk-4.1.so.0").await;
    assert_eq!(note.title, "A window of Homeport failed");
}
