//! Tests of guard: given and expected, by tables where there are many.

use http::{HeaderMap, HeaderValue, Uri};

use super::{has_body, is_from_browser, is_json, is_ours, requested_host, same_origin};

fn check_host(host: &str, listen: &str, expect: bool) {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_str(host).expect("host"));
    let listen = listen.parse().expect("address");
    let found = requested_host(&headers, &Uri::from_static("/"))
        .is_some_and(|host| is_ours(&host, "home.example.com", &listen));
    assert_eq!(found, expect, "{host} on {listen}");
}

#[test]
fn only_our_own_names_are_served() {
    let loopback = "127.0.0.1:7080";
    for host in [
        "localhost",
        "localhost:7080",
        "127.0.0.1:7080",
        "127.3.2.1",
        "[::1]:7080",
        "LOCALHOST.",
        "home.example.com",
        "HOME.example.com:443",
    ] {
        check_host(host, loopback, true);
    }
    for host in [
        "evil.example.com",
        "evil.example.com:7080",
        "192.168.1.2:7080",
        "localhost.evil.example.com",
        "home.example.com.evil.net",
        "",
        "[::1",
        "a b",
    ] {
        check_host(host, loopback, false);
    }
    check_host("192.168.1.2:7080", "0.0.0.0:7080", true);
    check_host("evil.example.com:7080", "0.0.0.0:7080", false);
}

#[test]
fn an_origin_must_be_the_server_itself() {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost:7080"));
    let check = |origin: &'static str, expect: bool| {
        let found = same_origin(&HeaderValue::from_static(origin), &headers, &Uri::from_static("/"));
        assert_eq!(found, expect, "{origin}");
    };
    check("http://localhost:7080", true);
    check("http://LOCALHOST:7080", true);
    for origin in
        ["null", "http://localhost", "http://localhost:7081", "http://evil.example.com", "file://localhost:7080", ""]
    {
        check(origin, false);
    }
}

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value))).collect()
}

#[test]
fn a_browser_is_told_from_a_program_by_what_it_brings() {
    let (cookie, origin) = (("cookie", "a=b; coder_session_token=x"), ("origin", "http://evil.example.com"));
    let (token, bearer) = (("coder-session-token", "x"), ("authorization", "Bearer x"));
    let rows: [(&[_], bool); 9] = [
        (&[cookie], true),
        (&[cookie, origin], true),
        (&[origin], true),
        (&[cookie, bearer], true),
        (&[cookie, ("coder-session-token", "")], true),
        (&[("cookie", "a=b")], false),
        (&[token, cookie, origin], false),
        (&[bearer, origin], false),
        (&[], false),
    ];
    for (lines, expect) in rows {
        assert_eq!(is_from_browser(&headers(lines)), expect, "{lines:?}");
    }
}

#[test]
fn a_body_is_json_by_one_plain_word() {
    let kind = |kind| is_json(&headers(&[("content-type", kind)]));
    for good in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", " application/json "] {
        assert!(kind(good), "{good}");
    }
    for bad in ["text/plain", "application/json, text/plain", "text/plain; application/json", "application/jsonp", ""] {
        assert!(!kind(bad), "{bad}");
    }
    assert!(!is_json(&HeaderMap::new()));
    let mut two = headers(&[("content-type", "application/json")]);
    two.append("content-type", HeaderValue::from_static("text/plain"));
    assert!(!is_json(&two), "which of them counts is anybody's guess");
}

#[test]
fn a_body_is_seen_by_its_length_or_its_framing() {
    assert!(has_body(&headers(&[("content-length", "1")])) && has_body(&headers(&[("transfer-encoding", "chunked")])));
    assert!(!has_body(&headers(&[("content-length", "0")])) && !has_body(&HeaderMap::new()));
}
