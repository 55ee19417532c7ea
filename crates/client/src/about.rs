//! Calls about the deployment itself and its mesh (spec `rest-api.md` 2 and 5).

use proto::rest::agent::ConnectionInfo;
use proto::rest::deployment::{BuildInfo, SshConfig};

use crate::{ClientError, Deployment};

impl Deployment {
    /// Version and name; needs no session.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn build_info(&self) -> Result<BuildInfo, ClientError> {
        self.get(&["buildinfo"], &[]).await
    }

    /// What the deployment wants in SSH configurations.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn ssh_config(&self) -> Result<SshConfig, ClientError> {
        self.get(&["deployment", "ssh"], &[]).await
    }

    /// What a mesh client needs before it dials. The relay map is already rewritten for the URL we use.
    ///
    /// # Errors
    /// [`ClientError`]
    pub async fn connection_info(&self) -> Result<ConnectionInfo, ClientError> {
        let mut info: ConnectionInfo = self.get(&["workspaceagents", "connection"], &[]).await?;
        info.derp_map = info.derp_map.map(|map| map.for_access_url(self.url()));
        Ok(info)
    }
}
