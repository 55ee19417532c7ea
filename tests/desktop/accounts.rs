//! Signing in by the browser: the command and the tray open a page, a person says yes there, and the browser comes back to
//! loopback. The browser is a recorder, the person is the test, with the calls that the page makes.

use std::process::{Child, Command, Output, Stdio};

use reqwest::StatusCode;
use tests::binary::said;
use tests::desk::person::{Person, opened, query};
use tests::host::{Host, Setup};

use super::notifications::Notifications;
use super::stage::{Desk, LATER, is_ready, until};

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn end(child: Child) -> Output {
    let waited = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    tokio::time::timeout(LATER, waited).await.expect("the command ends").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_signs_in_by_the_browser_and_believes_only_its_own_answer() {
    if !is_ready("signing in by the browser") {
        return;
    }
    let (desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let person = Person::of(&host);
    if !person.has_page().await {
        eprintln!("SKIPPED signing in by the browser: the server was built without its pages (`make ui`)");
        return;
    }
    // No: nothing is kept.
    let login = start(&mut desk.homeport(&["login", &host.url()]));
    let page = opened(&desk).await;
    let state = query(&page, "state");
    let (status, text) = person.go_back(&page, &[("refused", "1"), ("state", &state)]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("was not signed in"), "{text}");
    let output = end(login).await;
    assert!(!output.status.success() && said(&output).contains("refused in the browser"), "{}", said(&output));

    // Yes, between others who would like to be believed.
    let login = start(&mut desk.homeport(&["login", &host.url()]));
    let page = opened(&desk).await;
    let code = person.agree(&page).await;
    let foreign = [("code", code.as_str()), ("state", state.as_str())];
    assert_eq!(person.go_back(&page, &foreign).await.0, StatusCode::NOT_FOUND, "a state of another sign-in");
    let text = person.sign_in(&page).await;
    assert!(text.contains("You can close this page"), "{text}");
    let output = end(login).await;
    assert!(output.status.success(), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains("You are logged in as ") && said.contains(&query(&page, "state")[..4]), "{said}");
    let who = tests::binary::run(&mut desk.homeport(&["whoami"]));
    assert!(who.contains(&host.url()), "{who}");

    // A code that was made for another question signs nobody in, and the command says so.
    let login = start(&mut desk.homeport(&["login", &host.url()]));
    let page = opened(&desk).await;
    let (status, text) = person.go_back(&page, &[("code", &code), ("state", &query(&page, "state"))]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(text.contains("could not be signed in"), "{text}");
    let output = end(login).await;
    assert!(!output.status.success(), "{}", tests::binary::said(&output));
}

/// A person's session elsewhere, as the command keeps it.
pub fn log_in_with(desk: &Desk, url: &str, token: &str) {
    let mut command = desk.homeport(&["login", url]);
    let mut child = start(command.stdin(Stdio::piped()));
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), token.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

fn line_of(host: &Host, words: &str) -> String {
    format!("{words} {}", host.url().trim_start_matches("http://"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tray_signs_in_again_by_the_browser_and_out_without_a_terminal() {
    if !is_ready("signing in from the tray") {
        return;
    }
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let other = Host::start(Setup::default()).await;
    let person = Person::of(&host);
    if !person.has_page().await {
        eprintln!("SKIPPED signing in from the tray: the server was built without its pages (`make ui`)");
        return;
    }
    let notes = Notifications::start(&desk).await;
    let key = person.new_key().await;
    log_in_with(&desk, &host.url(), &key);
    log_in_with(&desk, &other.url(), &other.session().1);
    desk.start_tray(&[]).await;
    // Without a window to ask in, our command asks where to sign in.
    desk.click(&["Accounts", "Sign in at a deployment…"]).await;
    let call = desk.call("x-terminal-emulator").await;
    assert!(call.windows(2).any(|two| two[0].ends_with("homeport") && two[1] == "login"), "{call:?}");
    for host in [&host, &other] {
        let out = line_of(host, "Sign out at");
        desk.menu_when("it is signed in at both", |menu| menu.at(&["Accounts", &out]).is_some()).await;
    }
    // The key is revoked: the session is over there.
    assert_eq!(person.revoke(&key).await, StatusCode::OK);
    let over = notes.with("Your session there is over").await;
    notes.press(&over, "Sign in").await;
    let page = opened(&desk).await;
    let letters = format!("on the page with the letters {}", &query(&page, "state")[..4]);
    desk.menu_when("it says where to look", |menu| menu.text().contains(&letters)).await;
    person.sign_in(&page).await;
    notes.with("Signed in as ").await;
    let again = line_of(&host, "Sign in again at");
    desk.menu_when("nothing is waited for", |menu| {
        menu.at(&["Accounts", &again]).is_some() && !menu.text().contains("The session is over")
    })
    .await;
    // The command line has it too, and its own choice stayed.
    let who = tests::binary::run(&mut desk.homeport(&["whoami", "--url", &host.url()]));
    assert!(who.contains(&host.url()), "{who}");
    let accounts = tests::binary::run(&mut desk.homeport(&["accounts", "-o", "json"]));
    let accounts: serde_json::Value = serde_json::from_str(&accounts).unwrap();
    let current = accounts.as_array().unwrap().iter().find(|row| row["is_current"] == true).unwrap();
    assert_eq!(current["url"], other.url(), "{accounts}");

    // Out: there and here.
    desk.click(&["Accounts", &line_of(&host, "Sign out at")]).await;
    desk.menu_when("it is signed out", |menu| menu.at(&["Accounts", &line_of(&host, "Sign out at")]).is_none()).await;
    let who = tests::binary::output(&mut desk.homeport(&["whoami", "--url", &host.url()]));
    assert!(!who.status.success() && said(&who).contains("there is no session"), "{}", said(&who));
    assert!(tests::binary::run(&mut desk.homeport(&["whoami"])).contains(&other.url()));
    // And the last one by the command.
    tests::binary::run(&mut desk.homeport(&["logout"]));
    desk.menu_when("nobody is signed in", |menu| menu.at(&["Accounts", &line_of(&other, "Sign out at")]).is_none())
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_before_it_ends_and_the_old_key_goes() {
    if !is_ready("renewing a session") {
        return;
    }
    let (mut desk, host) = (Desk::start().await, Host::start(Setup::default()).await);
    let person = Person::of(&host);
    let key = person.new_key().await;
    log_in_with(&desk, &host.url(), &key);
    let id = key.split_once('-').unwrap().0;
    // A token with an end of its own, of which an hour is left: the server would move the end of a session.
    let soon = (time::OffsetDateTime::now_utc() + time::Duration::hours(1)).unix_timestamp_nanos() / 1000;
    let line = format!("UPDATE api_keys SET expires_at = {soon}, login_type = 'token' WHERE id = '{id}'");
    tests::binary::run(Command::new("sqlite3").arg(host.path("data/homeport.db")).args([".timeout 5000", &line]));
    desk.start_tray(&[]).await;
    let is_gone = || async { (person.status_with(&key).await == StatusCode::UNAUTHORIZED).then_some(()) };
    until(LATER, "the old key is gone", is_gone).await;
    let who = tests::binary::run(&mut desk.homeport(&["whoami"]));
    assert!(who.contains(&host.url()), "{who}");
    let menu =
        desk.menu_when("it is signed in", |menu| menu.at(&["Accounts", &line_of(&host, "Sign out at")]).is_some());
    assert!(!menu.await.text().contains("The session is over"));
}
