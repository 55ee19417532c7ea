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
mod tests;
