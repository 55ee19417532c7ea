//! Names that want to be more than names.

use super::*;

#[test]
fn labels_are_one_short_visible_line() {
    #[track_caller]
    fn check(given: &str, expect: &str) {
        assert_eq!(label(given), expect);
    }
    check("box", "box");
    check(" a\nb\tc ", "a b c");
    check("\u{1b}[31mred\0", "\u{fffd}[31mred\u{fffd}");
    check("\u{202e}gnp.exe", "\u{fffd}gnp.exe");
    check("-rf", "-rf");
    check("", "");
    let long = label(&"é".repeat(1_000_000));
    assert_eq!(long.chars().count(), LONGEST);
    assert!(long.ends_with('…'));
    assert_eq!(label(&"x".repeat(LONGEST)).len(), LONGEST);
}

#[test]
fn markup_is_text() {
    assert_eq!(escape_markup("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
}
