//! The manifest: fetched on every connection, told to everything that lives by it; the first one starts the scripts.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use proto::agent::{GetManifestRequest, LifecycleState, Manifest, Startup, TimingStage, UpdateStartupRequest, method};
use proto::secret::Secret;
use proto::wkt::Timestamp;
use rpc::RpcError;
use uuid::Uuid;

use super::{State, call};
use crate::command;
use crate::network::Network;
use crate::os::user::Account;
use crate::scripts::cron;
use crate::secret_files;
use crate::session::{EnvironmentSecret, Facts};

/// Fetches it.
pub async fn fetch(client: &rpc::Client) -> Result<Arc<Manifest>, RpcError> {
    client.unary(method::GET_MANIFEST, &GetManifestRequest {}).await.map(Arc::new)
}

/// Lets everything know, tells the server what we are, and starts the scripts if this is the first one.
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn accept<N: Network>(
    state: &Arc<State<N>>,
    manifest: &Arc<Manifest>,
    client: &rpc::Client,
) -> Result<(), RpcError> {
    tracing::info!(workspace = manifest.workspace_name, daemon = manifest.agent_name, "manifest");
    let former = state.context.facts();
    state.context.set_facts(facts(manifest, &former));
    secret_files::write(&manifest.secrets, &Account::current());
    let is_first = state.manifest.send_replace(Some(Arc::clone(manifest))).is_none();
    introduce(state, client).await?;
    if is_first && !state.stopping.is_cancelled() {
        state.life.enter(LifecycleState::Starting, Timestamp::from_system_time(SystemTime::now()));
        start_scripts(state, manifest);
    }
    Ok(())
}

/// What commands and sessions see of a manifest; what it does not say stays.
fn facts(manifest: &Manifest, former: &Facts) -> Facts {
    let secret = |secret: &proto::agent::WorkspaceSecret| {
        let value = String::from_utf8(secret.value.clone()).ok()?;
        (!secret.env_name.is_empty())
            .then(|| EnvironmentSecret { name: secret.env_name.clone(), value: Secret::new(value) })
    };
    Facts {
        agent_name: manifest.agent_name.clone(),
        workspace_name: manifest.workspace_name.clone(),
        workspace_id: Uuid::from_slice(&manifest.workspace_id).unwrap_or_default(),
        owner: manifest.owner_username.clone(),
        environment: manifest.environment_variables.clone().into_iter().collect(),
        directory: manifest.directory.clone(),
        motd_path: manifest.motd_path.clone(),
        vscode_proxy_uri: manifest.vs_code_port_proxy_uri.clone(),
        secrets: manifest.secrets.iter().filter_map(secret).collect(),
        ..former.clone()
    }
}

async fn introduce<N: Network>(state: &Arc<State<N>>, client: &rpc::Client) -> Result<(), RpcError> {
    let folder = command::folder(&state.context.facts(), &Account::current());
    let startup = Startup {
        version: concat!("v", env!("CARGO_PKG_VERSION"), "-homeport").to_owned(),
        expanded_directory: written(&folder),
        subsystems: state.config.subsystems.iter().map(|subsystem| (*subsystem).into()).collect(),
    };
    let request = UpdateStartupRequest { startup: Some(startup) };
    match client.unary::<_, Startup>(method::UPDATE_STARTUP, &request).await {
        Ok(_) => Ok(()),
        Err(RpcError::Closed) => Err(RpcError::Closed),
        Err(error) if call::is_unsupported(&error) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "the server did not take our version and folder");
            Ok(())
        }
    }
}

/// Without a separator at the end, as people write folders.
fn written(folder: &Path) -> String {
    folder.components().collect::<PathBuf>().display().to_string()
}

/// Scripts belong to the process, not to the connection that brought them.
fn start_scripts<N: Network>(state: &Arc<State<N>>, manifest: &Arc<Manifest>) {
    let (this, manifest) = (Arc::clone(state), Arc::clone(manifest));
    state.tasks.spawn(async move {
        let run = async {
            let outcome = this.scripts.run_stage(&manifest.scripts, TimingStage::Start).await;
            this.life.enter(outcome.after_start(), Timestamp::from_system_time(SystemTime::now()));
            cron::run(Arc::clone(&this.scripts), manifest.scripts.clone()).await;
        };
        tokio::select! {
            () = this.stopping.cancelled() => {}
            () = run => {}
        }
    });
}
