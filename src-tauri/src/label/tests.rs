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
fn sentences_are_broken_between_words() {
    assert_eq!(wrap("a b"), ["a b"]);
    assert!(wrap("").is_empty());
    let long = "word ".repeat(100);
    let lines = wrap(&long);
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.chars().count() <= WRAPPED + 1) && lines[2].ends_with('…'));
    assert_eq!(wrap(&"x".repeat(1000)).len(), 1);
}

#[test]
fn markup_is_text() {
    assert_eq!(escape_markup("<b>a & b</b>"), "&lt;b&gt;a &amp; b&lt;/b&gt;");
}
