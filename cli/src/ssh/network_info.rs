//! The file in which an editor reads how its connection is: direct or relayed, latency, throughput. Named after the
//! process that the editor started, written whole, removed at the end.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use client::sessions::file;
use mesh::Mesh;
use mesh::driver::{MeshStatus, Path as MeshPath};
use serde::Serialize;
use tokio::task::AbortHandle;

/// When the option cannot be read.
const PERIOD: Duration = Duration::from_secs(5);

/// What the file says. All fields are always there; editors rely on it.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Content {
    p2p: bool,
    latency: f64,
    preferred_derp: String,
    derp_latency: std::collections::BTreeMap<String, f64>,
    upload_bytes_sec: u64,
    download_bytes_sec: u64,
    using_coder_connect: bool,
}

/// The file.
pub struct File {
    path: PathBuf,
    period: Duration,
}

/// Updates the file until it is dropped.
pub struct Following {
    task: AbortHandle,
    path: PathBuf,
}

impl File {
    /// The file of this process in a folder.
    pub fn new(folder: &Path, period: &str) -> Self {
        let seconds = period.trim_end_matches('s').parse::<u64>().ok().filter(|seconds| (1..=3600).contains(seconds));
        let path = folder.join(format!("{}.json", std::process::id()));
        Self { path, period: seconds.map_or(PERIOD, Duration::from_secs) }
    }

    /// Says, until it is dropped, that the tunnel of this computer is used; nothing else is known then.
    pub fn in_tunnel(self) -> anyhow::Result<InTunnel> {
        file::write_private(&self.path, br#"{"using_coder_connect":true}"#)?;
        Ok(InTunnel(self.path))
    }

    /// Keeps the file up to date.
    pub fn follow(self, mesh: Mesh, address: Ipv6Addr) -> Following {
        let path = self.path.clone();
        let task = tokio::spawn(async move {
            let mut before = mesh.status().await;
            loop {
                let status = mesh.status().await;
                let content = describe(&status, &before, address, self.period);
                before = status;
                let written = serde_json::to_vec(&content).map_err(std::io::Error::other);
                if let Err(error) = written.and_then(|text| file::write_private(&self.path, &text)) {
                    tracing::debug!(%error, "the network information was not written");
                }
                tokio::time::sleep(self.period).await;
            }
        });
        Following { task: task.abort_handle(), path }
    }
}

/// Removes the file when it is dropped.
pub struct InTunnel(PathBuf);

impl Drop for InTunnel {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

fn describe(now: &MeshStatus, before: &MeshStatus, address: Ipv6Addr, period: Duration) -> Content {
    let peer = now.peers.iter().find(|peer| peer.addresses.contains(&address));
    let milliseconds = |span: Duration| span.as_secs_f64() * 1000.0;
    let per_second = |now: u64, before: u64| now.saturating_sub(before) / period.as_secs().max(1);
    Content {
        p2p: peer.is_some_and(|peer| matches!(peer.path, MeshPath::Direct(_))),
        latency: peer.and_then(|peer| peer.latency).map_or(0.0, milliseconds),
        preferred_derp: now.home_relay.to_string(),
        derp_latency: now.relay_latency.iter().map(|(id, span)| (id.to_string(), milliseconds(*span))).collect(),
        upload_bytes_sec: per_second(now.flows.sent_bytes, before.flows.sent_bytes),
        download_bytes_sec: per_second(now.flows.received_bytes, before.flows.received_bytes),
        using_coder_connect: false,
    }
}
