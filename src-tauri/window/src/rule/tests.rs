//! What a page can ask for, and what it cannot by any spelling.

use http::Method;

use super::{MAX_BODY, Refused, check, check_stream};

#[test]
fn calls_of_the_pages_are_made() {
    for (method, path) in [
        ("GET", "/users/me"),
        ("GET", "/workspaces?q=owner%3Ame&limit=25"),
        ("GET", "/users/me/keys/tokens?include_all=false"),
        ("POST", "/workspaces/0b7e/builds"),
        ("PUT", "/workspaces/0b7e/extend"),
        ("PATCH", "/workspaces/0b7e"),
        ("DELETE", "/users/me/keys/abc"),
        ("POST", "/users/me/workspaces"),
        ("PUT", "/users/me/password"),
    ] {
        assert_eq!(check(method, path, Some("{}")), Ok(method.parse::<Method>().unwrap()), "{method} {path}");
    }
    assert_eq!(check_stream("/workspaceagents/1/pty?reconnect=2&width=80&height=24"), Ok(()));
}

#[test]
fn no_token_and_no_session_comes_into_a_window() {
    let refused = |path: &str| check("POST", path, Some("{}")).unwrap_err();
    for path in ["/users/me/keys", "/users/me/keys/tokens", "/users/x/KEYS/tokens", "/users/me/%6beys"] {
        assert_eq!(refused(path), Refused::Token, "{path}");
    }
    for path in ["/users/login", "/users/log%69n?x=1", "/users/logout", "/users/first", "/homeport/sign-in-codes"] {
        assert_eq!(refused(path), Refused::Session, "{path}");
    }
    for path in ["/oauth2/tokens", "/applications/reconnecting-pty-signed-token", "/workspaceproxies", "/files"] {
        assert_eq!(refused(path), Refused::Call, "{path}");
    }
    let credentials = "/workspaces/1/external-agent/main/credentials";
    assert_eq!(check("GET", credentials, None), Err(Refused::Call));
    assert_eq!(check("GET", "/workspaceagents/me/manifest", None), Err(Refused::Call));
    assert_eq!(check_stream("/workspaceagents/me/rpc"), Err(Refused::Call));
    assert_eq!(check_stream("/tailnet"), Err(Refused::Call));
}

#[test]
fn nothing_leads_elsewhere() {
    let long = format!("/{}", "a".repeat(9_000));
    for path in [
        "",
        "users/me",
        "//users/login",
        "/users//login",
        "/../../healthz",
        "/users/%2e%2e/x",
        "/users/%2E/x",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/a#b",
        "/a%",
        "/a%zz",
        "/a%25b",
        "/a%00",
        "/a b",
        "/a\nb",
        "/a;b",
        "/\u{e9}",
        "/a{b}",
    ] {
        assert_eq!(check("GET", path, None), Err(Refused::Call), "{path:?}");
        assert_eq!(check_stream(path), Err(Refused::Call), "{path:?}");
    }
    assert_eq!(check("GET", &long, None), Err(Refused::Length));
    assert_eq!(check("POST", "/x", Some(&"a".repeat(MAX_BODY + 1))), Err(Refused::Length));
    for method in ["get", "CONNECT", "TRACE", "OPTIONS", "HEAD", "", "GET\r\nX: y"] {
        assert_eq!(check(method, "/users/me", None), Err(Refused::Call), "{method}");
    }
}
