//! Tests of schedules: given and expected, by tables where there are many.

use proto::rest::Time;
use proto::rest::build::{BuildReason, Transition};
use proto::rest::job::JobStatus;

use super::{Schedule, ScheduleError, Standing, bumped, next_change};

fn at(text: &str) -> Time {
    serde_json::from_value(text.into()).unwrap()
}

#[test]
fn the_next_time_follows_the_zone_and_its_summer() {
    for (schedule, after, expect) in [
        ("30 9 * * 1-5", "2026-11-27T09:29:59Z", "2026-11-27T09:30:00Z"),
        // A time is not its own next: a workspace that was built then is not built again.
        ("30 9 * * 1-5", "2026-11-27T09:30:00Z", "2026-11-30T09:30:00Z"),
        ("0 8 * * mon,fri", "2026-11-27T08:00:01Z", "2026-11-30T08:00:00Z"),
        ("0 0 * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("0 0 * * 7", "2026-11-28T12:00:00Z", "2026-11-29T00:00:00Z"),
        ("CRON_TZ=Europe/Berlin 0 8 * * *", "2026-11-27T00:00:00Z", "2026-11-27T07:00:00Z"),
        ("CRON_TZ=Europe/Berlin 0 8 * * *", "2026-07-27T00:00:00Z", "2026-07-27T06:00:00Z"),
        // The night in which 02:30 does not exist: it is the first moment after.
        ("CRON_TZ=Europe/Berlin 30 2 * * *", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
        ("CRON_TZ=America/New_York 0 9 * * 1", "2026-11-29T00:00:00Z", "2026-11-30T14:00:00Z"),
    ] {
        let next = schedule.parse::<Schedule>().unwrap().next(at(after)).unwrap();
        assert_eq!(next, at(expect), "{schedule} after {after}");
    }
}

#[test]
fn what_is_no_schedule_is_said() {
    let parse = |text: &str| text.parse::<Schedule>().unwrap_err();
    for form in ["", "30 9 * *", "0 30 9 * * 1", "30 9 1 * 1-5", "30 9 * 2 1-5", "; rm -rf / * *", "CRON_TZ=UTC"] {
        assert_eq!(parse(form), ScheduleError::Form, "{form}");
    }
    assert_eq!(parse(&format!("{} 9 * * 1", "1".repeat(200))), ScheduleError::Form);
    assert_eq!(parse("CRON_TZ=Mars/Olympus 0 9 * * 1"), ScheduleError::Zone("Mars/Olympus".into()));
    for field in ["61 9 * * 1", "0 25 * * 1", "0 9 * * 9", "a 9 * * 1"] {
        assert_eq!(parse(field), ScheduleError::Field, "{field}");
    }
}

fn standing(transition: Transition, status: JobStatus) -> Standing {
    Standing {
        transition,
        status,
        built_at: at("2026-11-27T18:00:00Z"),
        deadline: Some(at("2026-11-27T20:00:00Z")),
        autostart: Some("0 9 * * *".into()),
        is_dormant: false,
    }
}

#[test]
fn a_running_workspace_stops_at_its_deadline_and_a_stopped_one_starts_by_its_schedule() {
    let stop = (at("2026-11-27T20:00:00Z"), Transition::Stop, BuildReason::Autostop);
    let start = (at("2026-11-28T09:00:00Z"), Transition::Start, BuildReason::Autostart);
    for (transition, status, expect) in [
        (Transition::Start, JobStatus::Succeeded, Some(stop)),
        (Transition::Stop, JobStatus::Succeeded, Some(start)),
        (Transition::Start, JobStatus::Failed, None),
        (Transition::Stop, JobStatus::Failed, None),
        (Transition::Start, JobStatus::Running, None),
        (Transition::Stop, JobStatus::Pending, None),
        (Transition::Stop, JobStatus::Canceled, None),
        (Transition::Delete, JobStatus::Succeeded, None),
    ] {
        assert_eq!(next_change(&standing(transition, status)), expect, "{transition:?} {status:?}");
    }
    let without = Standing { deadline: None, ..standing(Transition::Start, JobStatus::Succeeded) };
    assert_eq!(next_change(&without), None);
    let dormant = Standing { is_dormant: true, ..standing(Transition::Stop, JobStatus::Succeeded) };
    assert_eq!(next_change(&dormant), None);
    let broken = Standing { autostart: Some("often".into()), ..standing(Transition::Stop, JobStatus::Succeeded) };
    assert_eq!(next_change(&broken), None, "an old value that is not understood starts nothing");
}

#[test]
fn use_moves_a_deadline_on_by_an_hour_and_never_back() {
    for (deadline, now, expect) in [
        ("2026-11-27T20:00:00Z", "2026-11-27T19:30:00Z", Some("2026-11-27T20:30:00Z")),
        ("2026-11-27T20:00:00Z", "2026-11-27T19:03:00Z", Some("2026-11-27T20:03:00Z")),
        ("2026-11-27T20:00:00Z", "2026-11-27T19:02:59Z", None),
        ("2026-11-28T20:00:00Z", "2026-11-27T19:30:00Z", None),
        // Past, and still in use: it is not stopped under its user.
        ("2026-11-27T20:00:00Z", "2026-11-27T20:00:10Z", Some("2026-11-27T21:00:10Z")),
    ] {
        assert_eq!(bumped(at(deadline), at(now)), expect.map(at), "{deadline} at {now}");
    }
}
