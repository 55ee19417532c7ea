//! Which addresses belong to the tunnel.

use std::net::IpAddr;

use super::is_in_tunnel;

#[test]
fn only_the_newer_prefix_counts() {
    #[track_caller]
    fn check(given: &str, expect: bool) {
        assert_eq!(is_in_tunnel(given.parse::<IpAddr>().unwrap()), expect, "{given}");
    }
    check("fd60:627a:a42b::53", true);
    check("fd60:627a:a42b:1::1", true);
    check("fd60:627a:a42c::1", false);
    check("fd7a:115c:a1e0::1", false);
    check("::1", false);
    check("127.0.0.1", false);
}
