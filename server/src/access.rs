//! Who may do what: pure rules over an actor, an action and an object. No store, no HTTP.
//!
//! An object that an actor may not even read does not exist for it: the HTTP side answers 404, not 403.

use proto::id::{AgentId, UserId, WorkspaceId};
use proto::rest::Time;
use proto::rest::key::KeyScope;

#[cfg(test)]
mod tests;

/// A person who proved to have a session key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub username: String,
    /// The site role `owner`.
    pub is_owner: bool,
    /// Id of the key that proved it; connections end when it is revoked.
    pub key_id: String,
    pub scope: KeyScope,
    /// When the key ends, as far as is known at the request: a later use may move it on.
    pub expires_at: Time,
}

/// A workspace daemon that proved to have its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentIdentity {
    pub id: AgentId,
    pub name: String,
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    pub owner_id: UserId,
    pub owner_username: String,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Create,
    Read,
    Update,
    Delete,
    /// Open a mesh connection to the daemons of a workspace.
    Ssh,
    /// Start or stop a workspace.
    Run,
}

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A workspace with its builds, logs and daemons.
    Workspace { owner: UserId },
    /// A new workspace that runs as the user of this server, outside any sandbox: whoever enters it can read what the
    /// server can, so only the owner of the site hands one out.
    HostWorkspace { owner: UserId },
    /// An account.
    Account { id: UserId },
    /// Keys and tokens of an account.
    Keys { owner: UserId },
    /// A template or a version of one.
    Template,
    /// An organization.
    Organization,
    /// Settings and health of the deployment.
    Deployment,
}

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// The actor may see the object, but not do this: 403.
    Forbidden,
    /// The object is none of the actor's business: 404.
    Hidden,
}

/// May this person do this to that?
#[must_use]
pub fn decide(actor: &User, action: Action, object: Object) -> Verdict {
    use Action::{Create, Delete, Read, Run, Ssh, Update};
    // A key for applications opens applications and nothing here.
    if actor.scope != KeyScope::All {
        return match (action, object) {
            (Read, Object::Account { id }) if id == actor.id => Verdict::Allowed,
            _ => Verdict::Hidden,
        };
    }
    if actor.is_owner {
        return match (action, object) {
            // Being the owner of the site is no reason to type into somebody's shell.
            (Ssh, Object::Workspace { owner }) if owner != actor.id => Verdict::Forbidden,
            _ => Verdict::Allowed,
        };
    }
    match (object, action) {
        (Object::HostWorkspace { owner }, _) if owner == actor.id => Verdict::Forbidden,
        (Object::HostWorkspace { .. }, _) => Verdict::Hidden,
        (Object::Workspace { owner } | Object::Keys { owner }, _) if owner == actor.id => Verdict::Allowed,
        (Object::Workspace { .. } | Object::Keys { .. }, _) => Verdict::Hidden,
        (Object::Account { id }, Read | Update) if id == actor.id => Verdict::Allowed,
        (Object::Account { id }, _) if id == actor.id => Verdict::Forbidden,
        (Object::Account { .. }, _) => Verdict::Hidden,
        (Object::Template | Object::Organization, Read) => Verdict::Allowed,
        (Object::Template | Object::Organization, Create | Update | Delete | Ssh | Run) => Verdict::Forbidden,
        (Object::Deployment, _) => Verdict::Forbidden,
    }
}

/// Whether a person may open a mesh connection to the daemons of a workspace.
#[must_use]
pub fn may_ssh(actor: &User, owner: UserId) -> bool {
    decide(actor, Action::Ssh, Object::Workspace { owner }) == Verdict::Allowed
}
