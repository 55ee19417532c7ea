//! The form of names that people choose. Pure.

/// Longest name of a workspace, template or account.
pub const LONGEST: usize = 32;

/// Letters and digits in words joined by single dashes.
#[must_use]
pub fn is_good(name: &str) -> bool {
    name.len() <= LONGEST
        && name.split('-').all(|word| !word.is_empty() && word.bytes().all(|letter| letter.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
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
}
