//! Requests and their answers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::health::Health;
use crate::secret::Secret;

/// Longest URL of a deployment that is taken.
pub const MAX_URL: usize = 2048;
/// Longest token that is taken; Coder's have 33 characters.
pub const MAX_TOKEN: usize = 4096;
/// Most deployments of one tunnel: each is an engine with sockets and a thread of its own.
pub const MAX_DEPLOYMENTS: usize = 16;

/// One request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the client, repeated in the reply.
    pub id: u64,
    /// What is wanted.
    #[serde(flatten)]
    pub call: Call,
}

/// What can be asked of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// This deployment's workspaces should be reachable. Repeated with the same URL, it replaces the token. The answer
    /// comes at once; progress comes as [`super::Event::Deployment`].
    Connect(Description),
    /// The deployment with this URL should not be reachable any more, or, without a URL, none: then the machine is
    /// left as it was found, and whoever connects next becomes the owner.
    Disconnect {
        /// The URL given to `Connect`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    },
    /// The machine woke up, or its network changed: distrust every path and look again.
    Wake,
    /// Send the whole state now and every change from now on, as [`super::Event`]s.
    Watch,
}

/// One deployment to reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// Its access URL, `http` or `https`, at most [`MAX_URL`] bytes.
    pub url: String,
    /// A session token, at most [`MAX_TOKEN`] bytes. The service holds it in memory only.
    #[serde(serialize_with = "expose", deserialize_with = "hide")]
    pub token: Secret,
    /// Whether it is the one of this computer: its names win over equal names of others.
    #[serde(default)]
    pub is_local: bool,
}

fn expose<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

fn hide<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's.
    pub id: u64,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// How a request went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The wanted state is noted.
    Done,
    /// It is not.
    Refused(Fault),
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct Fault {
    /// For programs.
    pub code: FaultCode,
    /// For people: one sentence and the next step.
    pub text: String,
    /// The condition of the machine behind it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
}

/// See [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The request holds something that cannot be.
    BadRequest,
    /// The tunnel belongs to another user of this machine.
    NotOwner,
    /// More than [`MAX_DEPLOYMENTS`].
    TooMany,
    /// The machine does not let the service do it; see [`Fault::health`].
    System,
    /// Anything a newer service may say.
    #[serde(other)]
    Other,
}
