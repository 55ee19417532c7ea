//! A deployment of Coder itself, as far as signing in sees one: our server behind a proxy that knows none of our own paths.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use reqwest::StatusCode;
use tests::binary;
use tests::desk::person::Person;
use tests::host::{Host, Setup};

use super::accounts::log_in_with;
use super::notifications::{Notifications, Shown};
use super::stage::{Desk, LATER, RECORDER, is_ready, until};

/// Largest body that is passed on.
const MAX: usize = 1 << 20;

/// The tokens that came with requests.
type Tokens = Arc<Mutex<BTreeSet<String>>>;

/// Passes everything on to this server, and knows nothing below `/api/v2/homeport`.
async fn proxy(server: String) -> (SocketAddr, Tokens) {
    type Beyond = (reqwest::Client, String, Tokens);
    async fn pass(State((http, server, tokens)): State<Beyond>, request: Request) -> Response {
        let token = request.headers().get("coder-session-token").map(|token| token.to_str().unwrap().to_owned());
        tokens.lock().unwrap().extend(token);
        let path = request.uri().path_and_query().unwrap().as_str().to_owned();
        let answer = |status: StatusCode, body| Response::builder().status(status.as_u16()).body(body).unwrap();
        if path.starts_with("/api/v2/homeport") {
            return answer(StatusCode::NOT_FOUND, Body::from(r#"{"message":"Route not found."}"#));
        }
        let (parts, body) = request.into_parts();
        let mut asked = http.request(parts.method, format!("{server}{path}"));
        for (name, value) in &parts.headers {
            if !matches!(name.as_str(), "host" | "connection" | "upgrade" | "content-length") {
                asked = asked.header(name, value);
            }
        }
        let given = asked.body(to_bytes(body, MAX).await.unwrap()).send().await.unwrap();
        let status = given.status();
        answer(status, Body::from(given.bytes().await.unwrap()))
    }
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tokens = Tokens::default();
    let beyond = (http, server.trim_end_matches('/').to_owned(), Arc::clone(&tokens));
    let routes = Router::new().fallback(pass).with_state(beyond);
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    (address, tokens)
}

/// Puts a text into the clipboard, as the browser of a person does.
fn copy(desk: &Desk, text: &str) {
    let mut command = desk.command("xclip");
    command.args(["-selection", "clipboard", "-in"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.stderr(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A session at such a deployment that is over, and the tray that asks for a token.
struct Asked {
    desk: Desk,
    person: Person,
    url: String,
    tokens: Tokens,
    old: String,
    notes: Notifications,
    copied: Shown,
    _host: Host,
}

async fn asked(mut desk: Desk) -> Asked {
    let host = Host::start(Setup::default()).await;
    let person = Person::of(&host);
    let (address, tokens) = proxy(host.url()).await;
    let url = format!("http://{address}/");
    let old = person.new_key().await;
    log_in_with(&desk, &url, &old);
    let notes = Notifications::start(&desk).await;
    assert_eq!(person.revoke(&old).await, StatusCode::OK);
    desk.start_tray(&[]).await;
    let over = notes.with("Your session there is over").await;
    notes.press(&over, "Sign in").await;
    assert_eq!(desk.call("xdg-open").await[0], format!("{url}cli-auth"));
    let copied = notes.with("Copy the token that ").await;
    Asked { desk, person, url, tokens, old, notes, copied, _host: host }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_coder_is_signed_in_at_with_a_copied_token_that_does_not_stay_in_the_clipboard() {
    if !is_ready("signing in with a copied token") {
        return;
    }
    let Asked { desk, person, url, tokens, old, notes, copied, _host } = asked(Desk::start().await).await;
    let pasted = || {
        let left = binary::output(desk.command("xclip").args(["-selection", "clipboard", "-o"]));
        String::from_utf8_lossy(&left.stdout).into_owned()
    };
    // What a person has copied before goes nowhere, and neither does the old token help.
    copy(&desk, "correct-horse-battery-staple");
    notes.press(&copied, "Use the copied token").await;
    desk.menu_when("it says that this is no token", |menu| menu.text().contains("There is no token in the clipboard"))
        .await;
    copy(&desk, &old);
    desk.click(&["Use the copied token"]).await;
    desk.menu_when("it says that it is not accepted", |menu| menu.text().contains("does not accept the token")).await;
    assert_eq!(pasted(), old, "what does not sign in stays where it is");

    let new = person.new_key().await;
    copy(&desk, &new);
    desk.click(&["Use the copied token"]).await;
    notes.with("Signed in as ").await;
    let came = tokens.lock().unwrap().clone();
    assert_eq!(came, BTreeSet::from([old, new.clone()]), "nothing else that was copied came here");
    let who = binary::run(&mut desk.homeport(&["whoami", "--url", &url]));
    assert!(who.contains(url.trim_end_matches('/')), "{who}");
    let is_empty = || async { (!pasted().contains(&new)).then_some(()) };
    until(LATER, "the token is out of the clipboard", is_empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_wayland_the_clipboard_is_read_and_emptied_by_its_programs() {
    if !is_ready("the clipboard of Wayland") {
        return;
    }
    let mut desk = Desk::start().await;
    desk.set("WAYLAND_DISPLAY", "wayland-of-nobody");
    let kept = desk.path("kept");
    std::fs::write(&kept, "").unwrap();
    // At first there is something without an end in it.
    let paste = format!("if [ -s {0} ]; then cat {0}; else yes; fi", kept.display());
    binary::write_script(&desk.path("bin/wl-paste"), &paste);
    binary::write_script(&desk.path("bin/wl-copy"), RECORDER);
    let Asked { desk, person, notes, copied, _host, .. } = asked(desk).await;
    notes.press(&copied, "Use the copied token").await;
    desk.menu_when("it says that this is no token", |menu| menu.text().contains("There is no token in the clipboard"))
        .await;
    std::fs::write(&kept, person.new_key().await).unwrap();
    desk.click(&["Use the copied token"]).await;
    notes.with("Signed in as ").await;
    assert_eq!(desk.call("wl-copy").await, ["--clear", "--- input"]);
}
