//! What a window shows, by keyboard alone, and when its server goes.

use tests::binary;
use tests::desk::{LATER, until};

use super::house::{House, program};

/// WebDriver's names of keys.
const ENTER: &str = "\u{e007}";

#[tokio::test(flavor = "multi_thread")]
async fn the_list_by_keyboard_a_terminal_and_the_loss_of_the_server() {
    let Some(program) = program("the pages in a window") else { return };
    let mut house = House::start(program).await;
    let window = house.window(&["--page", "/workspaces"], None).await;
    window.fill(900, 700).await;
    window.shows("1 workspace").await;
    window.shows("Running").await;
    window.is_drawn().await;
    house.desk.screenshot("window-list");

    // Keyboard: the slash leads into the search, words narrow the list.
    window.press("/").await;
    let focused = || async {
        let is = window.script("arguments[0](document.activeElement?.tagName === 'INPUT')").await;
        (is == true).then_some(())
    };
    until(LATER, "the search has the focus", focused).await;
    window.press("status:stopped").await;
    window.press(ENTER).await;
    window.shows("No workspace").await;
    window.is_drawn().await;
    house.desk.screenshot("window-search");

    // A stream both ways: a terminal in the workspace.
    let to = |page: &str| format!("location.href = 'tauri://localhost{page}'; arguments[0]()");
    window.script(&to("/@root/box/terminal")).await;
    let user = binary::run(&mut house.desk.homeport(&["whoami"]));
    assert!(!user.is_empty());
    let drawn = "arguments[0](document.querySelector('.xterm-rows')?.innerText ?? '')";
    let is_drawn = |words: &'static str| {
        let window = &window;
        move || async move { window.script(drawn).await.as_str()?.contains(words).then_some(()) }
    };
    until(LATER, "the shell greets", || async {
        window.script(drawn).await.as_str().is_some_and(|text| !text.trim().is_empty()).then_some(())
    })
    .await;
    window.script("document.querySelector('.xterm-helper-textarea').focus(); arguments[0]()").await;
    window.press("echo $((40+2))seen").await;
    window.press(ENTER).await;
    until(LATER, "the shell answers", is_drawn("42seen")).await;
    window.is_drawn().await;
    house.desk.screenshot("window-terminal");

    // The server goes: the page says so and what to do.
    window.script(&to("/workspaces")).await;
    window.shows("1 workspace").await;
    house.kill_server();
    window.script(&to("/workspaces")).await;
    window.shows("The server cannot be reached").await;
    window.is_drawn().await;
    house.desk.screenshot("window-unreachable");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_shows_its_page_in_the_window_that_is_there() {
    let Some(program) = program("a second start") else { return };
    let house = House::start(program).await;
    let window = house.window(&[], None).await;
    window.shows("1 workspace").await;
    binary::run(house.desk.command(&house.program).args(["--page", "/templates"]));
    let is_there = || async { (window.path().await == "tauri://localhost/templates").then_some(()) };
    until(LATER, "the other page", is_there).await;
    window.shows("This computer").await;
    let foreign = binary::output(house.desk.command(&house.program).args(["--deployment", "https://a.invalid/"]));
    assert!(!foreign.status.success());
    let why = String::from_utf8_lossy(&foreign.stderr).into_owned();
    assert!(why.contains("there is no session at https://a.invalid"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_opens_a_window_with_its_page() {
    let Some(program) = program("a window from the tray") else { return };
    let mut house = House::start(program).await;
    house.desk.set("HOMEPORT_WINDOW", house.program.to_str().unwrap());
    house.desk.start_tray(&[]).await;
    house.desk.menu_within(LATER, "box is listed", |menu| menu.has("● box: running")).await;
    house.desk.click(&["Open a window"]).await;
    let search = || async {
        let mut xdotool = house.desk.command("xdotool");
        let found = binary::output(xdotool.args(["search", "--name", "^Homeport: 127.0.0.1"]));
        found.status.success().then_some(())
    };
    until(LATER, "the window is there", search).await;
    // The program is one: a second click, for another page, ends with a word to the first.
    house.desk.click(&["Create workspace"]).await;
    house.desk.menu_when("nothing went wrong", |menu| !menu.has("▲ homeport-window")).await;
}
