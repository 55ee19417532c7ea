//! Without a screen, without a session, and with a WebKit that draws nothing.

use tests::binary;
use tests::desk::Desk;

use super::house::{House, program};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_screen_or_a_session_it_says_so() {
    let Some(program) = program("no screen") else { return };
    let mut desk = Desk::start().await;
    let output = binary::output(&mut desk.command(&program));
    assert!(!output.status.success());
    assert!(binary::said(&output).contains("there is no session anywhere: sign in"), "{}", binary::said(&output));
    desk.set("DISPLAY", ":9999");
    let output = binary::output(&mut desk.command(&program));
    assert!(!output.status.success());
    assert!(binary::said(&output).contains("there is no screen to show a window on"), "{}", binary::said(&output));
}

/// A debug build can be told to believe that nothing was drawn; no driver here draws nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_stays_blank_is_tried_once_more_and_then_the_browser_opens() {
    let Some(program) = program("a blank window") else { return };
    let mut house = House::start(program).await;
    house.desk.set("HOMEPORT_WINDOW_PATIENCE", "3000");
    house.desk.set("HOMEPORT_TEST_SABOTAGE", "blank");
    let mut window = house.desk.command(&house.program);
    let output = tokio::task::spawn_blocking(move || binary::output(&mut window)).await.unwrap();
    let said = binary::said(&output);
    assert_eq!(said.matches("starting again without accelerated drawing").count(), 1, "{said}");
    assert!(said.contains("the dashboard opens in the browser instead"), "{said}");
    assert_eq!(output.status.code(), Some(5), "{said}");
    let given = house.desk.call("xdg-open").await;
    let leads = std::fs::read_to_string(&given[0]).unwrap();
    assert!(leads.contains("/sign-in?next=/workspaces#code="), "{leads}");

    // Where that cannot be done either, the end says so, and whoever started the window may try something else.
    std::fs::remove_file(house.desk.path("bin/xdg-open")).unwrap();
    house.desk.set("PATH", house.desk.path("bin").to_str().unwrap());
    house.desk.set("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
    let mut window = house.desk.command(&house.program);
    let output = tokio::task::spawn_blocking(move || binary::output(&mut window)).await.unwrap();
    let said = binary::said(&output);
    assert!(said.contains("the browser cannot be opened instead"), "{said}");
    assert_eq!(output.status.code(), Some(1), "{said}");
}
