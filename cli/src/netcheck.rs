//! `homeport netcheck`: what this network lets through, seen by starting a mesh without a peer.

use std::time::Duration;

use client::Deployment;
use mesh::driver::MeshStatus;
use serde::Serialize;

use crate::global::Global;
use crate::session;
use crate::table::{Output, print_json};
use crate::terminal::print;

/// A network that shows no relay in this time shows none at all.
const LIMIT: Duration = Duration::from_secs(5);
/// Once a relay is known, the rest of the measurements come within this time.
const SETTLE: Duration = Duration::from_secs(1);

/// Options of `netcheck`.
#[derive(clap::Args)]
pub struct Args {
    /// How to print it.
    #[arg(short, long, default_value = "table")]
    output: Output,
}

/// What is printed.
#[derive(Debug, PartialEq, Serialize)]
pub struct Report {
    udp: bool,
    public_ipv4: Option<String>,
    public_ipv6: Option<String>,
    mapping_varies_by_destination: Option<bool>,
    preferred_relay: Option<i32>,
    relay_latency_ms: Vec<(i32, f64)>,
    endpoints: Vec<String>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let report = look(&global.deployment().await?, global.disable_direct_connections).await?;
    match args.output {
        Output::Json => print_json(&report)?,
        Output::Table => print(&text(&report)),
    }
    Ok(if report.preferred_relay.is_some() { 0 } else { 1 })
}

/// Measures for some seconds.
pub async fn look(deployment: &Deployment, relay_only: bool) -> anyhow::Result<Report> {
    let mesh = session::begin(deployment, relay_only).mesh().await?;
    let settled = async {
        while mesh.status().await.home_relay == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(SETTLE).await;
    };
    // Not settling is itself a finding.
    let _ = tokio::time::timeout(LIMIT, settled).await;
    let report = describe(&mesh.status().await);
    mesh.shutdown().await;
    Ok(report)
}

fn describe(status: &MeshStatus) -> Report {
    Report {
        udp: status.udp_works,
        public_ipv4: status.public_v4.map(|address| address.to_string()),
        public_ipv6: status.public_v6.map(|address| address.to_string()),
        mapping_varies_by_destination: status.mapping_varies,
        preferred_relay: (status.home_relay != 0).then_some(status.home_relay),
        relay_latency_ms: status.relay_latency.iter().map(|(id, span)| (*id, span.as_secs_f64() * 1000.0)).collect(),
        endpoints: status.endpoints.iter().map(ToString::to_string).collect(),
    }
}

/// The report for people.
pub fn text(report: &Report) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none seen".into());
    let mut lines = vec![
        format!("UDP:          {}", if report.udp { "works" } else { "no answer; connections stay on relays" }),
        format!("Public IPv4:  {}", or_none(&report.public_ipv4)),
        format!("Public IPv6:  {}", or_none(&report.public_ipv6)),
        format!(
            "NAT:          {}",
            match report.mapping_varies_by_destination {
                Some(true) => "maps each destination differently; direct paths are unlikely",
                Some(false) => "maps all destinations alike; direct paths are likely",
                None => "not known",
            }
        ),
        match report.preferred_relay {
            Some(region) => format!("Home relay:   {region}"),
            None => "Home relay:   none reached; check that the deployment's URL is reachable".into(),
        },
    ];
    for (region, latency) in &report.relay_latency_ms {
        lines.push(format!("Relay {region}:    {}", milliseconds(*latency)));
    }
    for endpoint in &report.endpoints {
        lines.push(format!("Endpoint:     {endpoint}"));
    }
    lines.join("\n")
}

/// On loopback a relay answers faster than a tenth of a millisecond; a zero would look like no measurement.
fn milliseconds(latency: f64) -> String {
    if latency < 0.1 { "under 0.1 ms".into() } else { format!("{latency:.1} ms") }
}

#[cfg(test)]
mod tests;
