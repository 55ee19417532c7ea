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
    assert_eq!(Arguments::heard("{}").unwrap().page, "/workspaces");
    let good = r#"{"page":"/templates","deployment":"https://a.example/"}"#;
    assert_eq!(Arguments::heard(good).unwrap().page, "/templates");
    for bad in [r#"{"page":"//evil.example"}"#, r#"{"deployment":"no"}"#, r#"{"other":1}"#, r#"{"page":7}"#, "7", ""] {
        assert!(Arguments::heard(bad).is_none(), "{bad}");
    }
}
