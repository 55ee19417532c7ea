//! The pure part of resource monitoring: what to measure, and the window of the last points. No clock, no measuring.

use std::collections::VecDeque;
use std::time::Duration;

use proto::agent::{GetResourcesMonitoringConfigurationResponse, MonitoringDatapoint};

/// Most points in a window; real servers ask for 20.
const MAX_POINTS: usize = 1000;
/// Most volumes.
const MAX_VOLUMES: usize = 64;

/// What to measure, and when.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan {
    /// Points of a window.
    pub points: usize,
    /// Time between points.
    pub interval: Duration,
    /// Whether memory is measured.
    pub memory: bool,
    /// Paths of the volumes.
    pub volumes: Vec<String>,
}

impl Plan {
    /// From the server's answer; `None` when there is nothing to measure, or no period that makes sense.
    pub fn from_wire(answer: &GetResourcesMonitoringConfigurationResponse) -> Option<Self> {
        let config = answer.config?;
        let interval = u64::try_from(config.collection_interval_seconds).ok().filter(|seconds| *seconds > 0)?;
        let points = usize::try_from(config.num_datapoints).ok().filter(|points| *points > 0)?;
        let memory = answer.memory.is_some_and(|memory| memory.enabled);
        let volumes: Vec<_> = answer
            .volumes
            .iter()
            .filter(|volume| volume.enabled)
            .take(MAX_VOLUMES)
            .map(|volume| volume.path.clone())
            .collect();
        (memory || !volumes.is_empty()).then(|| Self {
            points: points.min(MAX_POINTS),
            interval: Duration::from_secs(interval),
            memory,
            volumes,
        })
    }
}

/// The last points.
#[derive(Debug)]
pub struct Window {
    points: VecDeque<MonitoringDatapoint>,
    size: usize,
}

impl Window {
    /// An empty window for `size` points.
    pub fn new(size: usize) -> Self {
        Self { points: VecDeque::new(), size: size.max(1) }
    }

    /// Adds a point; the oldest leaves a full window.
    pub fn push(&mut self, point: MonitoringDatapoint) {
        if self.points.len() == self.size {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// All points, oldest first, once there are enough.
    pub fn full(&self) -> Option<Vec<MonitoringDatapoint>> {
        (self.points.len() == self.size).then(|| self.points.iter().cloned().collect())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
