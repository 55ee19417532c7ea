//! Tests of password: given and expected, by tables where there are many.

use proto::secret::Secret;

use super::{PasswordError, hash, impossible, verify};

#[test]
fn only_the_right_password_opens() {
    let stored = hash(&Secret::new("correct horse")).expect("a hash");
    assert!(verify(&Secret::new("correct horse"), Some(&stored)));
    assert!(stored.starts_with("$argon2id$"));
    for wrong in ["correct horsf", "", "correct horse "] {
        assert!(!verify(&Secret::new(wrong), Some(&stored)), "{wrong}");
    }
    assert!(!verify(&Secret::new("correct horse"), None));
    assert!(!verify(&Secret::new("correct horse"), Some(&impossible().expect("randomness"))));
    assert!(!verify(&Secret::new("correct horse"), Some("!")));
}

#[test]
fn lengths_are_bounded() {
    assert_eq!(hash(&Secret::new("short")), Err(PasswordError::Short));
    assert_eq!(hash(&Secret::new("x".repeat(513))), Err(PasswordError::Long));
}
