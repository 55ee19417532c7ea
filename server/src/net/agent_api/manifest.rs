//! The manifest: what a daemon must know, put together without the traps that make real daemons crash (spec
//! `agent-rpc.md` 5.2). [`build`] is pure; [`fetch`] reads the store for it.

use std::time::Duration;

use proto::agent::{
    AppHealth, Healthcheck, Manifest, MetadataDescription, SharingLevel, WorkspaceAgentScript, WorkspaceApp,
};
use proto::derp_map::DerpMap;
use proto::rest;
use rpc::RpcError;

use super::service::of_store;
use crate::access::AgentIdentity;
use crate::state::AppState;
use crate::store::{agent_metadata, agents, now};

/// What the store knows of a daemon.
pub(super) struct Parts {
    pub(super) agent: rest::agent::Agent,
    pub(super) motd_file: String,
    pub(super) metadata: Vec<agent_metadata::MetadataDescription>,
}

pub(super) async fn fetch(state: &AppState, agent: &AgentIdentity) -> Result<Manifest, RpcError> {
    let id = agent.id;
    let parts = state.store.read(move |db| {
        Ok(Parts {
            agent: agents::by_id(db, id, now())?,
            motd_file: crate::store::agent_presence::motd_file(db, id)?,
            metadata: agent_metadata::list(db, id, now())?.into_iter().map(|one| one.description).collect(),
        })
    });
    Ok(build(agent, parts.await.map_err(of_store)?, super::super::derp_map(state)))
}

pub(super) fn build(identity: &AgentIdentity, parts: Parts, derp_map: DerpMap) -> Manifest {
    let Parts { agent, motd_file, metadata } = parts;
    Manifest {
        agent_id: identity.id.to_wire(),
        git_auth_configs: 0,
        environment_variables: agent.environment_variables.into_iter().collect(),
        directory: agent.directory,
        vs_code_port_proxy_uri: String::new(),
        motd_path: motd_file,
        disable_direct_connections: false,
        derp_force_websockets: false,
        // The conversion always writes `home_params`.
        derp_map: Some(derp_map.into()),
        scripts: agent.scripts.into_iter().map(script).collect(),
        apps: agent.apps.into_iter().map(app).collect(),
        metadata: metadata.into_iter().map(describe).collect(),
        owner_username: identity.owner_username.clone(),
        workspace_id: identity.workspace_id.to_wire(),
        agent_name: identity.name.clone(),
        workspace_name: identity.workspace_name.clone(),
        devcontainers: Vec::new(),
        parent_id: agent.parent_id.map(|parent| parent.to_wire()),
        secrets: Vec::new(),
    }
}

fn script(script: rest::agent::AgentScript) -> WorkspaceAgentScript {
    let timeout = Duration::from_nanos(u64::try_from(script.timeout).unwrap_or_default());
    WorkspaceAgentScript {
        log_source_id: script.log_source_id.to_wire(),
        log_path: script.log_path,
        script: script.script,
        cron: script.cron,
        run_on_start: script.run_on_start,
        run_on_stop: script.run_on_stop,
        start_blocks_login: script.start_blocks_login,
        timeout: Some(timeout.into()),
        display_name: script.display_name,
        id: script.id.to_wire(),
    }
}

fn app(app: rest::app::App) -> WorkspaceApp {
    use rest::app::{AppHealth as Health, SharingLevel as Level};
    // Zero is no level and no health: a real daemon rejects the whole manifest for it.
    let sharing_level = match app.sharing_level {
        Level::Authenticated => SharingLevel::Authenticated,
        Level::Organization => SharingLevel::Organization,
        Level::Public => SharingLevel::Public,
        Level::Owner | Level::Unknown => SharingLevel::Owner,
    };
    let health = match app.health {
        Health::Initializing => AppHealth::Initializing,
        Health::Healthy => AppHealth::Healthy,
        Health::Unhealthy => AppHealth::Unhealthy,
        Health::Disabled | Health::Unknown => AppHealth::Disabled,
    };
    let interval = Duration::from_secs(u64::try_from(app.healthcheck.interval).unwrap_or_default());
    WorkspaceApp {
        id: app.id.to_wire(),
        url: app.url,
        external: app.external,
        slug: app.slug,
        display_name: app.display_name,
        command: app.command,
        icon: app.icon,
        subdomain: app.subdomain,
        subdomain_name: app.subdomain_name,
        sharing_level: sharing_level.into(),
        healthcheck: Some(Healthcheck {
            url: app.healthcheck.url,
            interval: Some(interval.into()),
            threshold: app.healthcheck.threshold,
        }),
        health: health.into(),
        hidden: app.hidden,
    }
}

fn describe(one: agent_metadata::MetadataDescription) -> MetadataDescription {
    let seconds = |number| Duration::from_secs(u64::try_from(number).unwrap_or_default());
    MetadataDescription {
        display_name: one.display_name,
        key: one.key,
        script: one.script,
        interval: Some(MetadataDescription::encode_seconds(seconds(one.interval))),
        timeout: Some(MetadataDescription::encode_seconds(seconds(one.timeout))),
    }
}
