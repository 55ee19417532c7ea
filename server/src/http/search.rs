//! The search language of workspace lists: `key:value` words and free text. Pure.

use proto::rest::Time;
use proto::rest::workspace::Workspace;

#[cfg(test)]
mod tests;

/// Longest query: more than anybody types.
const LONGEST: usize = 1024;

/// A query that cannot be understood. The text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    #[error("{0:?} is not a search word")]
    Key(String),
    #[error("{0:?} is not a value of {1}")]
    Value(String, &'static str),
    #[error("the query is too long")]
    Long,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Owner(String),
    Name(String),
    /// Free text: part of the name.
    Part(String),
    Template(String),
    Status(String),
    HasAgent(String),
    Id(String),
    Organization(String),
    Outdated(bool),
    Healthy(bool),
    Dormant(bool),
    UsedBefore(Time),
    UsedAfter(Time),
    /// Something that no workspace of ours has; `true` asks for it.
    Never(bool),
}

/// What a workspace must be to be listed: all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Vec<Term>);

impl Filter {
    /// Reads a query.
    ///
    /// # Errors
    /// [`SearchError`].
    pub fn parse(query: &str) -> Result<Self, SearchError> {
        if query.len() > LONGEST {
            return Err(SearchError::Long);
        }
        words(query).iter().map(|word| term(word)).collect::<Result<Vec<_>, _>>().map(Self)
    }

    /// Whether only the asker's own can match: then nobody else's need to be read.
    #[must_use]
    pub fn is_mine(&self, me: &str) -> bool {
        self.0.iter().any(|term| matches!(term, Term::Owner(owner) if owner == "me" || owner == &me.to_lowercase()))
    }

    /// Whether a workspace is what was searched for.
    #[must_use]
    pub fn matches(&self, workspace: &Workspace, me: &str) -> bool {
        self.0.iter().all(|term| term.matches(workspace, me))
    }
}

impl Term {
    fn matches(&self, workspace: &Workspace, me: &str) -> bool {
        let build = &workspace.latest_build;
        match self {
            Self::Owner(owner) if owner == "me" => workspace.owner_name.eq_ignore_ascii_case(me),
            Self::Owner(owner) => {
                workspace.owner_name.eq_ignore_ascii_case(owner) || workspace.owner_id.to_string() == *owner
            }
            Self::Name(name) | Self::Part(name) => workspace.name.to_lowercase().contains(name),
            Self::Template(name) => workspace.template_name.eq_ignore_ascii_case(name),
            Self::Status(status) => build.status.as_str() == status,
            Self::HasAgent(status) => {
                let mut agents = build.resources.iter().flat_map(|resource| &resource.agents);
                agents.any(|agent| agent.status.as_str() == status)
            }
            Self::Id(id) => workspace.id.to_string() == *id,
            Self::Organization(name) => {
                workspace.organization_name.eq_ignore_ascii_case(name) || workspace.organization_id.to_string() == *name
            }
            Self::Outdated(is) => workspace.outdated == *is,
            Self::Healthy(is) => workspace.health.healthy == *is,
            Self::Dormant(is) => workspace.dormant_at.is_some() == *is,
            Self::UsedBefore(time) => workspace.last_used_at < *time,
            Self::UsedAfter(time) => workspace.last_used_at > *time,
            Self::Never(wanted) => !wanted,
        }
    }
}

/// Splits at spaces outside double quotes; the quotes themselves are dropped.
fn words(query: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in query.chars() {
        match letter {
            '"' => quoted = !quoted,
            space if space.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn term(word: &str) -> Result<Term, SearchError> {
    let word = word.to_lowercase();
    let Some((key, value)) = word.split_once(':') else {
        // `owner/name` is what people copy from a title.
        return Ok(Term::Part(word));
    };
    let value = value.to_owned();
    let flag = |name: &'static str| match value.as_str() {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(SearchError::Value(value.clone(), name)),
    };
    let time = |name: &'static str| {
        serde_json::from_value::<Time>(value.to_uppercase().into()).map_err(|_| SearchError::Value(value.clone(), name))
    };
    Ok(match key {
        "owner" => Term::Owner(value),
        "name" => Term::Name(value),
        "template" => Term::Template(value),
        "status" => Term::Status(value),
        "has-agent" => Term::HasAgent(value),
        "id" => Term::Id(value),
        "organization" => Term::Organization(value),
        "outdated" => Term::Outdated(flag("outdated")?),
        "healthy" => Term::Healthy(flag("healthy")?),
        "dormant" => Term::Dormant(flag("dormant")?),
        "last_used_before" => Term::UsedBefore(time("last_used_before")?),
        "last_used_after" => Term::UsedAfter(time("last_used_after")?),
        "has-ai-task" => Term::Never(flag("has-ai-task")?),
        "has_external_agent" | "has-external-agent" => Term::Never(flag("has_external_agent")?),
        "shared" | "is-dormant" => Term::Never(flag("shared")?),
        // Workspaces of the built-in templates have no parameters.
        "param" => Term::Never(true),
        _ => return Err(SearchError::Key(key.to_owned())),
    })
}
