//! Tests of upgrade: given and expected, by tables where there are many.

use super::accept_value;

#[test]
fn the_accept_value_of_the_rfc() {
    let accept = accept_value(b"dGhlIHNhbXBsZSBub25jZQ==").expect("a value");
    assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(accept_value(b"dGhlIHNhbXBsZQ==").is_none() && accept_value(b"\xff").is_none());
}
