//! Which use of which key moves its end, at a given time.

use proto::rest::Time;
use time::Duration;
use time::macros::datetime;

use super::{Bound, Life, extended};

const MADE: Time = Time(datetime!(2026-11-30 12:00 UTC));

fn after(hours: i64) -> Time {
    Time(MADE.0 + Duration::hours(hours))
}

/// A session of a week.
fn week() -> Life {
    Life { ends: after(168), lifetime: Duration::hours(168), is_session: true, bound: Bound::Free }
}

#[test]
fn a_use_moves_the_end_to_a_whole_lifetime_from_now() {
    assert_eq!(extended(week(), after(100)), Some(after(268)));
    assert_eq!(extended(week(), after(167)), Some(after(335)));
}

#[test]
fn the_end_is_moved_by_an_hour_or_not_at_all() {
    let minute = Duration::minutes(1);
    assert_eq!(extended(week(), MADE), None);
    assert_eq!(extended(week(), Time(after(1).0 - minute)), None);
    assert_eq!(extended(week(), after(1)), Some(after(169)));
    // Used every minute for a day: written once an hour.
    let (mut life, mut writes) = (week(), 0);
    for passed in 0..24 * 60 {
        if let Some(end) = extended(life, Time(MADE.0 + minute * passed)) {
            life.ends = end;
            writes += 1;
        }
    }
    assert_eq!(writes, 23);
}

#[test]
fn what_is_over_stays_over() {
    assert_eq!(extended(week(), after(168)), None);
    assert_eq!(extended(week(), after(1000)), None);
}

#[test]
fn a_token_keeps_the_end_it_was_made_with() {
    assert_eq!(extended(Life { is_session: false, ..week() }, after(100)), None);
}

#[test]
fn a_bound_session_goes_on_up_to_the_end_of_the_other_key_and_not_beyond() {
    let day = |bound| Life { ends: after(24), lifetime: Duration::hours(24), is_session: true, bound };
    assert_eq!(extended(day(Bound::Until(after(168))), after(20)), Some(after(44)));
    assert_eq!(extended(day(Bound::Until(after(30))), after(20)), Some(after(30)));
    assert_eq!(extended(day(Bound::Until(after(24))), after(20)), None, "it has that end already");
    assert_eq!(extended(day(Bound::Until(after(10))), after(20)), None, "an end never moves back");
    assert_eq!(extended(day(Bound::Gone), after(20)), None);
}

#[test]
fn an_end_outside_the_calendar_moves_nothing() {
    let life = Life { lifetime: Duration::MAX, ..week() };
    assert_eq!(extended(life, after(100)), None);
}
