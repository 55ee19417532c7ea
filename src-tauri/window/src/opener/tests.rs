//! A19: what a page may have opened, row by row.

use url::Url;

use super::{OpenError, Opened, check};

fn of(address: &str) -> Result<Opened, OpenError> {
    check(&Url::parse("https://dev.example:8443/").unwrap(), address)
}

#[test]
fn pages_of_the_deployment_and_known_programs_are_opened() {
    for page in ["/@me/box/apps/code/", "https://dev.example:8443/templates", "HTTPS://DEV.example:8443/x"] {
        assert!(matches!(of(page), Ok(Opened::Page(_))), "{page}");
    }
    for other in [
        "https://code--box--me.dev.example:8443/",
        "vscode://coder.coder-remote/open?x=1",
        "cursor://x",
        "zed://ssh/box",
    ] {
        assert!(matches!(of(other), Ok(Opened::Address(_))), "{other}");
    }
}

#[test]
fn nothing_else_is() {
    for scheme in [
        "file:///etc/passwd",
        "smb://a/b",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://a/",
        "tauri://localhost/",
        "ssh://a",
        "mailto:a@b",
        "blob:https://dev.example:8443/x",
        "view-source:https://a",
    ] {
        assert!(matches!(of(scheme), Err(OpenError::Scheme(_))), "{scheme}");
    }
    for foreign in [
        "https://evil.example/",
        "//evil.example/",
        "https://dev.example/",
        "http://dev.example:8443/",
        "https://evildev.example:8443/",
        "https://dev.example.evil.example:8443/",
        "https://a.dev.example/",
        "https://dev.example:8443@evil.example/",
        "/\\evil.example/",
    ] {
        assert!(matches!(of(foreign), Err(OpenError::Foreign(_))), "{foreign}: {:?}", of(foreign));
    }
    assert_eq!(of("https://dev.example:8443/?t=$SESSION_TOKEN"), Err(OpenError::WantsToken));
    for none in ["", "x", "https://", "/a\nb", &"/a".repeat(3_000)] {
        assert_eq!(of(none), Err(OpenError::NoAddress), "{none}");
    }
}

#[test]
fn a_name_below_an_address_is_foreign() {
    let base = Url::parse("http://127.0.0.1:7080/").unwrap();
    assert!(matches!(check(&base, "http://127.0.0.1:3000/"), Err(OpenError::Foreign(_))));
    assert!(matches!(check(&base, "/workspaces"), Ok(Opened::Page(_))));
}
