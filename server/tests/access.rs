//! Who gets in: sign-in, tokens, other people's things, hosts and bad bodies, on a real listener.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod house;

use house::{House, WAITS};
use reqwest::Method;
use serde_json::json;
use server::config::Config;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_account_signs_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { local_user: false, ..house::config(folder.path(), WAITS) };
    let house = House::with(folder, config).await;
    assert_eq!(house.get("/api/v2/users/first").await.0, 404);
    let first = json!({"email": "ann@example.com", "username": "ann", "password": "correct horse"});
    for (field, value) in [("username", "a b"), ("email", "nobody"), ("password", "short")] {
        let mut bad = first.clone();
        bad[field] = value.into();
        let (status, body) = house.post("/api/v2/users/first", bad).await;
        assert_eq!((status.as_u16(), &body["validations"][0]["field"]), (400, &json!(field)));
    }
    assert_eq!(house.post("/api/v2/users/first", first.clone()).await.0, 201);
    assert_eq!(house.post("/api/v2/users/first", first).await.0, 409);
    assert_eq!(house.get("/api/v2/users/first").await.0, 200);

    let login = |email: &str, password: &str| json!({"email": email, "password": password});
    let wrong = house.post("/api/v2/users/login", login("ann@example.com", "wrong horse")).await;
    let nobody = house.post("/api/v2/users/login", login("bob@example.com", "wrong horse")).await;
    assert_eq!(wrong.0, 401);
    assert_eq!(wrong, nobody, "an unknown account looks like a wrong password");
    let (status, session) = house.post("/api/v2/users/login", login("ann@example.com", "correct horse")).await;
    assert_eq!(status, 201);
    let token = session["session_token"].as_str().unwrap();
    let me = house.call_as(token, Method::GET, "/api/v2/users/me", None).await;
    assert_eq!((me.0.as_u16(), &me.1["username"]), (200, &json!("ann")));
    assert_eq!(house.call_as(token, Method::POST, "/api/v2/users/logout", None).await.0, 200);
    assert_eq!(house.call_as(token, Method::GET, "/api/v2/users/me", None).await.0, 401);
    for _ in 0..9 {
        house.post("/api/v2/users/login", login("ann@example.com", "wrong horse")).await;
    }
    let slowed = house.post("/api/v2/users/login", login("ann@example.com", "correct horse")).await;
    assert_eq!(slowed.0, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_token_gets_the_same_answer() {
    let house = House::new(WAITS).await;
    let (_, made) = house.post("/api/v2/users/me/keys/tokens", json!({"token_name": "laptop"})).await;
    let token = made["key"].as_str().unwrap().to_owned();
    let me = |token: String| {
        let house = &house;
        async move { house.call_as(&token, Method::GET, "/api/v2/users/me", None).await }
    };
    assert_eq!(me(token.clone()).await.0, 200);
    assert_eq!(house.post("/api/v2/users/me/keys/tokens", json!({"token_name": "laptop"})).await.0, 409);
    let (_, list) = house.get("/api/v2/users/me/keys/tokens").await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["token_name"]), (1, &json!("laptop")));
    assert!(!list.to_string().contains(&token[11..]), "the secret is shown once");

    let other_secret = format!("{}-{}", &token[..10], "x".repeat(22));
    let other_id = format!("xxxxxxxxxx-{}", &token[11..]);
    let none = me(String::new()).await;
    assert_eq!(none.0, 401);
    for bad in [other_secret, other_id, "x".into(), token[..32].to_owned(), uuid::Uuid::new_v4().to_string()] {
        assert_eq!(me(bad.clone()).await, none, "{bad}");
    }
    let expire = |db: &server::store::Db| {
        db.execute("UPDATE api_keys SET expires_at = 1 WHERE token_name = 'laptop'", [])?;
        Ok(())
    };
    house.server.state.store.write(expire).await.unwrap();
    assert_eq!(me(token).await, none, "expired");
    let path = format!("/api/v2/users/me/keys/{}", list[0]["id"].as_str().unwrap());
    assert_eq!(house.call_as(&house.token, Method::DELETE, &path, None).await.0, 204);
    assert_eq!(house.call_as(&house.token, Method::DELETE, &path, None).await.0, 404);
}

/// What nobody, a stranger and the owner get for a route about the owner's things.
#[tokio::test(flavor = "multi_thread")]
async fn routes_by_actor() {
    let house = House::new(WAITS).await;
    let (workspace, build) = house.create("one", "process").await;
    let agent = house.ended(build).await.resources[0].agents[0].id;
    let stranger = house.person("stranger").await;
    let (_, me) = house.get("/api/v2/users/me").await;
    let (owner, name) = (me["id"].as_str().unwrap(), me["username"].as_str().unwrap());
    let (_, templates) = house.get("/api/v2/templates").await;
    let template = templates[0]["id"].as_str().unwrap();
    let version = templates[0]["active_version_id"].as_str().unwrap();
    let table = [
        ("/healthz".to_owned(), [200, 200, 200]),
        ("/api/v2/buildinfo".to_owned(), [200, 200, 200]),
        ("/api/v2/users/first".to_owned(), [200, 200, 200]),
        ("/api/v2/users/authmethods".to_owned(), [200, 200, 200]),
        ("/api/v2/init-script/linux/amd64".to_owned(), [200, 200, 200]),
        ("/api/v2/init-script/linux/mips".to_owned(), [400, 400, 400]),
        ("/api/v2/users/me".to_owned(), [401, 200, 200]),
        (format!("/api/v2/users/{owner}"), [401, 404, 200]),
        (format!("/api/v2/users/{name}/keys/tokens"), [401, 404, 200]),
        ("/api/v2/users/nobody".to_owned(), [401, 404, 404]),
        ("/api/v2/organizations".to_owned(), [401, 200, 200]),
        ("/api/v2/templates".to_owned(), [401, 200, 200]),
        (format!("/api/v2/templates/{template}"), [401, 200, 200]),
        (format!("/api/v2/templateversions/{version}/rich-parameters"), [401, 200, 200]),
        (format!("/api/v2/workspaces/{workspace}"), [401, 404, 200]),
        (format!("/api/v2/workspaces/{workspace}/builds"), [401, 404, 200]),
        (format!("/api/v2/workspaces/{workspace}/watch-ws"), [401, 426, 426]),
        (format!("/api/v2/users/{name}/workspace/one"), [401, 404, 200]),
        (format!("/api/v2/workspacebuilds/{build}"), [401, 404, 200]),
        (format!("/api/v2/workspacebuilds/{build}/logs"), [401, 404, 200]),
        (format!("/api/v2/workspaceagents/{agent}"), [401, 404, 200]),
        (format!("/api/v2/workspaceagents/{agent}/connection"), [401, 404, 200]),
        ("/api/v2/workspaceagents/connection".to_owned(), [401, 200, 200]),
        ("/api/v2/workspaces/no-uuid".to_owned(), [401, 400, 400]),
        ("/api/v2/deployment/ssh".to_owned(), [401, 200, 200]),
        ("/api/v2/deployment/config".to_owned(), [401, 403, 200]),
        ("/api/v2/debug/health".to_owned(), [401, 403, 200]),
        ("/api/v2/no/such/route".to_owned(), [404, 404, 404]),
    ];
    for (path, expect) in table {
        for (actor, expect) in [String::new(), stranger.clone(), house.token.clone()].iter().zip(expect) {
            let (status, body) = house.call_as(actor, Method::GET, &path, None).await;
            assert_eq!(status, expect, "{path} {body}");
            assert!(status.is_success() || body["message"].is_string(), "{path} has no envelope: {body}");
        }
    }
    let delete = json!({"transition": "delete"});
    let path = format!("/api/v2/workspaces/{workspace}/builds");
    assert_eq!(house.call_as(&stranger, Method::POST, &path, Some(delete)).await.0, 404);
    assert_eq!(house.call_as(&stranger, Method::PUT, "/api/v2/buildinfo", None).await.0, 405);
    house.build(&workspace, "delete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_gets_nothing() {
    let house = House::new(WAITS).await;
    let host = house.request(Method::GET, "/api/v2/buildinfo").header("host", "evil.example.com").send().await.unwrap();
    assert_eq!(host.status(), 403);
    let cookie = format!("coder_session_token={}", house.token);
    let post = |origin: &'static str| {
        let request = house.request(Method::POST, "/api/v2/users/me/keys").header("cookie", cookie.clone());
        if origin.is_empty() { request } else { request.header("origin", origin) }
    };
    for origin in ["", "null", "http://evil.example.com", "http://127.0.0.1:1"] {
        assert_eq!(post(origin).send().await.unwrap().status(), 403, "{origin}");
    }
    let own = format!("http://{}", house.server.address);
    let fine = house.request(Method::POST, "/api/v2/users/me/keys").header("cookie", &cookie).header("origin", own);
    assert_eq!(fine.send().await.unwrap().status(), 201);
    let read = house.request(Method::GET, "/api/v2/users/me").header("cookie", &cookie);
    assert_eq!(read.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_capped_and_checked() {
    let house = House::new(WAITS).await;
    let path = "/api/v2/users/me/keys/tokens";
    for (body, expect) in
        [("", 400), ("{", 400), ("[]", 400), ("{\"lifetime\":\"x\"}", 400), ("{\"lifetime\":-1}", 400)]
    {
        let request = house.request(Method::POST, path).header("Coder-Session-Token", &house.token).body(body);
        assert_eq!(request.send().await.unwrap().status(), expect, "{body}");
    }
    let large = house.request(Method::POST, path).header("Coder-Session-Token", &house.token);
    assert_eq!(large.body(vec![b' '; 1024 * 1024 + 1]).send().await.unwrap().status(), 413);
}
