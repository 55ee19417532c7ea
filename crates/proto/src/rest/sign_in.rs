//! One-use codes that sign a browser in (ours; upstream has no such thing): paths `homeport/sign-in-codes`, `homeport/sign-in`.
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
}
