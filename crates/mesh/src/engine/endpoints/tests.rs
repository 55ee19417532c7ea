//! The list that is advertised.

use super::*;

/// STUN answers as (server, mapped) texts.
fn answers(given: &[(&str, &str)]) -> Vec<StunAnswer> {
    let answer = |(server, mapped): &(&str, &str)| StunAnswer {
        region: 1,
        server: server.parse().unwrap(),
        mapped: mapped.parse().unwrap(),
        latency: Duration::ZERO,
    };
    given.iter().map(answer).collect()
}

#[test]
fn the_list_is_best_first_without_repetition() {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    let start = Instant::now();
    let check = |rounds: &[(u64, &[(&str, &str)])], varies: Option<bool>, expected: &[&str]| {
        let mut endpoints = Endpoints::default();
        endpoints.set_local(["10.0.0.2:41641", "[fd00::2]:41642"].map(|text| text.parse().unwrap()).into());
        for (at, given) in rounds {
            endpoints.handle_stun(&answers(given), start + Duration::from_secs(*at));
        }
        let list: Vec<String> = endpoints.list().iter().map(SocketAddr::to_string).collect();
        assert_eq!(list, expected, "{rounds:?}");
        assert_eq!(endpoints.mapping_varies, varies, "{rounds:?}");
    };
    const LOCAL: [&str; 2] = ["10.0.0.2:41641", "[fd00::2]:41642"];
    const A: &str = "192.0.2.1:3478";
    const B: &str = "192.0.2.2:3478";
    check(&[], None, &LOCAL);
    check(&[(0, &[])], None, &LOCAL);
    check(&[(0, &[(A, "198.51.100.1:1000")])], None, &["198.51.100.1:1000", LOCAL[0], LOCAL[1]]);
    check(
        &[(0, &[(A, "198.51.100.1:1000"), (A, "198.51.100.1:1000"), (B, "198.51.100.1:1000")])],
        Some(false),
        &["198.51.100.1:1000", LOCAL[0], LOCAL[1]],
    );
    check(
        &[(0, &[(A, "198.51.100.1:1000"), (B, "198.51.100.1:1001")])],
        Some(true),
        &["198.51.100.1:1000", "198.51.100.1:41641", LOCAL[0], LOCAL[1]],
    );
    check(
        &[
            (0, &[(A, "198.51.100.1:1000")]),
            (20, &[(A, "198.51.100.1:2000"), ("[2001:db8::1]:3478", "[2001:db8::9]:7")]),
        ],
        None,
        &["198.51.100.1:2000", "[2001:db8::9]:7", "198.51.100.1:1000", LOCAL[0], LOCAL[1]],
    );
    check(&[(0, &[(A, "198.51.100.1:1000")]), (309, &[])], None, &["198.51.100.1:1000", LOCAL[0], LOCAL[1]]);
    check(&[(0, &[(A, "198.51.100.1:1000")]), (310, &[])], None, &LOCAL);
}

#[test]
fn the_list_is_bounded() {
    #[allow(clippy::disallowed_methods)] // The zero of a virtual clock.
    let now = Instant::now();
    let mut endpoints = Endpoints::default();
    endpoints.set_local((1..1000).map(|port| SocketAddr::from(([10, 0, 0, 2], port))).collect());
    for port in 1..100 {
        endpoints.handle_stun(&answers(&[("192.0.2.1:1", &format!("198.51.100.1:{port}"))]), now);
    }
    assert_eq!(endpoints.mapped.len(), MAX_MAPPED);
    assert_eq!(endpoints.list().len(), MAX_ENDPOINTS);
}
