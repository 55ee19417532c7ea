//! Tests of name: given and expected, by tables where there are many.

use super::is_good;

#[test]
fn names_are_words_joined_by_dashes() {
    for name in ["box", "a", "my-box-2", &"a".repeat(32)] {
        assert!(is_good(name), "{name}");
    }
    for name in ["", "-", "a-", "-a", "a--b", "a b", "a_b", "a.b", "\u{e9}", "../x", &"a".repeat(33)] {
        assert!(!is_good(name), "{name}");
    }
}
