//! What may be said to this program.

use super::{Arguments, page};

#[test]
fn a_page_stays_among_the_pages() {
    for good in ["/", "/workspaces", "/@me/box", "/workspaces?filter=owner:me&x=%20", "/@me/box/builds/3"] {
        assert_eq!(page(good).as_deref(), Ok(good));
    }
    let long = format!("/{}", "a".repeat(2_000));
    for bad in ["", "workspaces", "//evil.example/", "/a#code=1", "/a\\b", "/a b", "http://evil.example", &long] {
        assert!(page(bad).is_err(), "{bad}");
    }
}

#[test]
fn words_of_a_second_start_are_checked_too() {
    let of = |text: &str| {
        serde_json::from_str::<Arguments>(text).map_err(|_| ()).and_then(|it| it.checked().map_err(|_| ()))
    };
    assert_eq!(of("{}").unwrap().page, "/workspaces");
    assert_eq!(of(r#"{"page":"/templates","deployment":"https://a.example/"}"#).unwrap().page, "/templates");
    assert!(of(r#"{"page":"//evil.example"}"#).is_err());
    assert!(of(r#"{"deployment":"no"}"#).is_err());
    assert!(of(r#"{"other":1}"#).is_err());
}
