//! What is a cookie's path, and where it leads.

use axum::extract::Request;

use super::{CookiePath, lead, split};

const WORD: &str = "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB";

#[test]
fn only_the_interface_is_behind_a_path_as_we_draw_it() {
    let path = CookiePath(format!("/at/{WORD}"));
    for (rest, is_led) in [
        ("/api/v2/users/me", true),
        ("/api/v2/workspaces?q=a/b", true),
        ("/api", false),
        ("/healthz", false),
        ("", false),
    ] {
        let target = format!("/at/{WORD}{rest}");
        assert_eq!(split(&target), is_led.then(|| (path.clone(), rest)), "{target}");
    }
    for wrong in [
        format!("/at/{}/api/v2", &WORD[1..]),
        format!("/at/{WORD}a/api/v2"),
        format!("/at/{}%/api/v2", &WORD[1..]),
        format!("/At/{WORD}/api/v2"),
        format!("//at/{WORD}/api/v2"),
        "/api/v2".into(),
    ] {
        assert_eq!(split(&wrong), None, "{wrong}");
    }
    assert!(split(&format!("{}/api/v2", CookiePath::draw().expect("randomness").as_str())).is_some());
    assert_ne!(CookiePath::draw().expect("randomness"), CookiePath::draw().expect("randomness"));
}

#[test]
fn a_request_is_led_once_and_says_where_it_came_from() {
    let request = |target: String| Request::builder().uri(target).body(()).expect("a request");
    let led = lead(request(format!("/at/{WORD}/api/v2/users?q=a")));
    assert_eq!(led.uri(), "/api/v2/users?q=a");
    assert_eq!(led.extensions().get::<CookiePath>().map(CookiePath::as_str), Some(format!("/at/{WORD}").as_str()));
    let twice = lead(request(format!("/at/{WORD}/at/{WORD}/api/v2")));
    assert_eq!(twice.uri(), format!("/at/{WORD}/at/{WORD}/api/v2").as_str());
    let absolute = lead(request(format!("http://127.0.0.1:7080/at/{WORD}/api/v2")));
    assert_eq!(absolute.uri(), "http://127.0.0.1:7080/api/v2");
}
