//! Memory and volumes that the server wants to watch: measured at its period, pushed as a window of the last points.
//! Not for statistics of the mesh (see `stats`).

pub mod window;

use std::path::Path;
use std::time::SystemTime;

use proto::agent::{
    GetResourcesMonitoringConfigurationRequest, GetResourcesMonitoringConfigurationResponse, MemoryUsage,
    MonitoringDatapoint, PushResourcesMonitoringUsageRequest, PushResourcesMonitoringUsageResponse, VolumeUsage,
    method,
};
use proto::wkt::Timestamp;
use rpc::RpcError;

use crate::control::call::{self, Pause};
use window::{Plan, Window};

/// Measures and pushes until the connection ends; returns when the server wants nothing measured.
///
/// # Errors
/// Only [`RpcError::Closed`].
pub async fn monitor(client: &rpc::Client) -> Result<(), RpcError> {
    let Some(plan) = configuration(client).await? else { return Ok(()) };
    let mut window = Window::new(plan.points);
    let mut every = tokio::time::interval(plan.interval);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        window.push(measure(&plan));
        let Some(datapoints) = window.full() else { continue };
        let request = PushResourcesMonitoringUsageRequest { datapoints };
        match client.unary(method::PUSH_RESOURCES_MONITORING_USAGE, &request).await {
            Ok(PushResourcesMonitoringUsageResponse {}) => {}
            Err(error) if call::is_unsupported(&error) => return Ok(()),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => tracing::warn!(%error, "the server did not take resource usage"),
        }
    }
}

async fn configuration(client: &rpc::Client) -> Result<Option<Plan>, RpcError> {
    let mut pause = Pause::default();
    loop {
        let request = GetResourcesMonitoringConfigurationRequest {};
        let answer: Result<GetResourcesMonitoringConfigurationResponse, _> =
            client.unary(method::GET_RESOURCES_MONITORING_CONFIGURATION, &request).await;
        match answer {
            Ok(answer) => return Ok(Plan::from_wire(&answer)),
            Err(error) if call::is_unsupported(&error) => return Ok(None),
            Err(RpcError::Closed) => return Err(RpcError::Closed),
            Err(error) => {
                tracing::warn!(%error, "the server did not say which resources to watch");
                tokio::time::sleep(pause.next()).await;
            }
        }
    }
}

fn measure(plan: &Plan) -> MonitoringDatapoint {
    MonitoringDatapoint {
        collected_at: Some(Timestamp::from_system_time(SystemTime::now())),
        memory: if plan.memory { memory() } else { None },
        volumes: plan.volumes.iter().filter_map(|path| volume(path)).collect(),
    }
}

fn count(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Memory of the container when there is a limit, of the machine otherwise.
fn memory() -> Option<MemoryUsage> {
    let mut system = sysinfo::System::new().ok()?;
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    Some(match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 && limits.total_memory < system.total_memory() => MemoryUsage {
            used: count(limits.total_memory.saturating_sub(limits.free_memory)),
            total: count(limits.total_memory),
        },
        _ => MemoryUsage { used: count(system.used_memory()), total: count(system.total_memory()) },
    })
}

/// The file system that holds a path; a path that is gone is left out rather than reported as empty.
fn volume(path: &str) -> Option<VolumeUsage> {
    let status = nix::sys::statvfs::statvfs(Path::new(path)).ok()?;
    let block = status.fragment_size();
    let total = status.blocks().saturating_mul(block);
    let free = status.blocks_available().saturating_mul(block);
    Some(VolumeUsage { volume: path.to_owned(), used: count(total.saturating_sub(free)), total: count(total) })
}
