//! Diagnostics of the mesh and the manifest. Shows no key, no token, no value of a variable.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use mesh::driver::Path;
use serde_json::{Value, json};

use super::Api;
use super::failure::{Failure, Json};

/// `GET /debug/magicsock`.
pub async fn mesh(State(api): State<Arc<Api>>) -> Json<Value> {
    let status = api.mesh_status().await;
    let peers: Vec<Value> = status
        .peers
        .iter()
        .map(|peer| {
            json!({
                "id": peer.id.to_string(),
                "key": peer.key.to_string(),
                "addresses": peer.addresses,
                "path": path(peer.path),
                "latency_ms": peer.latency.map(|latency| latency.as_secs_f64() * 1000.0),
                "last_handshake_seconds": peer.last_handshake.map(|since| since.as_secs()),
                "received_bytes": peer.received_bytes,
                "sent_bytes": peer.sent_bytes,
            })
        })
        .collect();
    Json(json!({
        "home_relay": status.home_relay,
        "endpoints": status.endpoints,
        "udp_works": status.udp_works,
        "public_v4": status.public_v4,
        "public_v6": status.public_v6,
        "peers": peers,
    }))
}

fn path(path: Path) -> String {
    match path {
        Path::Direct(address) => format!("direct {address}"),
        Path::Relay(region) => format!("relay {region}"),
        Path::None => "none".to_owned(),
    }
}

/// `GET /debug/manifest`.
pub async fn manifest(State(api): State<Arc<Api>>) -> Result<Json<Value>, Failure> {
    let manifest = api.manifest.borrow().clone();
    let Some(manifest) = manifest else {
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "The server has not sent the manifest yet."));
    };
    let id = |bytes: &[u8]| uuid::Uuid::from_slice(bytes).unwrap_or_default().to_string();
    let mut variables: Vec<&String> = manifest.environment_variables.keys().collect();
    variables.sort();
    let scripts: Vec<Value> = manifest
        .scripts
        .iter()
        .map(|script| {
            json!({
                "id": id(&script.id),
                "display_name": script.display_name,
                "cron": script.cron,
                "run_on_start": script.run_on_start,
                "run_on_stop": script.run_on_stop,
            })
        })
        .collect();
    Ok(Json(json!({
        "agent_id": id(&manifest.agent_id),
        "agent_name": manifest.agent_name,
        "owner_username": manifest.owner_username,
        "workspace_id": id(&manifest.workspace_id),
        "workspace_name": manifest.workspace_name,
        "directory": manifest.directory,
        "motd_path": manifest.motd_path,
        "disable_direct_connections": manifest.disable_direct_connections,
        "derp_force_websockets": manifest.derp_force_websockets,
        "environment_variables": variables,
        "apps": manifest.apps.iter().map(|app| &app.slug).collect::<Vec<_>>(),
        "metadata": manifest.metadata.iter().map(|value| &value.key).collect::<Vec<_>>(),
        "scripts": scripts,
    })))
}
