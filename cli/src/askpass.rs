//! `GIT_ASKPASS` inside a workspace: Git starts this program with its question as the only argument and reads the
//! answer. The credential comes from the deployment.

use std::time::Duration;

use crate::failure::failure;
use crate::gitssh;
use crate::terminal::{print, progress};

/// Pause between looks while the person logs in elsewhere.
const PAUSE: Duration = Duration::from_secs(1);

/// What Git asks.
#[derive(Debug, PartialEq, Eq)]
pub struct Question {
    is_password: bool,
    url: String,
}

/// Recognises the questions of Git: `Username for 'https://host': ` and `Password for 'https://user@host': `.
pub fn parse(argument: &str) -> Option<Question> {
    let (is_password, rest) = match argument.strip_prefix("Password for '") {
        Some(rest) => (true, rest),
        None => (false, argument.strip_prefix("Username for '")?),
    };
    let (url, _) = rest.split_once('\'')?;
    let parsed = url::Url::parse(url).ok()?;
    matches!(parsed.scheme(), "http" | "https").then(|| Question { is_password, url: url.to_owned() })
}

pub async fn run(question: Question) -> anyhow::Result<u8> {
    let deployment = gitssh::in_workspace()?;
    let mut credential = match deployment.agent_git_credential(&question.url, false).await {
        Err(error) if error.is_not_found() => {
            return Err(failure("the deployment has no login for this Git host", "answer Git's own question"));
        }
        other => other?,
    };
    if !credential.url.is_empty() {
        progress(&format!("Open this page to log in to the Git host: {}", credential.url));
    }
    while !credential.url.is_empty() {
        tokio::time::sleep(PAUSE).await;
        credential = deployment.agent_git_credential(&question.url, true).await?;
    }
    print(if question.is_password { &credential.password } else { &credential.username });
    Ok(0)
}

#[cfg(test)]
mod tests;
