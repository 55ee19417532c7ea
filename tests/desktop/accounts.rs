//! Signing in by the browser: the command and the tray open a page, a person says yes there, and the browser comes back to
//! loopback. The browser is a recorder, the person is the test, with the calls that the page makes.

use std::process::{Child, Command, Output, Stdio};

use reqwest::StatusCode;
use tests::binary::said;
use tests::host::{Host, Setup};
use url::Url;

use super::notifications::Notifications;
use super::stage::{Desk, LATER, is_ready, until};

/// A person who is signed in at a server in their browser.
pub struct Person {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Person {
    /// The local user of a server.
    pub fn of(host: &Host) -> Self {
        // Nothing here is encrypted, but the library wants to know by whom it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (url, token) = host.session();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, url: url.trim_end_matches('/').to_owned(), token }
    }

    /// A server's offer: its pages are there. Without them nobody can be asked.
    pub async fn has_page(&self) -> bool {
        let answer = self.http.get(format!("{}/api/v2/homeport/hand-off", self.url)).send().await.unwrap();
        let offer: serde_json::Value = answer.json().await.unwrap();
        offer["has_page"] == true
    }

    /// What the page does when "Sign in" is clicked: asks for a code as a page of this server, by its cookie.
    pub async fn agree(&self, page: &Url) -> String {
        let body = serde_json::json!({"challenge": query(page, "challenge")});
        let asked = self.http.post(format!("{}/api/v2/homeport/hand-off-codes", self.url)).json(&body);
        let cookie = format!("coder_session_token={}", self.token);
        let made = asked.header("cookie", cookie).header("origin", &self.url).send().await.unwrap();
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: serde_json::Value = made.json().await.unwrap();
        made["code"].as_str().unwrap().to_owned()
    }

    /// Goes where the page leads; what the program answers.
    pub async fn go_back(&self, page: &Url, pairs: &[(&str, &str)]) -> (StatusCode, String) {
        let mut back = Url::parse(&format!("http://127.0.0.1:{}/", query(page, "port"))).unwrap();
        back.query_pairs_mut().extend_pairs(pairs);
        let answer = self.http.get(back).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn post(&self, token: &str, path: &str) -> (StatusCode, serde_json::Value) {
        let asked = self.http.post(format!("{}/api/v2/{path}", self.url)).header("coder-session-token", token);
        let answer = asked.json(&serde_json::json!({})).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// A session of a week, for a program.
    pub async fn new_key(&self) -> String {
        let (status, made) = self.post(&self.token, "users/me/keys").await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["key"].as_str().unwrap().to_owned()
    }

    /// Ends a session at the server, behind its program's back.
    pub async fn revoke(&self, token: &str) -> StatusCode {
        self.post(token, "users/logout").await.0
    }

    pub async fn status_with(&self, token: &str) -> StatusCode {
        let asked = self.http.get(format!("{}/api/v2/users/me", self.url)).header("coder-session-token", token);
        asked.send().await.unwrap().status()
    }

    /// Says yes.
    pub async fn sign_in(&self, page: &Url) -> String {
        assert!(page.as_str().starts_with(&format!("{}/hand-off?", self.url)), "{page}");
        let served = self.http.get(page.clone()).send().await.unwrap();
        assert!(served.text().await.unwrap().contains("<div id=\"root\""), "the page of the dashboard");
        let code = self.agree(page).await;
        let (status, text) = self.go_back(page, &[("code", &code), ("state", &query(page, "state"))]).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text
    }
}

pub fn query(page: &Url, name: &str) -> String {
    page.query_pairs().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no {name} in {page}")).1.into_owned()
}

/// The address that the browser was given.
pub async fn opened(desk: &Desk) -> Url {
    Url::parse(&desk.call("xdg-open").await[0]).unwrap()
}

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
fn log_in_with(desk: &Desk, host: &Host, token: &str) {
    let mut command = desk.homeport(&["login", &host.url()]);
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
    log_in_with(&desk, &host, &key);
    log_in_with(&desk, &other, &other.session().1);
    desk.start_tray(&[]).await;
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
    log_in_with(&desk, &host, &key);
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
