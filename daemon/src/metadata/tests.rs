//! Metadata: when scripts are due, how long they may run, and what is reported, in virtual time.

use std::time::Duration;

use proto::agent::{MetadataDescription, MetadataResult};
use proto::wkt;

use super::Schedule;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// On this wire the nanoseconds of a duration are seconds.
fn description(key: &str, interval: i32, timeout: i32) -> MetadataDescription {
    MetadataDescription {
        key: key.into(),
        display_name: key.to_uppercase(),
        script: format!("print {key}"),
        interval: Some(wkt::Duration { seconds: 0, nanos: interval }),
        timeout: Some(wkt::Duration { seconds: 0, nanos: timeout }),
    }
}

fn value(text: &str) -> MetadataResult {
    MetadataResult { value: text.into(), ..MetadataResult::default() }
}

fn keys(schedule: &mut Schedule, now: u64) -> Vec<String> {
    schedule.due(seconds(now)).into_iter().map(|run| run.key).collect()
}

/// Runs one script that always takes `takes` seconds and gives the seconds at which it starts.
fn starts(interval: i32, takes: u64, until: u64) -> Vec<u64> {
    let mut schedule = Schedule::default();
    schedule.set(&[description("k", interval, 0)]);
    let (mut starts, mut ends) = (vec![], None);
    for now in 0..until {
        if ends == Some(now) {
            schedule.finished("k", value("v"), seconds(now));
            ends = None;
        }
        for _ in keys(&mut schedule, now) {
            starts.push(now);
            ends = Some(now + takes);
        }
    }
    starts
}

#[test]
fn due_again_after_the_interval() {
    assert_eq!(starts(10, 1, 35), [0, 10, 20, 30]);
    assert_eq!(starts(1, 1, 4), [0, 1, 2, 3]);
    assert_eq!(starts(2, 5, 16), [0, 5, 10, 15], "never twice at once");
    assert_eq!(starts(0, 1, 100), [0], "no interval means once");
}

#[test]
fn how_long_a_script_may_run() {
    let check = |interval, timeout, limit| {
        let mut schedule = Schedule::default();
        schedule.set(&[description("k", interval, timeout)]);
        assert_eq!(schedule.due(Duration::ZERO)[0].limit, seconds(limit), "interval {interval}, timeout {timeout}");
    };
    check(10, 4, 4);
    check(10, 0, 10);
    check(0, 7, 7);
    check(0, 0, 3);
    check(10, -1, 10);
}

#[test]
fn a_reconnect_keeps_what_did_not_change() {
    let mut schedule = Schedule::default();
    let both = [description("once", 0, 0), description("often", 10, 0)];
    schedule.set(&both);
    assert_eq!(keys(&mut schedule, 0), ["often", "once"]);
    schedule.finished("once", value("1"), seconds(1));
    schedule.finished("often", value("2"), seconds(1));
    schedule.set(&both);
    assert_eq!(schedule.next_due(), Some(seconds(10)), "neither runs again at once");
    schedule.set(&[both[0].clone(), description("often", 5, 0)]);
    assert_eq!(keys(&mut schedule, 2), ["often"], "a changed one does");
    schedule.set(&[description("often", 5, 0)]);
    assert_eq!(keys(&mut schedule, 2), ["often"], "so does one whose run was cut off");
}

#[test]
fn values_are_reported_once_and_newer_ones_win() {
    let mut schedule = Schedule::default();
    schedule.set(&[description("a", 1, 0), description("b", 1, 0)]);
    schedule.due(Duration::ZERO);
    schedule.finished("a", value("old"), seconds(1));
    schedule.finished("b", value("b"), seconds(1));
    schedule.finished("unknown", value("x"), seconds(1));
    let lost = schedule.take_fresh();
    assert_eq!(lost.len(), 2);
    assert!(schedule.take_fresh().is_empty());
    schedule.due(seconds(1));
    schedule.finished("a", value("new"), seconds(2));
    schedule.give_back(lost);
    let again: Vec<_> = schedule.take_fresh().into_iter().map(|m| (m.key, m.result.unwrap().value)).collect();
    assert_eq!(again, [("a".to_owned(), "new".to_owned()), ("b".to_owned(), "b".to_owned())]);
}

#[test]
fn the_same_key_twice_runs_once() {
    let mut schedule = Schedule::default();
    schedule.set(&[description("k", 1, 0), description("k", 2, 0)]);
    assert_eq!(keys(&mut schedule, 0).len(), 1);
}
