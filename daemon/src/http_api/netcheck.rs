//! What the daemon knows of its own network, in the form that `ping` diagnostics of the field read.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use mesh::driver::MeshStatus;
use serde_json::{Value, json};

use super::Api;
use super::failure::Json;

/// `GET /api/v0/netcheck`.
pub async fn report(State(api): State<Arc<Api>>) -> Json<Value> {
    let status = api.mesh_status().await;
    Json(build(&status, interfaces()))
}

fn build(status: &MeshStatus, interfaces: Vec<Value>) -> Value {
    let latencies: BTreeMap<String, f64> =
        status.relay_latency.iter().map(|(region, latency)| (format!("{region}-v4"), latency.as_secs_f64())).collect();
    let udp = if status.udp_works { "ok" } else { "warning" };
    json!({
        "severity": udp,
        "warnings": [],
        "dismissed": false,
        "net_info": {
            "MappingVariesByDestIP": status.mapping_varies,
            "HairPinning": Value::Null,
            "WorkingIPv6": status.public_v6.is_some(),
            "OSHasIPv6": interfaces.iter().any(has_ipv6),
            "WorkingUDP": status.udp_works,
            "WorkingICMPv4": false,
            "UPnP": Value::Null,
            "PMP": Value::Null,
            "PCP": Value::Null,
            "PreferredDERP": status.home_relay,
            "DERPLatency": latencies,
        },
        "interfaces": {
            "severity": "ok",
            "warnings": [],
            "dismissed": false,
            "interfaces": interfaces,
        },
    })
}

fn has_ipv6(interface: &Value) -> bool {
    let addresses = interface["addresses"].as_array().into_iter().flatten();
    addresses.filter_map(Value::as_str).any(|address| address.contains(':') && !address.starts_with("fe80"))
}

/// Interfaces that are up, with their addresses; loopback is left out.
fn interfaces() -> Vec<Value> {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for interface in if_addrs::get_if_addrs().unwrap_or_default() {
        if interface.is_loopback() {
            continue;
        }
        let prefix = match &interface.addr {
            if_addrs::IfAddr::V4(address) => address.prefixlen,
            if_addrs::IfAddr::V6(address) => address.prefixlen,
        };
        let address: IpAddr = interface.ip();
        by_name.entry(interface.name).or_default().push(format!("{address}/{prefix}"));
    }
    let mtu = |name: &str| {
        let text = std::fs::read_to_string(format!("/sys/class/net/{name}/mtu")).ok()?;
        text.trim().parse::<u32>().ok()
    };
    by_name
        .into_iter()
        .map(|(name, addresses)| json!({ "name": name, "mtu": mtu(&name).unwrap_or(0), "addresses": addresses }))
        .collect()
}
