//! What is for browsers alone: the one-use code, the cookie and its origin, the dashboard's files.

use reqwest::Method;
use serde_json::json;

use crate::house::{House, WAITS};

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
    let ours = format!("http://{}", house.server.address);
    let codes = "/api/v2/homeport/sign-in-codes";
    let rows =
        [(None, 403), (Some("null".to_owned()), 403), (Some("http://evil.example".into()), 403), (Some(ours), 201)];
    for (origin, status) in rows {
        assert_eq!(by_cookie(Method::POST, codes, origin.clone()).await, status, "{origin:?}");
    }
    // A key that was revoked takes its codes with it.
    let member = house.person("member").await;
    let code = make(&member).await;
    assert_eq!(house.call_as(&member, Method::POST, "/api/v2/users/logout", None).await.0, 200);
    assert_eq!(redeem(&code).await, (401, None));
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
