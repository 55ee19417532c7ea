//! Resource monitoring: what a server's answer asks for, and the sliding window.

use std::time::Duration;

use proto::agent::{
    GetResourcesMonitoringConfigurationResponse, MemoryMonitor, MonitoringConfig, MonitoringDatapoint, VolumeMonitor,
};
use proto::wkt::Timestamp;

use super::{Plan, Window};

fn answer(
    points: i32,
    seconds: i32,
    memory: Option<bool>,
    volumes: &[(&str, bool)],
) -> GetResourcesMonitoringConfigurationResponse {
    GetResourcesMonitoringConfigurationResponse {
        config: Some(MonitoringConfig { num_datapoints: points, collection_interval_seconds: seconds }),
        memory: memory.map(|enabled| MemoryMonitor { enabled }),
        volumes: volumes
            .iter()
            .map(|(path, enabled)| VolumeMonitor { enabled: *enabled, path: (*path).into() })
            .collect(),
    }
}

#[test]
fn what_is_measured() {
    let check = |answer: &GetResourcesMonitoringConfigurationResponse, expect: Option<(usize, u64, bool, &[&str])>| {
        let expect = expect.map(|(points, seconds, memory, volumes)| Plan {
            points,
            interval: Duration::from_secs(seconds),
            memory,
            volumes: volumes.iter().map(ToString::to_string).collect(),
        });
        assert_eq!(Plan::from_wire(answer), expect, "{answer:?}");
    };
    check(&GetResourcesMonitoringConfigurationResponse::default(), None);
    check(&answer(20, 10, None, &[]), None);
    check(&answer(20, 10, Some(false), &[("/home", false)]), None);
    check(&answer(20, 10, Some(true), &[]), Some((20, 10, true, &[])));
    check(&answer(20, 10, None, &[("/a", true), ("/b", false)]), Some((20, 10, false, &["/a"])));
    check(&answer(0, 10, Some(true), &[]), None);
    check(&answer(20, 0, Some(true), &[]), None);
    check(&answer(20, -1, Some(true), &[]), None);
    check(&answer(i32::MAX, 10, Some(true), &[]), Some((1000, 10, true, &[])));
}

#[test]
fn the_window_slides_once_it_is_full() {
    let point = |seconds| MonitoringDatapoint {
        collected_at: Some(Timestamp { seconds, nanos: 0 }),
        ..MonitoringDatapoint::default()
    };
    let mut window = Window::new(3);
    let mut pushed = vec![];
    for second in 1..=5 {
        window.push(point(second));
        let seconds =
            |points: Vec<MonitoringDatapoint>| points.iter().map(|p| p.collected_at.unwrap().seconds).collect();
        pushed.push(window.full().map(seconds));
    }
    assert_eq!(pushed, [None, None, Some(vec![1, 2, 3]), Some(vec![2, 3, 4]), Some(vec![3, 4, 5])]);
}
