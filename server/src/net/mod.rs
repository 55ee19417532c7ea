//! What the server does on the network for the mesh: coordinator, relay, STUN, and the two RPC services.
//!
//! Not here: REST resources of people ([`crate::http`]), builds, and the mesh engine itself.

pub mod coordinator;

use axum::Router;
use proto::derp_map::{DerpMap, EMBEDDED_REGION, Node, Region};

use crate::state::AppState;

/// State of coordinator, relay and connected daemons.
#[derive(Default)]
pub struct Net {}

impl Net {
    /// Before the server listens.
    #[must_use]
    pub fn new() -> Self {
        Self {}
    }
}

/// Routes of the mesh half, with their full paths.
pub fn routes() -> Router<AppState> {
    Router::new()
}

/// Starts what runs in the background (STUN, …). Called once, when the listener is there.
#[allow(clippy::unused_async)]
pub async fn start(_state: &AppState) {}

/// The relay map as clients of this deployment get it.
#[must_use]
pub fn derp_map(state: &AppState) -> DerpMap {
    let node = Node {
        name: "999a".into(),
        region_id: EMBEDDED_REGION,
        host_name: state.access_url.host_str().unwrap_or_default().into(),
        derp_port: i32::from(state.access_url.port_or_known_default().unwrap_or(80)),
        force_http: state.access_url.scheme() == "http",
        stun_port: -1,
        ..Node::default()
    };
    let region = Region {
        embedded_relay: true,
        region_id: EMBEDDED_REGION,
        region_code: "coder".into(),
        region_name: "Homeport embedded relay".into(),
        avoid: false,
        nodes: vec![node],
    };
    DerpMap { home_params: None, regions: [(EMBEDDED_REGION, region)].into() }
}
