//! Addresses as people type them.

use super::*;

#[test]
fn an_address_is_taken_as_people_type_it() {
    for (typed, url) in [
        ("dev.example.com", "https://dev.example.com/"),
        (" DEV.example.com:8443\n", "https://dev.example.com:8443/"),
        ("dev.example.com/coder", "https://dev.example.com/coder"),
        ("http://dev.example.com", "http://dev.example.com/"),
        ("localhost:7080", "http://localhost:7080/"),
        ("127.0.0.1:7080", "http://127.0.0.1:7080/"),
        ("[::1]:7080", "https://[::1]:7080/"),
    ] {
        assert_eq!(parse_url(typed).map(String::from).as_deref(), Some(url), "{typed}");
    }
    for typed in [
        "",
        " ",
        "ftp://dev",
        "file:///etc/passwd",
        "https://",
        "dev example",
        "ann@dev",
        "https://:pw@dev",
        "dev:99999",
    ] {
        assert_eq!(parse_url(typed), None, "{typed}");
    }
}
