//! Names, slugs and tokens of sub-daemons.

use super::*;

#[test]
fn a_stored_slug_tells_sub_daemons_apart() {
    // base32hex of the first five bytes of sha256("dev/code-server").
    let digest = Sha256::digest(b"dev/code-server");
    let slug = stored_slug("dev", "code-server");
    assert_eq!(slug.len(), 8 + 1 + "code-server".len());
    let value = |byte: u8| if byte.is_ascii_digit() { byte - b'0' } else { byte - b'a' + 10 };
    assert_eq!(value(slug.as_bytes()[0]), digest[0] >> 3);
    assert_eq!(value(slug.as_bytes()[7]), digest[4] & 31);
    assert_ne!(slug, stored_slug("db", "code-server"));
}

#[test]
fn names_and_tokens() {
    for (name, good) in [("dev", true), ("a-b-1", true), ("", false), ("-a", false), ("a--b", false), ("a_b", false)] {
        assert_eq!(is_name(name), good, "{name}");
    }
    assert!(!is_name(&"a".repeat(MAX_NAME + 1)));
    let (one, two) = (AgentId(Uuid::from_u128(1)), AgentId(Uuid::from_u128(2)));
    assert_eq!(derive_token(b"key", one), derive_token(b"key", one));
    assert_ne!(derive_token(b"key", one), derive_token(b"key", two));
    assert_ne!(derive_token(b"key", one), derive_token(b"other", one));
}
