//! What a person reads when a command failed: one line that ends with the next step.

use client::ClientError;
use client::sessions::SessionError;
use client::tunnel::TunnelError;
use mesh::MeshError;

/// A failure that knows what the person can do about it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
    next: String,
}

/// A failure with its next step.
pub fn failure(what: impl Into<String>, next: impl Into<String>) -> anyhow::Error {
    Failure { what: what.into(), next: next.into() }.into()
}

/// How the HTTP libraries begin the errors that only say that something was wrong below.
const LAYERS: [&str; 2] = ["error sending request", "client error ("];

/// The whole line, without a prefix.
pub fn line(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    // The layers between say the same in other words; the first and the last carry the news, except that the HTTP
    // libraries' own layers have none.
    let causes = client::error::causes(error.as_ref()).skip(1).map(ToString::to_string);
    let causes: Vec<String> = causes.filter(|cause| !LAYERS.iter().any(|layer| cause.starts_with(layer))).collect();
    for cause in [causes.first(), causes.last()].into_iter().flatten() {
        if !text.contains(cause.as_str()) {
            text.push_str(": ");
            text.push_str(cause);
        }
    }
    if let Some(step) = next_step(error) {
        text.push_str("; ");
        text.push_str(&step);
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn next_step(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return Some(failure.next.clone());
        }
        if let Some(error) = cause.downcast_ref::<ClientError>() {
            return error.next_step();
        }
        if let Some(error) = cause.downcast_ref::<MeshError>() {
            return mesh_step(error);
        }
        if let Some(error) = cause.downcast_ref::<TunnelError>() {
            return error.next_step();
        }
        match cause.downcast_ref::<SessionError>()? {
            SessionError::Keyring(_) => {
                Some("unlock it, or set CODER_SESSION_TOKEN; `homeport login --keep-in-file` does without it".into())
            }
            SessionError::Url(_) | SessionError::Index(..) => Some("remove it, then run `homeport login`".into()),
            SessionError::Missing => Some("run `homeport login`".into()),
            _ => None,
        }
    })
}

fn mesh_step(error: &MeshError) -> Option<String> {
    match error {
        MeshError::Unreachable(..) | MeshError::UnknownPeer(_) => {
            Some("look at `homeport show` for its state and `homeport netcheck` for this network".into())
        }
        MeshError::Refused(to) => Some(format!("check that something listens on port {} there", to.port())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
