//! Which proxy leads where, and what is never shown of it.

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
