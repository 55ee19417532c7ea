//! Asking costs nothing where there is no tunnel.

#[test]
fn what_is_no_name_is_not_asked_for() {
    for host in ["a..b", &"x".repeat(64), ".x"] {
        assert!(matches!(super::ask_own(host), Err(super::OwnError::Name)), "{host}");
        assert!(!super::exists(host));
    }
}
