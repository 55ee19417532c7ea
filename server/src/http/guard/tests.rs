//! Tests of guard: given and expected, by tables where there are many.

use http::{HeaderMap, HeaderValue, Uri};

use super::{is_ours, requested_host, same_origin};

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
