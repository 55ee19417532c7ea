//! What is for browsers alone: the one-use code, the cookie and its origin, the dashboard's files.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::house::{House, WAITS};
use crate::{is_sabotaged, person, rows};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_signed_in_once_by_a_code_that_ends_with_its_maker() {
    let house = House::new(WAITS).await;
    let redeem = async |code: &str| {
        let request = house.request(Method::POST, "/api/v2/homeport/sign-in").json(&json!({"code": code}));
        let response = request.send().await.unwrap();
        let cookie = response.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        (response.status().as_u16(), cookie)
    };
    let make = async |token: &str| {
        let (status, made) = house.call_as(token, Method::POST, "/api/v2/homeport/sign-in-codes", None).await;
        assert_eq!(status, 201, "{made}");
        made["code"].as_str().unwrap().to_owned()
    };
    let code = make(&house.token).await;
    let (status, cookie) = redeem(&code).await;
    let cookie = cookie.unwrap();
    assert_eq!(status, 201);
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    // Not for every port of this host: for a path that nobody else knows, and which the interface is behind.
    let path = cookie.split("; ").find_map(|part| part.strip_prefix("Path=")).unwrap().to_owned();
    assert!(path.starts_with("/at/") && path.len() == 36, "{cookie}");
    assert_eq!(redeem(&code).await, (401, None), "a code is spent by its first use");
    // The cookie reads from anywhere in our origin, and changes only from a page of ours.
    let cookie = cookie.split(';').next().unwrap();
    let by_cookie = async |method: Method, path: &str, origin: Option<String>| {
        let mut request = house.request(method, path).header("cookie", cookie);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(by_cookie(Method::GET, "/api/v2/users/me", None).await, 200);
    assert_eq!(by_cookie(Method::GET, &format!("{path}/api/v2/users/me"), None).await, 200);
    let ours = format!("http://{}", house.server.address);
    let codes = "/api/v2/homeport/sign-in-codes";
    let rows =
        [(None, 403), (Some("null".to_owned()), 403), (Some("http://evil.example".into()), 403), (Some(ours), 201)];
    for (origin, status) in rows {
        assert_eq!(by_cookie(Method::POST, codes, origin.clone()).await, status, "{origin:?}");
    }
    // Signing out takes the cookie away where it is.
    let out = house.request(Method::POST, &format!("{path}/api/v2/users/logout"));
    let out =
        out.header("cookie", cookie).header("origin", format!("http://{}", house.server.address)).send().await.unwrap();
    let gone: Vec<_> = out.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let is_gone =
        |path: &str| gone.iter().any(|one| one.contains(&format!("=; Path={path}; ")) && one.ends_with("Max-Age=0"));
    assert!(is_gone("/") && is_gone(&path), "{gone:?}");
    assert_eq!(by_cookie(Method::GET, "/api/v2/users/me", None).await, 401);
    // A key that was revoked takes its codes with it.
    let member = house.person("member").await;
    let code = make(&member).await;
    assert_eq!(house.call_as(&member, Method::POST, "/api/v2/users/logout", None).await.0, 200);
    assert_eq!(redeem(&code).await, (401, None));
}

/// `HOMEPORT_TEST_SABOTAGE=A01` declares every body as JSON, which must be red.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_comes_by_cookie_must_be_json_and_one_with_a_token_need_not() {
    let house = House::new(WAITS).await;
    let ours = format!("http://{}", house.server.address);
    let cookie = format!("coder_session_token={}", house.token);
    let me = house.get("/api/v2/users/me").await.1["id"].as_str().unwrap().to_owned();
    let send = async |method: &str, path: &str, body: &Value, kind: Option<&str>, by: &[(&str, &str)]| {
        let kind = if is_sabotaged("A01") { Some("application/json") } else { kind };
        let path = path.replace("{user}", &me);
        let mut request = house.request(method.parse().unwrap(), &path).body(body.to_string());
        for (name, value) in by.iter().copied().chain(kind.map(|kind| ("content-type", kind))) {
            request = request.header(name, value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let by_cookie = [("cookie", cookie.as_str()), ("origin", ours.as_str())];
    let by_token = [("coder-session-token", house.token.as_str())];
    let evil = [("origin", "http://evil.example")];
    let mut wrong = Vec::new();
    let with_body = rows().into_iter().filter_map(|(method, path, body, _)| Some((method, path, body?)));
    for (method, path, body) in with_body {
        let simple = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"];
        for kind in simple.map(Some).into_iter().chain([None]) {
            for (who, by) in [("by cookie", &by_cookie[..]), ("by a page without one", &evil[..])] {
                let got = send(method, path, &body, kind, by).await;
                wrong.extend((got != 415).then(|| format!("{method} {path} {who} as {kind:?}: {got}")));
            }
        }
        // The controls: declared, and as programs send it.
        let fine = [(Some("application/json; charset=utf-8"), &by_cookie[..]), (None, &by_token[..])];
        for (kind, by) in fine {
            let got = send(method, path, &body, kind, by).await;
            wrong.extend((got == 415).then(|| format!("{method} {path} as {kind:?}: refused")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // What has no body needs no word about it.
    let request =
        house.request(Method::POST, "/api/v2/users/me/keys").header("cookie", &cookie).header("origin", &ours);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_signed_in_by_a_code_that_is_worth_nothing_without_its_verifier() {
    let house = House::new(WAITS).await;
    let offer = house.request(Method::GET, "/api/v2/homeport/hand-off").send().await.unwrap();
    assert_eq!(offer.status().as_u16(), 200, "a program asks this before anybody signed in");

    // SHA-256 of `verifier` in base64url.
    let challenge = "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ";
    let codes = "/api/v2/homeport/hand-off-codes";
    for wrong in ["", "short", &challenge[1..], &format!("{challenge}="), &format!("{challenge}A")] {
        let body = json!({"challenge": wrong});
        assert_eq!(house.call_as(&house.token, Method::POST, codes, Some(body)).await.0, 400, "{wrong}");
    }
    let member = house.person("member").await;
    let make = async || {
        let (status, made) = house.call_as(&member, Method::POST, codes, Some(json!({"challenge": challenge}))).await;
        assert_eq!(status, 201, "{made}");
        made["code"].as_str().unwrap().to_owned()
    };
    let spend = async |code: &str, verifier: Option<&str>| {
        let mut body = json!({"code": code});
        if let Some(verifier) = verifier {
            body["verifier"] = json!(verifier);
        }
        let (status, answer) = house.call_as("", Method::POST, "/api/v2/homeport/sign-in", Some(body)).await;
        (status.as_u16(), answer["session_token"].as_str().map(str::to_owned))
    };
    for wrong in [None, Some("another")] {
        let code = make().await;
        assert_eq!(spend(&code, wrong).await, (401, None));
        assert_eq!(spend(&code, Some("verifier")).await, (401, None), "a wrong guess spent it");
    }
    let code = make().await;
    let (status, token) = spend(&code, Some("verifier")).await;
    assert_eq!(status, 201);
    let (status, me) = house.call_as(&token.unwrap(), Method::GET, "/api/v2/users/me", None).await;
    assert_eq!((status.as_u16(), me["username"].as_str()), (200, Some("member")), "{me}");
    assert_eq!(spend(&code, Some("verifier")).await, (401, None), "spent");

    // A key that may only open applications makes no session, neither way.
    let wanted = json!({"scope": "application_connect", "token_name": "apps"});
    let (_, made) = house.call_as(&member, Method::POST, "/api/v2/users/me/keys/tokens", Some(wanted)).await;
    let narrow = made["key"].as_str().unwrap();
    for (path, body) in [(codes, Some(json!({"challenge": challenge}))), ("/api/v2/homeport/sign-in-codes", None)] {
        assert_eq!(house.call_as(narrow, Method::POST, path, body).await.0, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_or_a_word_about_it_is_served() {
    let house = House::new(WAITS).await;
    for (path, is_page) in [("/", true), ("/cli-auth", true), ("/api/v2/none", false), ("/bin/none", false)] {
        let response = house.request(Method::GET, path).send().await.unwrap();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        assert_eq!(kind.is_some_and(|kind| kind.starts_with("text/html")), is_page, "{path}");
        if is_page {
            let policy = response.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_sees_its_sessions_and_ends_one() {
    let house = House::new(WAITS).await;
    let member = house.person("member").await;
    let (_, made) = house.call_as(&member, Method::POST, "/api/v2/users/me/keys", None).await;
    let other = made["key"].as_str().unwrap().to_owned();
    let token = json!({"token_name": "laptop", "lifetime": 0, "scope": "all"});
    house.call_as(&member, Method::POST, "/api/v2/users/me/keys/tokens", Some(token)).await;
    let list = async |token: &str| house.call_as(token, Method::GET, "/api/v2/homeport/sessions", None).await.1;
    let current = |all: &Value| {
        let mut all: Vec<_> =
            all.as_array().unwrap().iter().map(|one| (one["id"].clone(), one["is_current"].clone())).collect();
        all.sort_by_key(|(id, _)| id.as_str().unwrap() != &member[..10]);
        all
    };
    let both = |is_first: bool| vec![(json!(member[..10]), json!(is_first)), (json!(other[..10]), json!(!is_first))];
    assert_eq!(current(&list(&member).await), both(true), "sessions only: a token is no session");
    assert_eq!(current(&list(&other).await), both(false));
    let mine = list(&house.token).await;
    assert!(!mine.to_string().contains(&member[..10]), "nobody else's: {mine}");
    let end = format!("/api/v2/users/me/keys/{}", &other[..10]);
    assert_eq!(house.call_as(&member, Method::DELETE, &end, None).await.0, 204);
    assert_eq!(list(&member).await.as_array().unwrap().len(), 1);
    assert_eq!(house.call_as(&other, Method::GET, "/api/v2/users/me", None).await.0, 401);
}

/// `HOMEPORT_TEST_SABOTAGE=A01` lets the member listen with the owner's token, which must be red.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_hears_of_what_its_account_may_see_and_of_nothing_else() {
    let house = House::new(WAITS).await;
    let member = house.person("member").await;
    let owners = person(&house, &house.token.clone(), "owners").await.things["workspace"].clone();
    let members = person(&house, &member, "members").await.things["workspace"].clone();
    let listen = async |token: &str| {
        let url = format!("ws://{}/api/v2/homeport/workspaces/watch", house.server.address);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("coder-session-token", token.parse().unwrap());
        connect_async(request).await.unwrap().0
    };
    let mut of_owner = listen(&house.token).await;
    let mut of_member = listen(if is_sabotaged("A01") { &house.token } else { &member }).await;
    let star = async |token: &str, workspace: &str| {
        let path = format!("/api/v2/workspaces/{workspace}/favorite");
        assert_eq!(house.call_as(token, Method::PUT, &path, None).await.0, 204);
    };
    star(&house.token, &owners).await;
    let heard = next(&mut of_owner).await;
    assert_eq!((&heard["id"], &heard["favorite"]), (&json!(owners), &json!(true)));
    star(&member, &members).await;
    assert_eq!(
        next(&mut of_member).await["id"],
        json!(members),
        "the first that a member hears of is the member's own"
    );
    let heard = next(&mut of_owner).await;
    assert_eq!(
        (&heard["id"], &heard["favorite"]),
        (&json!(members), &json!(false)),
        "a favourite is its owner's alone"
    );
    // That a workspace is gone is told too.
    house.build(&owners, "delete").await;
    while next(&mut of_owner).await["latest_build"]["status"] != "deleted" {}
}

/// Which workspace a socket hears of next; the server sends signs of life between.
async fn next(socket: &mut WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>) -> Value {
    let heard = async {
        loop {
            let message = socket.next().await.unwrap().unwrap();
            let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap();
            if message["type"] == "data" {
                return message["data"].clone();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard).await.expect("nothing is heard")
}
