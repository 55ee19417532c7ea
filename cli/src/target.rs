//! How a person names a workspace and a daemon in it: `box`, `box.main`, `alice/box.main`, and the host names that
//! SSH clients use. No request is made here.

use std::fmt;

/// What was named. Without an owner it is the caller's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Username of the owner.
    pub owner: Option<String>,
    /// Name of the workspace.
    pub workspace: String,
    /// Name of the daemon, needed when there are several.
    pub agent: Option<String>,
}

/// The text names no workspace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a workspace")]
pub struct NotATarget(String);

impl Target {
    /// Owner as the REST calls want it.
    pub fn owner_or_me(&self) -> &str {
        self.owner.as_deref().unwrap_or("me")
    }

    /// Reads `[owner/]workspace[.agent]`, and the forms of host names: `[owner--]workspace[.agent]`,
    /// `owner--workspace--agent` and `agent.workspace.owner`.
    pub fn parse(text: &str) -> Result<Self, NotATarget> {
        let wrong = || NotATarget(text.chars().take(100).collect());
        let (owner, rest) = match text.split_once('/') {
            Some((owner, rest)) => (Some(owner), rest),
            None => (None, text),
        };
        let (owner, workspace, agent) = if owner.is_some() {
            let (workspace, agent) = split_agent(rest);
            (owner, workspace, agent)
        } else if let Some((owner, rest)) = rest.split_once("--") {
            match rest.split_once("--") {
                Some((workspace, agent)) => (Some(owner), workspace, Some(agent)),
                None => {
                    let (workspace, agent) = split_agent(rest);
                    (Some(owner), workspace, agent)
                }
            }
        } else {
            match rest.split('.').collect::<Vec<_>>()[..] {
                [workspace] => (None, workspace, None),
                [workspace, agent] => (None, workspace, Some(agent)),
                [agent, workspace, owner] => (Some(owner), workspace, Some(agent)),
                _ => return Err(wrong()),
            }
        };
        let parts = [owner, Some(workspace), agent];
        if !parts.into_iter().flatten().all(is_name) {
            return Err(wrong());
        }
        let owner = owner.filter(|owner| *owner != "me").map(str::to_owned);
        Ok(Self { owner, workspace: workspace.to_owned(), agent: agent.map(str::to_owned) })
    }

    /// Reads a host name as SSH gives it (`%h`): the prefix or the suffix goes, the rest is a target.
    pub fn parse_host(host: &str, prefix: Option<&str>, suffix: Option<&str>) -> Result<Self, NotATarget> {
        let mut name = host.trim_end_matches('.');
        if let Some(suffix) = suffix.map(|suffix| suffix.trim_start_matches('.')).filter(|suffix| !suffix.is_empty())
            && let Some(start) = name.len().checked_sub(suffix.len() + 1)
            && name.is_char_boundary(start)
            && name[start..].strip_prefix('.').is_some_and(|end| end.eq_ignore_ascii_case(suffix))
        {
            name = &name[..start];
        }
        if let Some(rest) = prefix.filter(|prefix| !prefix.is_empty()).and_then(|prefix| name.strip_prefix(prefix)) {
            name = rest;
        }
        Self::parse(name)
    }
}

fn split_agent(text: &str) -> (&str, Option<&str>) {
    match text.split_once('.') {
        Some((workspace, agent)) => (workspace, Some(agent)),
        None => (text, None),
    }
}

/// Letters, digits and inner hyphens; underscores too, which old deployments allowed.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(owner) = &self.owner {
            write!(f, "{owner}/")?;
        }
        f.write_str(&self.workspace)?;
        match &self.agent {
            Some(agent) => write!(f, ".{agent}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
