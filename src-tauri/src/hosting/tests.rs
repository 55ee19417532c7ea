//! A server that is wanted, dies, and is not wanted any more.

use super::*;

const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn ended() -> HostNews {
    HostNews::Ended("exit code 1".into())
}

fn ready() -> HostNews {
    HostNews::Ready { url: "http://127.0.0.1:7080/".into(), is_found: false }
}

#[test]
fn a_dying_server_is_started_again_with_growing_pauses_and_then_left_alone() {
    let mut hosting = Hosting::default();
    assert_eq!(hosting.want(true), Some(Step::Start { after: Duration::ZERO }));
    for pause in [500, 1000, 2000, 4000] {
        let after = Duration::from_millis(pause);
        assert_eq!(hosting.heard(ended(), NOW), Some(Step::Start { after }));
    }
    assert_eq!(hosting.heard(ended(), NOW), Some(Step::Complain));
    assert_eq!(hosting.troubles(), ["The server of this computer keeps ending", "exit code 1"]);
    assert_eq!(hosting.want(true), Some(Step::Start { after: Duration::ZERO }), "asked again by a person");
}

#[test]
fn a_server_that_was_well_begins_with_the_shortest_pause() {
    let mut hosting = Hosting::default();
    hosting.want(true);
    for _ in 0..10 {
        hosting.heard(ready(), NOW);
        let step = hosting.heard(ended(), NOW + time::Duration::hours(1));
        assert_eq!(step, Some(Step::Start { after: FIRST_PAUSE }));
    }
}

#[test]
fn off_stops_it_once_and_on_again_waits_for_the_end() {
    let mut hosting = Hosting::default();
    assert_eq!(hosting.want(false), None);
    hosting.want(true);
    hosting.heard(ready(), NOW);
    assert_eq!(hosting.want(false), Some(Step::Stop));
    assert_eq!(hosting.want(false), None);
    assert_eq!(hosting.heard(ready(), NOW), None);
    assert_eq!(hosting.phase, Phase::Stopping);
    assert_eq!(hosting.want(true), None);
    assert_eq!(hosting.heard(HostNews::Stopped, NOW), Some(Step::Start { after: Duration::ZERO }));
    hosting.want(false);
    hosting.heard(HostNews::Stopped, NOW);
    assert_eq!(hosting.phase, Phase::Off);
}

#[test]
fn another_version_is_said_and_the_server_used() {
    let mut hosting = Hosting::default();
    hosting.want(true);
    hosting.heard(HostNews::OtherVersion("older".into()), NOW);
    hosting.heard(ready(), NOW);
    assert!(matches!(hosting.phase, Phase::On { .. }));
    assert_eq!(hosting.troubles(), ["older"]);
}
