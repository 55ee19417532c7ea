//! The relay map of this deployment (spec `derp-disco-stun.md` 1): its own relay, and its own STUN server when it runs.
//!
//! Pure. The relay's node is rewritten by every client to its own access URL; a STUN-only node is not, so its host must
//! be one that clients can reach.

#[cfg(test)]
mod tests;

use proto::derp_map::{DerpMap, EMBEDDED_REGION, HomeParams, Node, Region};
use url::Url;

/// Region of our STUN server: the first after the relay's.
pub const STUN_REGION: i32 = EMBEDDED_REGION + 1;

/// The map. `stun_port` is the UDP port of our STUN server, `None` when it does not run.
#[must_use]
pub fn derp_map(access_url: &Url, stun_port: Option<u16>) -> DerpMap {
    let host = access_url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let relay = Region {
        embedded_relay: true,
        region_id: EMBEDDED_REGION,
        region_code: "coder".into(),
        region_name: "Coder Embedded Relay".into(),
        nodes: vec![Node {
            name: format!("{EMBEDDED_REGION}b"),
            region_id: EMBEDDED_REGION,
            host_name: host.clone(),
            derp_port: i32::from(access_url.port_or_known_default().unwrap_or(443)),
            stun_port: -1,
            force_http: access_url.scheme() == "http",
            ..Node::default()
        }],
        ..Region::default()
    };
    let mut map = DerpMap { home_params: Some(HomeParams::default()), regions: [(EMBEDDED_REGION, relay)].into() };
    if let Some(port) = stun_port {
        let node = Node {
            name: format!("{STUN_REGION}stun0"),
            region_id: STUN_REGION,
            host_name: host,
            stun_only: true,
            stun_port: i32::from(port),
            ..Node::default()
        };
        let region = Region {
            region_id: STUN_REGION,
            region_code: format!("coder_stun_{STUN_REGION}"),
            region_name: format!("Coder STUN {STUN_REGION}"),
            nodes: vec![node],
            ..Region::default()
        };
        map.regions.insert(STUN_REGION, region);
    }
    map
}
