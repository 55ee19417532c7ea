//! Watches the apps of the template over HTTP on this machine and reports their health. Not for the rule what counts as
//! healthy (see `health`) nor for showing apps to anyone.

pub mod health;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use proto::agent::{BatchUpdateAppHealthRequest, BatchUpdateAppHealthResponse, WorkspaceApp, method};
use rpc::RpcError;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::control::call::{self, Pause};
use health::{Apps, Check};

/// Changes are gathered this long, so that apps which start together are reported together (spec `agent-rpc.md` 6.6).
const GATHER: Duration = Duration::from_secs(1);
/// Shortest time between two questions: a template that asks for less would keep the machine busy.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

struct Watch {
    apps: Mutex<Apps>,
    changed: Notify,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Apps> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches and reports until the connection ends; returns at once when no app wants to be watched.
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn watch(apps: &[WorkspaceApp], client: &rpc::Client) -> Result<(), RpcError> {
    let apps = Apps::new(apps);
    let checks = apps.checks();
    if checks.is_empty() {
        return Ok(());
    }
    let http = match http_client(checks.iter().any(|check| check.url.starts_with("https:"))) {
        Ok(http) => http,
        Err(error) => {
            tracing::warn!(%error, "apps cannot be watched: no HTTP client");
            return Ok(());
        }
    };
    let watch = std::sync::Arc::new(Watch { apps: Mutex::new(apps), changed: Notify::new() });
    let mut running = JoinSet::new();
    for check in checks {
        let (watch, http) = (std::sync::Arc::clone(&watch), http.clone());
        running.spawn(async move {
            let mut every = tokio::time::interval(check.interval.max(SHORTEST_INTERVAL));
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                let good = answers(&http, &check).await;
                if watch.lock().answered(check.index, good) {
                    watch.changed.notify_one();
                }
            }
        });
    }
    report(&watch, client).await
}

async fn report(watch: &Watch, client: &rpc::Client) -> Result<(), RpcError> {
    let mut pause = Pause::default();
    loop {
        watch.changed.notified().await;
        tokio::time::sleep(GATHER).await;
        let request = BatchUpdateAppHealthRequest { updates: watch.lock().report() };
        let answer: Result<BatchUpdateAppHealthResponse, _> =
            client.unary(method::BATCH_UPDATE_APP_HEALTHS, &request).await;
        match answer {
            Ok(_) => pause = Pause::default(),
            Err(error) if call::is_unsupported(&error) => return Ok(()),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => {
                tracing::warn!(%error, "the server did not take the health of apps");
                watch.changed.notify_one();
                tokio::time::sleep(pause.next()).await;
            }
        }
    }
}

fn http_client(with_tls: bool) -> reqwest::Result<reqwest::Client> {
    client::tls::install();
    // The apps are on this machine: a proxy of the environment is for the world outside.
    let mut builder = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
    if !with_tls {
        // The system's certificates cost megabytes, which a daemon that asks plain HTTP need not hold.
        builder = builder.tls_backend_preconfigured(client::tls::trusting_nobody());
    }
    builder.build()
}

/// Whether the app answered in time with something better than a server error.
async fn answers(http: &reqwest::Client, check: &Check) -> bool {
    let timeout = check.interval.max(SHORTEST_INTERVAL) - Duration::from_millis(1);
    let answer = http.get(&check.url).timeout(timeout).send().await;
    answer.is_ok_and(|answer| answer.status().as_u16() < 500)
}
