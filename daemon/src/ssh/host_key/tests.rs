//! Tests of the derived host key.

use super::*;

#[test]
fn the_fingerprint_is_fnv_1a() {
    assert_eq!(fingerprint("", "", ""), 0x0832_8807_b4eb_6fed, "two zero bytes");
    assert_ne!(fingerprint("a", "b", "c"), fingerprint("ab", "", "c"));
}

#[test]
fn a_key_is_stable_and_belongs_to_one_daemon() {
    let text = |owner, workspace, agent| derive(owner, workspace, agent).public_key().to_openssh().unwrap();
    let key = text("ada", "box", "main");
    assert!(key.starts_with("ssh-ed25519 "));
    assert_eq!(key, text("ada", "box", "main"));
    for other in [("ada", "box", "second"), ("ada", "bo", "xmain"), ("", "box", "main")] {
        assert_ne!(key, text(other.0, other.1, other.2), "{other:?}");
    }
}
