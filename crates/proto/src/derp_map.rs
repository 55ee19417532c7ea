//! The relay map as programs use it: JSON form (REST) and protobuf form (streams) are two encodings of it
//! (spec `derp-disco-stun.md` 1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tailnet;

/// Region id of the relay embedded in a server.
pub const EMBEDDED_REGION: i32 = 999;

/// All relay regions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DerpMap {
    /// Home choice weights.
    #[serde(rename = "HomeParams", skip_serializing_if = "Option::is_none")]
    pub home_params: Option<HomeParams>,
    /// By region id.
    #[serde(rename = "Regions", default, deserialize_with = "null_default")]
    pub regions: BTreeMap<i32, Region>,
}

/// Home choice weights.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HomeParams {
    /// Latency factor by region; used when greater than 0.
    #[serde(rename = "RegionScore", default, deserialize_with = "null_default")]
    pub region_score: BTreeMap<i32, f64>,
}

/// A region: servers that are equally good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs)]
pub struct Region {
    #[serde(default)]
    pub embedded_relay: bool,
    #[serde(rename = "RegionID")]
    pub region_id: i32,
    #[serde(default)]
    pub region_code: String,
    #[serde(default)]
    pub region_name: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub avoid: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub nodes: Vec<Node>,
}

/// One relay or STUN server; the fields are described at [`tailnet::RelayNode`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[allow(missing_docs)]
pub struct Node {
    pub name: String,
    #[serde(rename = "RegionID")]
    pub region_id: i32,
    pub host_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cert_name: String,
    #[serde(rename = "IPv4", skip_serializing_if = "String::is_empty")]
    pub ipv4: String,
    #[serde(rename = "IPv6", skip_serializing_if = "String::is_empty")]
    pub ipv6: String,
    #[serde(rename = "STUNPort", skip_serializing_if = "is_zero")]
    pub stun_port: i32,
    #[serde(rename = "STUNOnly", skip_serializing_if = "std::ops::Not::not")]
    pub stun_only: bool,
    #[serde(rename = "DERPPort", skip_serializing_if = "is_zero")]
    pub derp_port: i32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure_for_tests: bool,
    #[serde(rename = "ForceHTTP", skip_serializing_if = "std::ops::Not::not")]
    pub force_http: bool,
    #[serde(rename = "STUNTestIP", skip_serializing_if = "String::is_empty")]
    pub stun_test_ip: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub can_port80: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

/// Go writes an empty map or slice as `null`.
fn null_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl DerpMap {
    /// The map as this client must use it: nodes of embedded regions point at the client's own access URL.
    #[must_use]
    pub fn for_access_url(mut self, access_url: &url::Url) -> Self {
        let force_http = access_url.scheme() == "http";
        let port = access_url.port_or_known_default().unwrap_or(443);
        let host = access_url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        for region in self.regions.values_mut().filter(|region| region.embedded_relay) {
            for node in region.nodes.iter_mut().filter(|node| !node.stun_only) {
                host.clone_into(&mut node.host_name);
                node.derp_port = i32::from(port);
                node.force_http = force_http;
            }
        }
        self
    }
}

impl From<DerpMap> for tailnet::DerpMap {
    fn from(map: DerpMap) -> Self {
        let scores = map.home_params.unwrap_or_default().region_score;
        Self {
            home_params: Some(tailnet::HomeParams {
                region_score: scores.into_iter().map(|(id, score)| (i64::from(id), score)).collect(),
            }),
            regions: map.regions.into_iter().map(|(id, region)| (i64::from(id), region.into())).collect(),
        }
    }
}

impl From<Region> for tailnet::Region {
    fn from(region: Region) -> Self {
        Self {
            region_id: i64::from(region.region_id),
            embedded_relay: region.embedded_relay,
            region_code: region.region_code,
            region_name: region.region_name,
            avoid: region.avoid,
            nodes: region.nodes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Node> for tailnet::RelayNode {
    fn from(node: Node) -> Self {
        Self {
            name: node.name,
            region_id: i64::from(node.region_id),
            host_name: node.host_name,
            cert_name: node.cert_name,
            ipv4: node.ipv4,
            ipv6: node.ipv6,
            stun_port: node.stun_port,
            stun_only: node.stun_only,
            derp_port: node.derp_port,
            insecure_for_tests: node.insecure_for_tests,
            force_http: node.force_http,
            stun_test_ip: node.stun_test_ip,
            can_port_80: node.can_port80,
        }
    }
}

/// Ids that do not fit are dropped: no real deployment has them, and a hostile map must not fail the good regions.
impl From<tailnet::DerpMap> for DerpMap {
    fn from(map: tailnet::DerpMap) -> Self {
        let narrow = |id: i64| i32::try_from(id).ok();
        let region_score = map
            .home_params
            .unwrap_or_default()
            .region_score
            .into_iter()
            .filter_map(|(id, score)| Some((narrow(id)?, score)))
            .collect();
        let regions = map
            .regions
            .into_iter()
            .filter_map(|(id, region)| {
                let id = narrow(id)?;
                let nodes = region.nodes.into_iter().map(|node| Node {
                    name: node.name,
                    region_id: id,
                    host_name: node.host_name,
                    cert_name: node.cert_name,
                    ipv4: node.ipv4,
                    ipv6: node.ipv6,
                    stun_port: node.stun_port,
                    stun_only: node.stun_only,
                    derp_port: node.derp_port,
                    insecure_for_tests: node.insecure_for_tests,
                    force_http: node.force_http,
                    stun_test_ip: node.stun_test_ip,
                    can_port80: node.can_port_80,
                });
                let region = Region {
                    embedded_relay: region.embedded_relay,
                    region_id: id,
                    region_code: region.region_code,
                    region_name: region.region_name,
                    avoid: region.avoid,
                    nodes: nodes.collect(),
                };
                Some((id, region))
            })
            .collect();
        Self { home_params: Some(HomeParams { region_score }), regions }
    }
}
