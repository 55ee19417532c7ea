//! The rule in virtual time: a stop when it is due, a hold while somebody works, a start of what was stopped.

use proto::id::{BuildId, WorkspaceId};
use time::{Duration, OffsetDateTime};

use super::{Candidate, Lid, LidNews};

const BOX: WorkspaceId = WorkspaceId(uuid::Uuid::from_u128(1));
const BUILD: BuildId = BuildId(uuid::Uuid::from_u128(2));

fn at(minutes: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::minutes(minutes)
}

/// With a rule of 10 minutes, last used at this minute.
fn used(minute: i64) -> [Candidate; 1] {
    [Candidate { workspace: BOX, build: BUILD, minutes: 10, last_used: at(minute) }]
}

#[test]
fn a_shut_lid_stops_after_its_minutes_and_opening_starts_what_it_stopped() {
    let mut lid = Lid::default();
    assert!(lid.due(&used(0), at(60)).is_empty(), "an open lid stops nothing");
    assert_eq!(lid.next_time(&used(0)), None);
    lid.heard(LidNews::Shut, at(100));
    assert!(lid.due(&used(0), at(109)).is_empty());
    // Said again by somebody who looks again: it was shut before.
    lid.heard(LidNews::Shut, at(105));
    assert_eq!(lid.next_time(&used(0)), Some(at(110)));
    assert_eq!(lid.due(&used(0), at(110)), [BOX]);
    assert!(lid.due(&used(0), at(111)).is_empty(), "once");
    assert_eq!(lid.heard(LidNews::Open, at(500)), [(BOX, BUILD)]);
    assert!(lid.heard(LidNews::Open, at(501)).is_empty(), "once");
}

#[test]
fn opening_in_time_stops_nothing_and_the_minutes_begin_anew() {
    let mut lid = Lid::default();
    lid.heard(LidNews::Shut, at(100));
    assert!(lid.heard(LidNews::Open, at(105)).is_empty());
    assert!(lid.due(&used(0), at(200)).is_empty());
    lid.heard(LidNews::Shut, at(300));
    assert!(lid.due(&used(0), at(309)).is_empty());
    assert_eq!(lid.due(&used(0), at(310)), [BOX]);
}

#[test]
fn a_session_holds_the_stop_until_it_is_over() {
    let mut lid = Lid::default();
    lid.heard(LidNews::Shut, at(100));
    for minute in 110..130 {
        assert!(lid.due(&used(minute - 1), at(minute)).is_empty(), "in use at {minute}");
        assert_eq!(lid.next_time(&used(minute - 1)), Some(at(minute + 5)), "looked at again");
    }
    assert!(lid.due(&used(129), at(134)).is_empty());
    assert_eq!(lid.due(&used(129), at(135)), [BOX]);
}

#[test]
fn falling_asleep_with_a_shut_lid_stops_at_once_and_with_an_open_one_nothing() {
    let mut lid = Lid::default();
    lid.heard(LidNews::FallsAsleep, at(50));
    assert!(lid.due(&used(0), at(50)).is_empty());
    lid.heard(LidNews::Shut, at(100));
    lid.heard(LidNews::FallsAsleep, at(100));
    assert!(lid.due(&used(99), at(100)).is_empty(), "in use");
    lid.heard(LidNews::FallsAsleep, at(100));
    assert_eq!(lid.due(&used(0), at(100)), [BOX]);
    assert_eq!(lid.heard(LidNews::Open, at(900)), [(BOX, BUILD)]);
}

#[test]
fn a_stop_that_failed_is_not_tried_again_and_starts_nothing() {
    let mut lid = Lid::default();
    lid.heard(LidNews::Shut, at(100));
    assert_eq!(lid.due(&used(0), at(110)), [BOX]);
    lid.give_up(BOX);
    assert!(lid.due(&used(0), at(115)).is_empty());
    assert!(lid.heard(LidNews::Open, at(120)).is_empty());
}
