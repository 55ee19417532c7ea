//! A desktop whose panel shows no icons: the menu in a window of its own does everything, by keyboard alone.

use std::fs::File;
use std::process::Command;

use tests::binary;
use tests::desk::person::{Person, opened, query};
use tests::desk::{Desk, LATER, until};
use tests::host::{Host, Setup};

use super::driver::Driver;
use super::house::program;

/// WebDriver's names of keys.
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const DOWN: &str = "\u{e015}";

/// A window of the menu on a desktop without a panel.
async fn menu(desk: &Desk, program: &std::path::Path) -> Driver {
    let mut driver: Command = desk.command("WebKitWebDriver");
    driver.env("TAURI_WEBVIEW_AUTOMATION", "true").env("HOMEPORT_WINDOW_PATIENCE", "120000");
    driver.stderr(File::options().create(true).append(true).open(desk.path("window.log")).unwrap());
    let menu = Driver::start(driver, program.to_str().unwrap(), &["--menu"]).await;
    menu.fill(380, 640).await;
    menu
}

/// Searches these words and goes to the line that is `down` lines below the search.
async fn seek(menu: &Driver, words: &str, down: usize) {
    menu.press(&format!("{ESCAPE}/")).await;
    let focused = || async {
        let is = menu.script("arguments[0](document.activeElement?.tagName === 'INPUT')").await;
        (is == true).then_some(())
    };
    until(LATER, "the search has the focus", focused).await;
    menu.press(words).await;
    let last = words.rsplit(' ').next().unwrap().to_owned();
    let script =
        format!("arguments[0](document.querySelectorAll('nav button')[{}]?.innerText.toLowerCase() ?? '')", down - 1);
    let found = || async {
        let line = menu.script(&script).await;
        line.as_str().is_some_and(|line| line.contains(&last)).then_some(())
    };
    until(LATER, words, found).await;
    menu.press(&DOWN.repeat(down)).await;
}

/// Chooses that line, and searches no more.
async fn choose(menu: &Driver, words: &str, down: usize) {
    seek(menu, words, down).await;
    menu.press(&format!("{ENTER}{ESCAPE}")).await;
}

/// Whether a window with this title is there.
fn has_window(desk: &Desk) -> bool {
    binary::output(desk.command("xdotool").args(["search", "--name", "^Homeport$"])).status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_panel_the_menu_in_a_window_does_everything_by_keyboard() {
    let Some(program) = program("the menu in a window") else { return };
    let mut desk = Desk::start().await;
    desk.start_tray(&["--minimized"]).await;
    let menu = menu(&desk, &program).await;
    menu.shows("Homeport: not connected, no workspaces").await;
    menu.shows("No panel shows the icon").await;
    menu.is_drawn().await;
    desk.screenshot("menu-window-first");

    // What the page of the menu may not do is refused by the program, whoever asks.
    let asked = "const done = arguments[0]; \
                 window.__TAURI_INTERNALS__.invoke('request', { method: 'GET', path: '/workspaces', body: null }) \
                 .then((it) => done('given ' + JSON.stringify(it)), (why) => done('refused ' + why))";
    let answer = menu.script(asked).await;
    let answer = answer.as_str().unwrap_or_default().to_owned();
    assert!(answer.starts_with("refused") && answer.contains("not allowed"), "{answer}");

    choose(&menu, "host workspaces", 1).await;
    menu.shows("box: running").await;
    choose(&menu, "box copy box.coder", 2).await;
    desk.clipboard("box.coder").await;
    let told = binary::run(desk.homeport(&["ssh", "box", "--", "echo from-box"]).env("HOMEPORT_LOG", "off"));
    assert!(told.contains("from-box"), "{told}");
    menu.press(&format!("{ESCAPE}/box")).await;
    menu.press(&format!("{DOWN}{ENTER}")).await;
    menu.shows("Open a terminal").await;
    menu.is_drawn().await;
    desk.screenshot("menu-window-box");
    choose(&menu, "box stop", 2).await;
    menu.shows("box: stopped").await;
    // The second of two: the first one opens a terminal as well.
    choose(&menu, "box start", 3).await;
    menu.shows("box: running").await;

    // The tray is killed: it is said, and one key starts it again.
    desk.kill_tray();
    menu.shows("Homeport does not run").await;
    menu.is_drawn().await;
    desk.screenshot("menu-window-away");
    menu.script("document.querySelector('button').focus(); arguments[0]()").await;
    menu.press(ENTER).await;
    menu.shows("box: running").await;

    // Quitting closes the window: nothing is left that would do nothing.
    seek(&menu, "quit disconnect", 2).await;
    menu.press_last(ENTER).await;
    until(LATER, "the window is closed", || async { (!has_window(&desk)).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_a_panel_shows_the_menu_in_one_window() {
    let Some(program) = program("the menu by itself") else { return };
    let mut desk = Desk::start().await;
    desk.set("HOMEPORT_WINDOW", program.to_str().unwrap());
    desk.set("HOMEPORT_WINDOW_PATIENCE", "120000");
    desk.start_tray(&[]).await;
    until(LATER, "the window is there", || async { has_window(&desk).then_some(()) }).await;
    // A second start leads to the same window.
    assert!(desk.start_again(&[]).status.success());
    let count = || async {
        let found = binary::output(desk.command("xdotool").args(["search", "--onlyvisible", "--name", "^Homeport$"]));
        (String::from_utf8_lossy(&found.stdout).lines().count() == 1).then_some(())
    };
    until(LATER, "one window", count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_deployment_is_signed_in_at_from_the_menu_and_the_browser_without_a_terminal() {
    let Some(program) = program("a new deployment") else { return };
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let person = Person::of(&host);
    if !person.has_page().await {
        eprintln!("SKIPPED a new deployment: the server was built without its pages (`make ui`)");
        return;
    }
    desk.set("HOMEPORT_WINDOW", program.to_str().unwrap());
    desk.start_tray(&["--minimized"]).await;
    let menu = menu(&desk, &program).await;
    menu.shows("No workspaces: host them here, or sign in somewhere").await;
    choose(&menu, "sign in deployment", 1).await;
    let asks = || async {
        let field = "arguments[0](document.activeElement?.placeholder ?? '')";
        (menu.script(field).await == "dev.example.com").then_some(())
    };
    until(LATER, "the address is asked for", asks).await;
    menu.press(&format!("no address{ENTER}")).await;
    menu.shows("is not the address of a deployment").await;
    menu.is_drawn().await;
    desk.screenshot("menu-window-asks");
    // What is in the field is chosen and written over, with the page that a browser was at.
    menu.script("document.querySelector('nav input').select(); arguments[0]()").await;
    menu.press(&format!("{}/workspaces{ENTER}", host.url().trim_end_matches('/'))).await;
    let page = opened(&desk).await;
    menu.shows(&format!("on the page with the letters {}", &query(&page, "state")[..4])).await;
    person.sign_in(&page).await;
    menu.shows("No workspaces yet").await;
    let who = binary::run(&mut desk.homeport(&["whoami"]));
    assert!(who.contains(&host.url()), "{who}");
}
