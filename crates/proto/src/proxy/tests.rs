//! Which proxy leads where, and what is never shown of it.

use super::connect::{Denied, MAX_HEAD, Passage};
use super::*;

fn proxies(variables: &[(&str, &str)]) -> Proxies {
    Proxies::from_variables(|name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn a_host_is_reached_by_the_proxy_of_its_scheme_unless_excepted() {
    let check = |variables: &[(&str, &str)], host: &str, port: u16, is_encrypted: bool, expect: Option<&str>| {
        let found = proxies(variables);
        let found = found.of(host, port, is_encrypted).unwrap().map(Proxy::name);
        assert_eq!(found.as_deref(), expect, "{variables:?} {host}:{port} {is_encrypted}");
    };
    let both = [("HTTP_PROXY", "http://plain:3128"), ("HTTPS_PROXY", "http://sealed:3129")];
    check(&[], "relay.example", 443, true, None);
    check(&both, "relay.example", 443, true, Some("sealed:3129"));
    check(&both, "relay.example", 80, false, Some("plain:3128"));
    check(&both[..1], "relay.example", 443, true, None);
    for here in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1", "[::1]"] {
        check(&both, here, 443, true, None);
    }
    check(&[("https_proxy", "low:1")], "relay.example", 443, true, Some("low:1"));
    check(&[("HTTPS_PROXY", " "), ("https_proxy", "low:1")], "relay.example", 443, true, Some("low:1"));
    check(&[("HTTPS_PROXY", "up:1"), ("https_proxy", "low:1")], "relay.example", 443, true, Some("up:1"));
    check(&[("HTTPS_PROXY", "proxy")], "relay.example", 443, true, Some("proxy:80"));
    check(&[("HTTPS_PROXY", "https://proxy")], "relay.example", 443, true, Some("proxy:443"));
    check(&[("HTTPS_PROXY", "http://[fd00::1]:8080/")], "relay.example", 443, true, Some("[fd00::1]:8080"));

    let excepted = |list: &str, host: &str, port: u16, is_direct: bool| {
        let variables = [("HTTPS_PROXY", "proxy:1"), ("NO_PROXY", list)];
        check(&variables, host, port, true, (!is_direct).then_some("proxy:1"));
    };
    excepted("*", "relay.example", 443, true);
    excepted("relay.example", "relay.example", 443, true);
    excepted("relay.example", "Relay.Example.", 443, true);
    excepted("relay.example", "eu.relay.example", 443, true);
    excepted("relay.example", "otherrelay.example", 443, false);
    excepted(".relay.example", "eu.relay.example", 443, true);
    excepted(".relay.example", "relay.example", 443, false);
    excepted("*.relay.example", "eu.relay.example", 443, true);
    excepted("one.example, relay.example", "relay.example", 443, true);
    excepted("relay.example:8443", "relay.example", 8443, true);
    excepted("relay.example:8443", "relay.example", 443, false);
    excepted("192.0.2.7", "192.0.2.7", 443, true);
    excepted("192.0.2.7:1", "192.0.2.7", 443, false);
    excepted("192.0.2.0/24", "192.0.2.7", 443, true);
    excepted("192.0.2.0/24", "192.0.3.7", 443, false);
    excepted("0.0.0.0/0", "192.0.3.7", 443, true);
    excepted("0.0.0.0/0", "fd00::1", 443, false);
    excepted("fd00::/8", "fd12::1", 443, true);
    excepted("fd00::/8", "[fe12::1]", 443, false);
    excepted("fd00::1", "fd00::1", 443, true);
    excepted("192.0.2.0/33, /, :, ,,", "192.0.2.7", 443, false);
}

#[test]
fn a_login_is_sent_but_never_shown() {
    let check = |url: &str, expect: Option<&str>| {
        let found = proxies(&[("HTTPS_PROXY", url)]);
        let login = found.of("relay.example", 443, true).unwrap().unwrap().login.clone();
        assert_eq!(login.as_ref().map(Secret::expose), expect, "{url}");
        assert!(!format!("{found:?}").contains("swordfish"));
    };
    check("http://proxy:1", None);
    check("http://ann:swordfish@proxy:1", Some("Basic YW5uOnN3b3JkZmlzaA=="));
    check("http://ann@proxy:1", Some("Basic YW5uOg=="));
    check("http://ann:%40%3a%zz@proxy:1", Some("Basic YW5uOkA6JXp6"));
}

#[test]
fn an_unusable_proxy_is_an_error_and_not_a_direct_way() {
    let check = |url: &str, expect: ProxyError| {
        let found = proxies(&[("HTTPS_PROXY", url)]);
        assert_eq!(found.of("relay.example", 443, true).unwrap_err(), expect, "{url}");
        assert!(found.of("localhost", 443, true).unwrap().is_none());
        assert!(found.of("relay.example", 80, false).unwrap().is_none());
        let shown = format!("{found:?} {expect}");
        assert!(!shown.contains("swordfish"), "{shown}");
    };
    check("socks5://ann:swordfish@proxy:1080", ProxyError::Scheme("HTTPS_PROXY"));
    check("http://", ProxyError::Url("HTTPS_PROXY"));
    check("http://ann:swordfish@proxy:notaport", ProxyError::Url("HTTPS_PROXY"));
}

fn asked(url: &str, host: &str) -> Result<String, Denied> {
    let found = proxies(&[("HTTPS_PROXY", url)]);
    let passage = Passage::new(found.of("server.example", 443, true).unwrap().unwrap(), host, 443)?;
    Ok(passage.request().expose().to_owned())
}

#[test]
fn a_way_is_asked_for_with_the_login_and_nothing_else() {
    let check = |url: &str, host: &str, expect: Result<&str, Denied>| {
        assert_eq!(asked(url, host), expect.map(str::to_owned), "{url} {host}");
    };
    check(
        "http://proxy:1",
        "server.example",
        Ok("CONNECT server.example:443 HTTP/1.1\r\nHost: server.example:443\r\nUser-Agent: homeport\r\n\r\n"),
    );
    check(
        "http://ann:swordfish@proxy:1",
        "fd00::1",
        Ok(
            "CONNECT [fd00::1]:443 HTTP/1.1\r\nHost: [fd00::1]:443\r\nUser-Agent: homeport\r\nProxy-Authorization: Basic YW5uOnN3b3JkZmlzaA==\r\n\r\n",
        ),
    );
    check(
        "http://proxy:1",
        "[fd00::1]",
        Ok("CONNECT [fd00::1]:443 HTTP/1.1\r\nHost: [fd00::1]:443\r\nUser-Agent: homeport\r\n\r\n"),
    );
    for hostile in ["", "a b", "a\r\nX: y", "a/b", "user@host", "h\u{f6}st", "a\0"] {
        check("http://proxy:1", hostile, Err(Denied::Target(hostile.to_owned())));
    }
}

#[test]
fn an_answer_opens_the_way_or_says_why_not() {
    let found = proxies(&[("HTTPS_PROXY", "http://ann:swordfish@proxy:1")]);
    let passage = Passage::new(found.of("server.example", 443, true).unwrap().unwrap(), "server.example", 443).unwrap();
    let (proxy, target) = (String::from("proxy:1"), String::from("server.example:443"));
    let check = |answer: &[u8], expect: Result<bool, Denied>| {
        let got = passage.is_open(answer);
        assert_eq!(got, expect, "{:?}", String::from_utf8_lossy(answer));
        assert!(!format!("{got:?} {passage:?}").contains("swordfish"));
    };
    let unreadable = || Err(passage.broken());
    let whole = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n";
    for length in 0..whole.len() {
        check(&whole[..length], Ok(false));
    }
    check(whole, Ok(true));
    check(b"HTTP/1.0 204\r\n\r\n", Ok(true));
    check(b"HTTP/1.1 200 OK\r\n\r\nmore", unreadable());
    check(b"HTTP/1.1 407 Who?\r\n\r\n<html>", Err(Denied::Login { proxy: proxy.clone(), target: target.clone() }));
    for status in [100, 302, 403, 502] {
        let answer = format!("HTTP/1.1 {status} No\r\n\r\n");
        let refused = Denied::Refused { proxy: proxy.clone(), target: target.clone(), status };
        check(answer.as_bytes(), Err(refused));
    }
    check(b"SSH-2.0-x", unreadable());
    check(b"HTTP/2 200\r\n\r\n", unreadable());
    check(b"HTTP/1.1 20\r\n\r\n", unreadable());
    check(b"HTTP/1.1 +20 \r\n\r\n", unreadable());
    check(b"HTTP/1.1-200\r\n\r\n", unreadable());
    let mut long = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    long.resize(MAX_HEAD - 1, b'x');
    check(&long, Ok(false));
    long.push(b'x');
    check(&long, unreadable());
    long.truncate(MAX_HEAD - 2);
    long.extend(b"\r\n\r\n");
    check(&long, unreadable());
}
