//! What of a clipboard may go to a deployment.

use super::*;

#[test]
fn only_what_is_written_like_a_token_is_taken_for_one() {
    for copied in ["abcdefghij-0123456789ABCDEFGHIJKL", " abcdefghij-0123456789ABCDEFGHIJKL\n"] {
        assert_eq!(token_of(copied).unwrap().expose(), "abcdefghij-0123456789ABCDEFGHIJKL");
    }
    for copied in [
        "",
        "correct-horse-battery",
        "abcdefghij0123456789ABCDEFGHIJKL",
        "abcdefghij-0123456789ABCDEFGHIJK",
        "abcdefghij-0123456789ABCDEFGHIJKLM",
        "abcdefghi-0123456789ABCDEFGHIJKLM",
        "abcdefghij-0123456789ABCDEFGHIJK!",
        "abcdefghij-0123456789ABCDEFGHI JK",
        "abcdefghij-0123456789-ABCDEFGHIJK",
        "äbcdefghi-0123456789ABCDEFGHIJKL",
    ] {
        assert!(token_of(copied).is_none(), "{copied}");
    }
}
