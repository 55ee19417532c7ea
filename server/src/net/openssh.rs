//! Writes an Ed25519 key pair in OpenSSH's text forms: `openssh-key-v1` without a passphrase, and the public line.
//!
//! Pure; the random bytes come from the caller. Not here: reading keys, other kinds of keys.

#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const KIND: &[u8] = b"ssh-ed25519";
/// What the unencrypted form is padded to.
const BLOCK: usize = 8;
/// Characters per line of the private form.
const LINE: usize = 70;

/// A key pair as text.
pub struct KeyText {
    /// The private form, several lines.
    pub private: String,
    /// The public form, one line without a comment.
    pub public: String,
}

/// Makes a key of random bytes: 32 are the seed, 4 the check number. `None` when the bytes are no seed.
#[must_use]
pub fn ed25519(random: &[u8; 36]) -> Option<KeyText> {
    let (seed, check) = random.split_first_chunk::<32>()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let public = pair.public_key().as_ref();
    let mut blob = Vec::new();
    string(&mut blob, KIND);
    string(&mut blob, public);
    let mut private = [check, check].concat();
    string(&mut private, KIND);
    string(&mut private, public);
    string(&mut private, &[seed, public].concat());
    string(&mut private, b"");
    let padding = private.len().next_multiple_of(BLOCK) - private.len();
    private.extend((1_u8..).take(padding));
    let mut all = b"openssh-key-v1\0".to_vec();
    string(&mut all, b"none");
    string(&mut all, b"none");
    string(&mut all, b"");
    all.extend(1_u32.to_be_bytes());
    string(&mut all, &blob);
    string(&mut all, &private);
    let mut text = String::from("-----BEGIN OPENSSH PRIVATE KEY-----\n");
    for (index, letter) in BASE64.encode(all).chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END OPENSSH PRIVATE KEY-----\n");
    Some(KeyText { private: text, public: format!("ssh-ed25519 {}\n", BASE64.encode(blob)) })
}

/// Length and bytes. The strings of a key are short.
fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(bytes);
}
