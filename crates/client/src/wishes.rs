//! What a person wants of a workspace beyond builds: more time, a place at the top (spec `rest-api.md` 4).

use proto::id::WorkspaceId;
use proto::rest::Time;
use proto::rest::workspace::ExtendWorkspace;
use reqwest::Method;

use crate::{ClientError, Deployment};

impl Deployment {
    /// Moves the time at which a workspace stops by itself.
    ///
    /// # Errors
    /// [`ClientError`]; 409 when it does not stop by itself.
    pub async fn extend_workspace(&self, workspace: WorkspaceId, deadline: Time) -> Result<(), ClientError> {
        let wanted = ExtendWorkspace { deadline };
        self.order_with(Method::PUT, &["workspaces", &workspace.to_string(), "extend"], &wanted).await
    }

    /// Makes a workspace a favourite of the caller, or not.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn set_favorite(&self, workspace: WorkspaceId, is_favorite: bool) -> Result<(), ClientError> {
        let method = if is_favorite { Method::PUT } else { Method::DELETE };
        self.order(method, &["workspaces", &workspace.to_string(), "favorite"]).await
    }
}
