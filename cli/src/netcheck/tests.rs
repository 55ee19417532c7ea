//! How a network is described.

use super::*;

#[test]
fn a_report_says_what_was_and_what_was_not_found() {
    #[track_caller]
    fn check(report: &Report, expect: &[&str]) {
        let text = text(report);
        for line in expect {
            assert!(text.lines().any(|shown| shown.contains(line)), "{line} is not in\n{text}");
        }
    }
    let nothing = Report {
        udp: false,
        public_ipv4: None,
        public_ipv6: None,
        mapping_varies_by_destination: None,
        preferred_relay: None,
        relay_latency_ms: vec![],
        endpoints: vec![],
    };
    check(&nothing, &["no answer", "IPv4:  none seen", "NAT:          not known", "none reached; check"]);
    let all = Report {
        udp: true,
        public_ipv4: Some("192.0.2.1".into()),
        mapping_varies_by_destination: Some(true),
        preferred_relay: Some(999),
        relay_latency_ms: vec![(999, 0.01), (1, 12.34)],
        endpoints: vec!["192.0.2.1:5".into()],
        ..nothing
    };
    check(
        &all,
        &[
            "works",
            "192.0.2.1",
            "differently",
            "Home relay:   999",
            "Relay 999:    under 0.1 ms",
            "Relay 1:    12.3 ms",
        ],
    );
}
