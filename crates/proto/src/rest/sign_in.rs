//! One-use codes (ours; upstream has no such thing). Those of `homeport/sign-in-codes` sign a browser in, those of
//! `homeport/hand-off-codes` a program that sent a person to the browser; both are spent at `homeport/sign-in`.
#![allow(missing_docs)]

use serde::{Deserialize, Serialize};

/// Answer of `POST homeport/sign-in-codes`: good for one use, for [`Self::lifetime_seconds`].
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInCode {
    /// Secret.
    pub code: String,
    pub lifetime_seconds: u64,
}

/// `POST homeport/sign-in`; the answer sets the session cookie.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RedeemSignInCode {
    /// Secret.
    pub code: String,
    /// Secret: what the challenge of a hand-off was made of. Empty for a code that has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verifier: String,
}

/// Answer of `GET homeport/hand-off`, by which a program knows that a deployment is one of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandOff {
    /// Whether the server has its pages, so that the one named `/hand-off` can ask the person.
    pub has_page: bool,
}

/// `POST homeport/hand-off-codes`, from the page, by whoever is signed in there; the answer is a [`SignInCode`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MakeHandOffCode {
    /// SHA-256 of the verifier in base64url without padding: 43 characters.
    pub challenge: String,
}
