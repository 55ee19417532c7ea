//! The envelope of errors and of short answers.

use serde::{Deserialize, Serialize};

use super::null_default;

/// What a server says when a call failed, or when there is nothing but a word to say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[error("{message}")]
#[serde(default)]
pub struct Response {
    /// One plain sentence for people.
    pub message: String,
    /// Why, for those who look closer. Never contains a secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Which fields of the request were wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_default")]
    pub validations: Vec<Validation>,
}

/// One wrong field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
pub struct Validation {
    /// Name of the field as in the request.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Response {
    /// An envelope with only a message.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Adds the reason.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds a wrong field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, detail: impl Into<String>) -> Self {
        self.validations.push(Validation { field: field.into(), detail: detail.into() });
        self
    }
}
