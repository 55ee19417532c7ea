//! Which addresses belong to the tunnel, and that asking costs nothing where there is none.

#[test]
fn only_the_newer_prefix_counts() {
    #[track_caller]
    fn check(given: &str, expect: bool) {
        assert_eq!(super::is_in_tunnel(given.parse().unwrap()), expect, "{given}");
    }
    check("fd60:627a:a42b::53", true);
    check("fd60:627a:a42b:1::1", true);
    check("fd60:627a:a42c::1", false);
    check("fd7a:115c:a1e0::1", false);
    check("::1", false);
    check("127.0.0.1", false);
}

#[test]
fn what_is_no_name_is_not_asked_for() {
    for host in ["a..b", &"x".repeat(64), ".x"] {
        assert!(matches!(super::ask_own(host), Err(super::OwnError::Name)), "{host}");
        assert!(!super::exists(host));
    }
}
