//! What may be shown in a window.

use tauri::Url;

use super::may_show;

#[test]
fn only_our_own_pages_are_shown() {
    let may = |address: &str| may_show(&Url::parse(address).unwrap());
    assert!(may("tauri://localhost/workspaces?x=1#y"));
    for foreign in [
        "https://tauri.localhost/",
        "http://localhost/",
        "tauri://localhost.evil.example/",
        "tauri://evil/",
        "tauri://localhost:80/",
        "about:blank",
        "data:text/html,x",
        "file:///etc/passwd",
        "blob:tauri://localhost/x",
        "javascript:alert(1)",
        "ipc://localhost/request",
    ] {
        assert!(!may(foreign), "{foreign}");
    }
}
