//! A01: every route of the router × every kind of actor × own, other's and absent object. A route without a row is red.
//!
//! `HOMEPORT_TEST_SABOTAGE=A01` gives the stranger the owner's token; `F28` revokes nothing. Both must be red.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "routes/browser.rs"]
mod browser;
mod house;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use house::{House, WAITS};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn is_sabotaged(fault: &str) -> bool {
    std::env::var("HOMEPORT_TEST_SABOTAGE").is_ok_and(|word| word == fault)
}

/// What a route is about, which decides who gets what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// Nobody needs to say who they are; this status for everyone.
    Everyone(u16),
    /// Any account; nobody and daemons get 401.
    Account(u16),
    /// Only the owner of the site; other accounts get 403.
    Site(u16),
    /// Something of an account: its owner and the owner of the site get this, others 404.
    Thing(u16),
    /// As [`About::Thing`], but the owner of the site may look and not do it: 403.
    Private(u16),
    /// As [`About::Thing`], but for its owner alone; the owner of the site gets 404 too.
    Own(u16),
    /// Only workspace daemons; everybody else gets 401.
    Daemon(u16),
    /// An account as an object of the owner of the site: one's own 403 for a member.
    Other(u16),
}
use About::{Account, Daemon, Everyone, Other, Own, Private, Site, Thing};

/// The rows: method, path, body, who. Order matters where a row changes what a later one needs.
#[rustfmt::skip]
fn rows() -> Vec<(&'static str, &'static str, Option<Value>, About)> {
    let body = Some;
    vec![
        ("GET", "/healthz", None, Everyone(200)),
        ("GET", "/latency-check", None, Everyone(200)),
        ("GET", "/api/v2", None, Everyone(200)),
        ("GET", "/api/v2/buildinfo", None, Everyone(200)),
        ("GET", "/api/v2/users/first", None, Everyone(200)),
        ("POST", "/api/v2/users/first", body(json!({"username": "x", "email": "x@y", "password": "long enough"})), Everyone(409)),
        ("POST", "/api/v2/users/login", body(json!({"email": "no@body", "password": "long enough"})), Everyone(401)),
        ("GET", "/api/v2/users/authmethods", None, Everyone(200)),
        ("POST", "/api/v2/homeport/sign-in-codes", None, Account(201)),
        ("GET", "/api/v2/homeport/hand-off", None, Everyone(200)),
        ("POST", "/api/v2/homeport/hand-off-codes", body(json!({"challenge": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"})), Account(201)),
        ("POST", "/api/v2/homeport/sign-in", body(json!({"code": "wrong"})), Everyone(401)),
        ("GET", "/api/v2/init-script/{os}/{arch}", None, Everyone(200)),
        ("GET", "/bin/{file}", None, Everyone(404)),
        ("GET", "/derp", None, Everyone(426)),
        ("GET", "/derp/latency-check", None, Everyone(200)),
        ("GET", "/api/v2/derp-map", None, Everyone(426)),
        ("GET", "/api/v2/deployment/ssh", None, Account(200)),
        ("GET", "/api/v2/deployment/config", None, Site(200)),
        ("GET", "/api/v2/deployment/stats", None, Site(200)),
        ("GET", "/api/v2/debug/health", None, Site(200)),
        ("POST", "/api/v2/authcheck", body(json!({"checks": {}})), Account(200)),
        ("GET", "/api/v2/entitlements", None, Account(200)),
        ("GET", "/api/v2/experiments", None, Account(200)),
        ("GET", "/api/v2/experiments/available", None, Account(200)),
        ("GET", "/api/v2/updatecheck", None, Everyone(200)),
        ("GET", "/api/v2/regions", None, Account(200)),
        ("GET", "/api/v2/appearance", None, Everyone(200)),
        ("GET", "/api/v2/applications/host", None, Account(200)),
        ("GET", "/api/v2/external-auth", None, Account(200)),
        ("GET", "/api/v2/organizations", None, Account(200)),
        ("GET", "/api/v2/organizations/{organization}", None, Account(200)),
        ("GET", "/api/v2/templates", None, Account(200)),
        ("GET", "/api/v2/templates/examples", None, Account(200)),
        ("GET", "/api/v2/templates/{template}", None, Account(200)),
        ("GET", "/api/v2/templates/{template}/versions", None, Account(200)),
        ("GET", "/api/v2/templates/{template}/versions/{version_name}", None, Account(404)),
        ("GET", "/api/v2/organizations/{organization}/templates", None, Account(200)),
        ("GET", "/api/v2/organizations/{organization}/templates/examples", None, Account(200)),
        ("GET", "/api/v2/organizations/{organization}/templates/{template_name}", None, Account(200)),
        ("GET", "/api/v2/organizations/{organization}/templates/{template_name}/versions/{version_name}", None, Account(404)),
        ("GET", "/api/v2/templateversions/{version}", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/rich-parameters", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/external-auth", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/variables", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/presets", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/resources", None, Account(200)),
        ("GET", "/api/v2/templateversions/{version}/logs", None, Account(200)),
        ("POST", "/api/v2/templateversions/{version}/dynamic-parameters/evaluate", body(json!({})), Account(200)),
        ("POST", "/api/v2/templateversions/{version}/dry-run", body(json!({})), Account(201)),
        ("GET", "/api/v2/templateversions/{version}/dry-run/{job}", None, Account(0)),
        ("GET", "/api/v2/templateversions/{version}/dry-run/{job}/logs", None, Account(0)),
        ("GET", "/api/v2/templateversions/{version}/dry-run/{job}/resources", None, Account(0)),
        ("GET", "/api/v2/users", None, Account(200)),
        ("POST", "/api/v2/users", body(json!({"username": "-", "email": "x", "password": "x"})), Site(400)),
        ("GET", "/api/v2/users/{user}", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/login-type", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/roles", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/organizations", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/organizations/{organization}", None, Thing(200)),
        ("PUT", "/api/v2/users/{user}/password", body(json!({"password": "x"})), Thing(400)),
        ("GET", "/api/v2/users/{user}/gitsshkey", None, Own(200)),
        ("PUT", "/api/v2/users/{user}/gitsshkey", None, Own(200)),
        ("POST", "/api/v2/users/{user}/keys", None, Thing(201)),
        ("GET", "/api/v2/users/{user}/keys/tokens", None, Thing(200)),
        ("POST", "/api/v2/users/{user}/keys/tokens", body(json!({"lifetime": -1})), Thing(400)),
        ("GET", "/api/v2/users/{user}/keys/tokens/tokenconfig", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/keys/tokens/{token}", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/keys/{token}", None, Thing(200)),
        ("GET", "/api/v2/workspaces", None, Account(200)),
        ("POST", "/api/v2/users/{user}/workspaces", body(json!({"name": "-"})), Thing(400)),
        ("POST", "/api/v2/organizations/{organization}/members/{user}/workspaces", body(json!({"name": "-"})), Thing(400)),
        ("GET", "/api/v2/users/{user}/workspace/{workspace_name}", None, Thing(200)),
        ("GET", "/api/v2/users/{user}/workspace/{workspace_name}/builds/{number}", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}", None, Thing(200)),
        ("PATCH", "/api/v2/workspaces/{workspace}", body(json!({"name": "-"})), Thing(400)),
        ("GET", "/api/v2/workspaces/{workspace}/builds", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}/timings", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}/external-agent/{agent}/credentials", None, Private(400)),
        ("PUT", "/api/v2/workspaces/{workspace}/autostart", body(json!({"schedule": null})), Thing(204)),
        ("PUT", "/api/v2/workspaces/{workspace}/ttl", body(json!({"ttl_ms": null})), Thing(204)),
        ("PUT", "/api/v2/workspaces/{workspace}/extend", body(json!({"deadline": "2030-01-01T00:00:00Z"})), Thing(409)),
        ("PUT", "/api/v2/workspaces/{workspace}/autoupdates", body(json!({"automatic_updates": "never"})), Thing(204)),
        ("PUT", "/api/v2/workspaces/{workspace}/dormant", body(json!({"dormant": false})), Thing(200)),
        ("PUT", "/api/v2/workspaces/{workspace}/favorite", None, Private(0)),
        ("DELETE", "/api/v2/workspaces/{workspace}/favorite", None, Private(0)),
        ("POST", "/api/v2/workspaces/{workspace}/usage", body(json!({})), Thing(0)),
        ("GET", "/api/v2/workspaces/{workspace}/resolve-autostart", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}/port-share", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}/watch", None, Thing(200)),
        ("GET", "/api/v2/workspaces/{workspace}/watch-ws", None, Account(426)),
        ("GET", "/api/v2/homeport/workspaces/watch", None, Account(426)),
        ("GET", "/api/v2/homeport/sessions", None, Account(200)),
        ("GET", "/api/v2/workspacebuilds/{build}", None, Thing(200)),
        ("GET", "/api/v2/workspacebuilds/{build}/logs", None, Thing(200)),
        ("GET", "/api/v2/workspacebuilds/{build}/parameters", None, Thing(200)),
        ("GET", "/api/v2/workspacebuilds/{build}/resources", None, Thing(200)),
        ("GET", "/api/v2/workspacebuilds/{build}/state", None, Thing(0)),
        ("GET", "/api/v2/workspacebuilds/{build}/timings", None, Thing(200)),
        ("PATCH", "/api/v2/workspacebuilds/{build}/cancel", None, Thing(0)),
        ("GET", "/api/v2/workspaceagents/connection", None, Account(200)),
        ("GET", "/api/v2/workspaceagents/{agent}", None, Thing(200)),
        ("GET", "/api/v2/workspaceagents/{agent}/connection", None, Thing(0)),
        ("GET", "/api/v2/workspaceagents/{agent}/pty", None, Account(426)),
        ("GET", "/api/v2/workspaceagents/{agent}/listening-ports", None, Private(0)),
        ("GET", "/api/v2/workspaceagents/{agent}/containers", None, Thing(0)),
        ("GET", "/api/v2/workspaceagents/{agent}/logs", None, Thing(200)),
        ("GET", "/api/v2/workspaceagents/{agent}/startup-logs", None, Thing(200)),
        ("GET", "/api/v2/workspaceagents/{agent}/watch-metadata", None, Thing(200)),
        ("GET", "/api/v2/workspaceagents/{agent}/watch-metadata-ws", None, Account(426)),
        ("GET", "/api/v2/workspaceagents/{agent}/coordinate", None, Account(426)),
        ("GET", "/api/v2/tailnet", None, Account(426)),
        ("GET", "/api/v2/workspaceagents/me/rpc", None, Daemon(426)),
        ("PATCH", "/api/v2/workspaceagents/me/logs", body(json!({"logs": []})), Daemon(400)),
        ("POST", "/api/v2/workspaceagents/me/log-source", body(json!({})), Daemon(400)),
        ("GET", "/api/v2/workspaceagents/me/gitsshkey", None, Daemon(200)),
        ("PATCH", "/api/v2/workspaceagents/me/app-status", body(json!({"app_slug": "none"})), Daemon(0)),
        ("GET", "/api/v2/workspaceagents/me/reinit", None, Daemon(409)),
        ("GET", "/api/v2/workspaceagents/me/external-auth", None, Daemon(404)),
        ("GET", "/api/v2/workspaceagents/me/gitauth", None, Daemon(404)),
        ("DELETE", "/api/v2/users/{user}/keys/{token}", None, Thing(0)),
        ("POST", "/api/v2/workspaces/{workspace}/builds", body(json!({"transition": "start"})), Thing(0)),
        ("POST", "/api/v2/users/logout", None, Account(200)),
        // From here on the member is no more.
        ("PUT", "/api/v2/users/{user}/status/activate", None, Other(0)),
        ("DELETE", "/api/v2/users/{user}", None, Other(0)),
        ("PUT", "/api/v2/users/{user}/status/suspend", None, Other(0)),
    ]
}

/// An account with a workspace, and what its things are called.
struct Person {
    token: String,
    things: BTreeMap<&'static str, String>,
}

async fn person(house: &House, token: &str, name: &'static str) -> Person {
    let (_, me) = house.call_as(token, Method::GET, "/api/v2/users/me", None).await;
    let user = me["id"].as_str().unwrap().to_owned();
    let (_, templates) = house.get("/api/v2/organizations/default/templates/process").await;
    let order = json!({"name": name, "template_id": templates["id"]});
    // The owner of the site makes it: built-in templates are not for everybody.
    let (status, workspace) = house.post(&format!("/api/v2/users/{user}/workspaces"), order).await;
    assert_eq!(status, 201, "{workspace}");
    let build = workspace["latest_build"]["id"].as_str().unwrap().to_owned();
    let done = house.ended(build.parse().unwrap()).await;
    let made = json!({"token_name": format!("of-{name}")});
    let (_, made) = house.call_as(token, Method::POST, "/api/v2/users/me/keys/tokens", Some(made)).await;
    let things = [
        ("user", user),
        ("workspace", workspace["id"].as_str().unwrap().to_owned()),
        ("workspace_name", name.to_owned()),
        ("build", build),
        ("agent", done.resources[0].agents[0].id.to_string()),
        ("token", made["key"].as_str().unwrap()[..10].to_owned()),
        ("number", "1".to_owned()),
        ("job", done.job.id.to_string()),
        ("organization", "default".to_owned()),
        ("template", templates["id"].as_str().unwrap().to_owned()),
        ("template_name", "process".to_owned()),
        ("version", templates["active_version_id"].as_str().unwrap().to_owned()),
        ("version_name", "none".to_owned()),
        ("os", "linux".to_owned()),
        ("arch", "amd64".to_owned()),
        ("file", "none".to_owned()),
    ];
    Person { token: token.to_owned(), things: things.into() }
}

/// A path with its names filled in.
fn fill(path: &str, things: &BTreeMap<&'static str, String>) -> String {
    things.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
}

/// Names in paths differ between rows and routes; what counts is where they stand.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes = server::http::routes();
    let routes: BTreeSet<_> = routes.rows().iter().map(|(method, path)| (method.to_string(), shape(path))).collect();
    let rows: BTreeSet<_> = rows().into_iter().map(|(method, path, ..)| (method.to_owned(), shape(path))).collect();
    assert!(routes.len() > 100, "{} routes: the list is not whole", routes.len());
    assert_eq!(routes.difference(&rows).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "routes without a row");
    assert_eq!(rows.difference(&routes).collect::<Vec<_>>(), Vec::<&(String, String)>::new(), "rows without a route");
}

/// Status only: some answers are streams without an end.
async fn status(house: &House, token: &str, method: &str, path: &str, body: Option<Value>) -> u16 {
    let mut request = house.request(method.parse().unwrap(), path);
    if !token.is_empty() {
        request = request.header("Coder-Session-Token", token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a01_every_route_by_every_actor_about_every_object() {
    let house = House::new(WAITS).await;
    let member = house.person("member").await;
    let stranger = house.person("stranger").await;
    let owner_token = house.token.clone();
    let owner = person(&house, &owner_token, "owners").await;
    let other = person(&house, &member, "members").await;
    let absent: BTreeMap<_, _> = other
        .things
        .iter()
        .map(|(name, value)| {
            let is_id = matches!(*name, "user" | "workspace" | "build" | "agent" | "token" | "workspace_name");
            (*name, if is_id { uuid::Uuid::new_v4().to_string() } else { value.clone() })
        })
        .collect();
    let stranger = if is_sabotaged("A01") { owner_token.clone() } else { stranger };
    let folder = house.server.state.workspace_folder(owner.things["workspace"].parse().unwrap());
    let daemon = std::fs::read_to_string(folder.join("agent-token")).unwrap().trim().to_owned();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (method, path, body, about) in rows() {
        let (of_owner, of_member, of_nobody) =
            (fill(path, &owner.things), fill(path, &other.things), fill(path, &absent));
        // A sign-out ends the key it is asked with: each actor gets a fresh one.
        let fresh = |token: String| {
            let house = &house;
            async move {
                let made = house.call_as(&token, Method::POST, "/api/v2/users/me/keys", None).await.1;
                made["key"].as_str().unwrap().to_owned()
            }
        };
        let [stranger, member, owner_token] = if path.ends_with("logout") {
            [fresh(stranger.clone()).await, fresh(other.token.clone()).await, fresh(owner_token.clone()).await]
        } else {
            [stranger.clone(), other.token.clone(), owner_token.clone()]
        };
        let by_site = match about {
            Private(_) => 403,
            Own(_) => 404,
            // Its owner has just deleted it.
            Thing(_) if method == "DELETE" => 404,
            Everyone(code) | Account(code) | Site(code) | Thing(code) | Daemon(code) | Other(code) => code,
        };
        // Who asks, for whose thing, and what they must get; 0 is "allowed, whatever comes of it".
        let unknown = 401;
        let mut cases: Vec<(&str, &str, &str, u16)> = match about {
            Everyone(code) => {
                ["", &daemon, &stranger, &owner_token].map(|who| ("all", who, of_owner.as_str(), code)).into()
            }
            Account(code) => vec![("stranger", &stranger, &of_owner, code), ("owner", &owner_token, &of_owner, code)],
            Site(code) => vec![("stranger", &stranger, &of_owner, 403), ("owner", &owner_token, &of_owner, code)],
            Thing(code) | Private(code) | Own(code) => vec![
                ("stranger", &stranger, &of_owner, 404),
                ("stranger", &stranger, &of_member, 404),
                ("stranger", &stranger, &of_nobody, 404),
                ("owner", &owner_token, &of_nobody, 404),
                ("member", &member, &of_owner, 404),
                ("member", &member, &of_member, code),
                ("owner", &owner_token, &of_owner, code),
                ("owner", &owner_token, &of_member, by_site),
            ],
            Daemon(code) => vec![
                ("stranger", &stranger, &of_owner, unknown),
                ("owner", &owner_token, &of_owner, unknown),
                ("daemon", &daemon, &of_owner, code),
            ],
            Other(code) => vec![
                ("stranger", &stranger, &of_owner, 404),
                ("stranger", &stranger, &of_member, 404),
                ("member", &member, &of_member, 403),
                ("owner", &owner_token, &of_nobody, 404),
                ("owner", &owner_token, &of_owner, 400),
                ("owner", &owner_token, &of_member, code),
            ],
        };
        if !matches!(about, Everyone(_)) {
            cases.insert(0, ("nobody", "", &of_owner, unknown));
            if !matches!(about, Daemon(_)) {
                cases.insert(1, ("daemon", &daemon, &of_owner, unknown));
            }
        }
        for (who, token, path, expect) in cases {
            count += 1;
            let got = status(&house, token, method, path, body.clone()).await;
            let is_right = if expect == 0 { !matches!(got, 401 | 403 | 404 | 405 | 500..) } else { got == expect };
            if !is_right {
                wrong.push(format!("{method} {path} by {who}: {got}, not {expect}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_made_suspended_and_deleted_by_the_owner() {
    let house = House::new(WAITS).await;
    let new = json!({"username": "ann", "email": "ann@example.com", "name": "Ann", "password": "correct horse"});
    let (status, ann) = house.post("/api/v2/users", new.clone()).await;
    assert_eq!((status.as_u16(), &ann["username"], &ann["roles"]), (201, &json!("ann"), &json!([])));
    assert_eq!(house.post("/api/v2/users", new).await.0, 409);
    let login = |password: &str| json!({"email": "ann@example.com", "password": password});
    let sign_in = async |password: &str| house.post("/api/v2/users/login", login(password)).await;
    let (_, session) = sign_in("correct horse").await;
    let token = session["session_token"].as_str().unwrap();
    let ask = async |method: Method, path: &str, body: Option<Value>| {
        house.call_as(token, method, path, body).await.0.as_u16()
    };
    assert_eq!(ask(Method::GET, "/api/v2/templates", None).await, 200, "templates are visible");
    let (_, process) = house.get("/api/v2/organizations/default/templates/process").await;
    let order = json!({"name": "mine", "template_id": process["id"]});
    assert_eq!(
        ask(Method::POST, "/api/v2/users/me/workspaces", Some(order)).await,
        403,
        "no shell as the server's user"
    );
    // Her own password: the old one is asked for, and other sessions end.
    let (_, second) = sign_in("correct horse").await;
    let change = |old: &str, new: &str| Some(json!({"old_password": old, "password": new}));
    assert_eq!(ask(Method::PUT, "/api/v2/users/me/password", change("wrong", "battery staple")).await, 400);
    assert_eq!(ask(Method::PUT, "/api/v2/users/me/password", change("correct horse", "short")).await, 400);
    assert_eq!(ask(Method::PUT, "/api/v2/users/me/password", change("correct horse", "battery staple")).await, 204);
    assert_eq!(ask(Method::GET, "/api/v2/users/me", None).await, 200, "the session that asked stays");
    let second = second["session_token"].as_str().unwrap();
    assert_eq!(house.call_as(second, Method::GET, "/api/v2/users/me", None).await.0, 401);
    assert_eq!((sign_in("correct horse").await.0.as_u16(), sign_in("battery staple").await.0.as_u16()), (401, 201));
    let by_owner = async |method: Method, path: &str| house.call_as(&house.token, method, path, None).await;
    assert_eq!(by_owner(Method::PUT, "/api/v2/users/ann/status/suspend").await.1["status"], "suspended");
    assert_eq!(ask(Method::GET, "/api/v2/users/me", None).await, 401);
    assert_eq!(sign_in("battery staple").await.0, 401);
    assert_eq!(by_owner(Method::PUT, "/api/v2/users/ann/status/activate").await.1["status"], "active");
    assert_eq!(ask(Method::GET, "/api/v2/users/me", None).await, 401, "a void key stays void");
    assert_eq!(sign_in("battery staple").await.0, 201);
    assert_eq!(by_owner(Method::DELETE, "/api/v2/users/ann").await.0, 200);
    assert_eq!(by_owner(Method::GET, "/api/v2/users/ann").await.0, 404);
    assert_eq!(sign_in("battery staple").await.0, 401);
    assert_eq!(by_owner(Method::DELETE, "/api/v2/users/me").await.0, 400, "the last owner stays");
}

/// A raw upgrade, read until the server ends it.
async fn ends_soon(house: &House, path: &str, token: &str, revoke: impl AsyncFnOnce()) -> (bool, String) {
    let mut socket = tokio::net::TcpStream::connect(house.server.address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nCoder-Session-Token: {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        house.server.address
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).await.unwrap();
    revoke().await;
    let mut rest = Vec::new();
    // A second is promised; a busy machine gets ten, and what is never ended would live for minutes.
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        let mut chunk = [0; 4096];
        loop {
            match socket.read(&mut chunk).await {
                Ok(0) | Err(_) => return,
                // Opcode 8 closes; what a websocket says before is data and pings.
                Ok(count) => rest.extend_from_slice(&chunk[..count]),
            }
            // A stream of events ends with an empty chunk.
            if rest.windows(2).any(|pair| pair[0] == 0x88) || rest.ends_with(b"\r\n0\r\n\r\n") {
                return;
            }
        }
    });
    (ended.await.is_ok(), String::from_utf8_lossy(&head).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn f28_what_is_revoked_ends_its_connections() {
    let house = House::new(WAITS).await;
    let member = house.person("member").await;
    let other = person(&house, &member, "box").await;
    let things = &other.things;
    let paths = [
        ("/api/v2/workspaces/{workspace}/watch-ws", "101"),
        ("/api/v2/workspaces/{workspace}/watch", "200"),
        ("/api/v2/homeport/workspaces/watch", "101"),
        ("/api/v2/workspaceagents/{agent}/watch-metadata-ws", "101"),
        ("/api/v2/workspaceagents/{agent}/logs?follow", "101"),
        ("/api/v2/workspaceagents/{agent}/coordinate?version=2.0", "101"),
        ("/api/v2/tailnet?version=2.0", "101"),
    ];
    for (path, code) in paths {
        let (_, made) = house.call_as(&member, Method::POST, "/api/v2/users/me/keys", None).await;
        let key = made["key"].as_str().unwrap().to_owned();
        let revoke = async || {
            let path = format!("/api/v2/users/me/keys/{}", &key[..10]);
            let id = if is_sabotaged("F28") { "/api/v2/users/me/keys/none" } else { path.as_str() };
            house.call_as(&member, Method::DELETE, id, None).await;
        };
        let (ended, head) = ends_soon(&house, &fill(path, things), &key, revoke).await;
        assert!(head.ends_with(code), "{path}: {head}");
        assert!(ended, "{path}: the key is revoked and the connection lives");
    }
    // A suspended account; then the daemon of a workspace that stops.
    let (_, made) = house.call_as(&member, Method::POST, "/api/v2/users/me/keys", None).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let suspend = async || {
        house.call_as(&house.token, Method::PUT, "/api/v2/users/member/status/suspend", None).await;
    };
    let (ended, _) = ends_soon(&house, "/api/v2/tailnet?version=2.0", &key, suspend).await;
    assert!(ended, "a suspended account keeps its connection");
    let folder = house.server.state.workspace_folder(things["workspace"].parse().unwrap());
    let daemon = std::fs::read_to_string(folder.join("agent-token")).unwrap().trim().to_owned();
    let stop = async || {
        house.build(&things["workspace"], "stop").await;
    };
    let (ended, head) = ends_soon(&house, "/api/v2/workspaceagents/me/rpc?version=2.0", &daemon, stop).await;
    assert!(head.ends_with("101") && ended, "{head}: a retired daemon keeps its connection");
}
