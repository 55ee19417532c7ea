//! Why a call to a deployment failed, and what the person can do next. Never contains a token.

use std::error::Error;

use proto::rest::Response;
use reqwest::StatusCode;
use url::Url;

use crate::cause::Cause;
use crate::rpc_dial::DialError;

/// Longest error text taken from a server: it goes to a terminal in one line.
const MAX_TEXT: usize = 1000;

/// What the deployment answered when it refused (`spec rest-api.md` 1, the error envelope).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The sentence for people.
    pub message: String,
    /// More of it, often empty.
    pub detail: String,
    /// Complaints about single fields: name and text.
    pub validations: Vec<(String, String)>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The deployment answered with an error.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// Nothing answered. The text says why; what the source says is for logs.
    #[error("cannot reach {url}: {}", Cause::of(source.as_ref()))]
    Unreachable {
        /// Scheme, host and port only.
        url: String,
        /// Why, in the words of libraries.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The deployment sends us elsewhere; a session token must not follow.
    #[error("{url} redirects to {to}")]
    Redirected {
        /// Scheme, host and port only.
        url: String,
        /// The other place, without its query.
        to: String,
    },
    /// The answer is not what the interface promises.
    #[error("the answer of {url} to {what} is not understood: {reason}")]
    Answer {
        /// Scheme, host and port only.
        url: String,
        /// The call, as a path.
        what: String,
        /// What is wrong.
        reason: String,
    },
    /// The request could not be built: a URL without a host, a token with control characters.
    #[error("cannot build the request: {0}")]
    Request(String),
}

impl Refusal {
    /// Reads the envelope; a body that is none (a proxy's page) becomes the status in words.
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let envelope = envelope(body).unwrap_or_default();
        let message = if envelope.message.is_empty() {
            let reason = StatusCode::from_u16(status).ok().and_then(|code| code.canonical_reason());
            format!("the server answered {status} {}", reason.unwrap_or("without a reason")).trim_end().to_owned()
        } else {
            clean(&envelope.message)
        };
        Self {
            status,
            message,
            detail: clean(&envelope.detail),
            validations: envelope.validations.iter().take(20).map(|v| (clean(&v.field), clean(&v.detail))).collect(),
        }
    }

    /// Whether one of the complaints is about this field.
    #[must_use]
    pub fn is_about(&self, field: &str) -> bool {
        self.validations.iter().any(|(name, _)| name == field)
    }

    fn sentence(&self) -> String {
        let mut text = self.message.trim_end_matches('.').to_owned();
        if !self.detail.is_empty() && self.detail != self.message {
            text.push_str(": ");
            text.push_str(self.detail.trim_end_matches('.'));
        }
        for (field, detail) in &self.validations {
            text.push_str(&format!(" ({field}: {detail})"));
        }
        text
    }
}

impl ClientError {
    /// Nothing answered at this origin; the log gets the libraries' words.
    pub(crate) fn unreachable(url: String, source: Box<dyn Error + Send + Sync>) -> Self {
        tracing::debug!(url, error = chain(source.as_ref()), "cannot reach a deployment");
        Self::Unreachable { url, source }
    }

    /// The HTTP status, when the deployment answered at all.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Whether the deployment says that there is no such thing (or none that we may see).
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// What the person can do about it.
    #[must_use]
    pub fn next_step(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => match refusal.status {
                401 => Some("log in again with `homeport login`".into()),
                403 => Some("ask an administrator of the deployment for this right".into()),
                429 => Some("wait a minute and try again".into()),
                500..=599 => Some("look at the server's log, then try again".into()),
                _ => None,
            },
            Self::Unreachable { source, .. } => Some(Cause::of(source.as_ref()).next_step().to_owned()),
            Self::Redirected { to, .. } => Some(format!("log in with `homeport login {to}`")),
            Self::Answer { .. } => Some("check that the URL is that of a deployment".into()),
            Self::Request(_) => None,
        }
    }
}

/// Other servers write an absent text as `null`.
fn envelope(body: &[u8]) -> Option<Response> {
    let mut fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body).ok()?;
    fields.retain(|_, value| !value.is_null());
    serde_json::from_value(fields.into()).ok()
}

/// Server text is foreign: control characters (terminal escapes) and endless lines do not reach a terminal.
fn clean(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// Scheme, host and port of a URL, for messages: a path or query may hold what must not be shown.
#[must_use]
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// An error and what it came from, as far as people read it: an error that says why nothing answered says all.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| if says_all(*error) { None } else { (**error).source() })
}

/// The same in one line: "cannot do it" alone helps nobody.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Everything, in the words of libraries: for logs.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| (**error).source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn says_all(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(ClientError::Unreachable { .. }))
        || matches!(error.downcast_ref(), Some(DialError::Unreachable { .. }))
}
