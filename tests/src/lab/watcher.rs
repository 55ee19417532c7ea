//! Watches the state of a tunnel service as the tray and `homeport connect status` do.

use std::path::Path;
use std::time::{Duration, Instant};

use client::tunnel::Tunnel;
use proto::ipc::{Call, Event};

/// Reads events until one is wanted; how long that took.
pub async fn watch_until(socket: &Path, limit: Duration, mut wanted: impl FnMut(&Event) -> bool) -> Duration {
    let (start, mut seen) = (Instant::now(), Vec::new());
    let watched = tokio::time::timeout(limit, async {
        let mut tunnel = Tunnel::open(socket).await.unwrap();
        tunnel.call(Call::Watch).await.unwrap();
        loop {
            let event = tunnel.next().await.unwrap();
            if wanted(&event) {
                return;
            }
            seen.push(event);
        }
    });
    let is_seen = watched.await.is_ok();
    assert!(is_seen, "not within {limit:?}; events: {seen:#?}");
    start.elapsed()
}
