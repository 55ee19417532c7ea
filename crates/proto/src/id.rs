//! Identities: every kind of UUID on a wire has its own type, so that an agent is never taken for a workspace.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The bytes given are not one 16-byte UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id must be 16 bytes, got {0}")]
pub struct IdLength(pub usize);

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        #[cfg_attr(test, ts(type = "string"))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the wire form: 16 raw bytes, RFC 4122 order.
            ///
            /// # Errors
            /// [`IdLength`] when the slice has another length.
            pub fn from_wire(bytes: &[u8]) -> Result<Self, IdLength> {
                Uuid::from_slice(bytes).map(Self).map_err(|_| IdLength(bytes.len()))
            }

            /// The wire form: 16 raw bytes.
            #[must_use]
            pub fn to_wire(self) -> Vec<u8> {
                self.0.as_bytes().to_vec()
            }

            /// The all-zero id, which the REST bodies use for "none".
            #[must_use]
            pub const fn nil() -> Self {
                Self(Uuid::nil())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A participant of the mesh as the coordinator knows it. An agent's peer id is its [`AgentId`].
    PeerId;
    /// A workspace daemon (`agent` on the wire).
    AgentId;
    /// A workspace.
    WorkspaceId;
    /// One provisioning run of a workspace.
    BuildId;
    /// The job behind a build or a template import.
    JobId;
    /// A person's account.
    UserId;
    /// An organization.
    OrganizationId;
    /// A template.
    TemplateId;
    /// One version of a template.
    TemplateVersionId;
    /// A resource that a build made.
    ResourceId;
    /// An app of a workspace daemon.
    AppId;
    /// A script of a workspace daemon.
    ScriptId;
    /// A source of workspace daemon logs.
    LogSourceId;
    /// One reported connection (SSH session, PTY, …).
    ConnectionId;
    /// An uploaded file.
    FileId;
}

impl From<AgentId> for PeerId {
    fn from(agent: AgentId) -> Self {
        Self(agent.0)
    }
}
