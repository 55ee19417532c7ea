//! Keys from their making to their end, in a time that the test moves.

use super::*;

const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// Lives through a key's time: what happened when, in hours since the start.
fn live(lifetime: Duration, answer: Attempt) -> Vec<(i64, &'static str)> {
    let life = Life { ends: START + lifetime, lifetime };
    let (mut now, mut attempt, mut seen) = (START, Attempt::None, Vec::new());
    for _ in 0..10_000 {
        let hours = (now - START).whole_hours();
        match next(life, attempt, now) {
            Step::LookAt(then) => {
                assert!(then > now, "time moves");
                // A new look is a new attempt, unless the deployment said no.
                attempt = if attempt == Attempt::Failed { Attempt::None } else { attempt };
                now = then;
            }
            Step::Renew => {
                seen.push((hours, "renew"));
                if answer == Attempt::None {
                    return seen;
                }
                attempt = answer;
            }
            Step::Warn(then) => {
                assert!(then > now, "time moves");
                seen.push((hours, "warn"));
                attempt = if attempt == Attempt::Failed { Attempt::None } else { attempt };
                now = then;
            }
            Step::Over => {
                seen.push((hours, "over"));
                return seen;
            }
        }
    }
    panic!("it never ends: {seen:?}");
}

#[test]
fn a_key_is_replaced_well_before_its_end() {
    for (days, hours) in [(7, 5 * 24), (30, 28 * 24), (1, 12), (2, 24)] {
        assert_eq!(live(Duration::days(days), Attempt::None), [(hours, "renew")], "{days} days");
    }
}

#[test]
fn one_that_cannot_be_replaced_is_told_a_day_before_its_end() {
    let seen = live(Duration::days(7), Attempt::Refused);
    assert_eq!(seen[..2], [(5 * 24, "renew"), (6 * 24, "warn")], "asked once, told at the last day");
    assert_eq!(seen.last(), Some(&(7 * 24, "over")));
    let seen = live(Duration::days(1), Attempt::Refused);
    assert_eq!(seen[..2], [(12, "renew"), (18, "warn")], "a key of a day is not told from its first minute on");
}

#[test]
fn one_whose_deployment_is_away_is_tried_again_and_told_in_time() {
    let seen = live(Duration::days(7), Attempt::Failed);
    assert_eq!(seen.iter().find(|(_, what)| *what == "warn"), Some(&(6 * 24, "warn")));
    let tries = seen.iter().filter(|(_, what)| *what == "renew").count();
    assert!((100..300).contains(&tries), "every quarter of an hour: {tries}");
}

#[test]
fn one_that_is_extended_by_its_use_is_only_looked_at() {
    let (lifetime, mut now) = (Duration::days(1), START);
    for _ in 0..100 {
        let life = Life { ends: now + lifetime, lifetime };
        let Step::LookAt(then) = next(life, Attempt::None, now) else { panic!("at {now}") };
        now = then;
    }
    assert!(now - START > Duration::days(20), "{now}");
}

#[test]
fn a_key_has_the_id_before_its_dash() {
    let rows = [
        ("abcdefghij-0123456789", Some("abcdefghij")),
        ("abcdefghij", None),
        ("-secret", None),
        ("id-", None),
        ("../me-secret", None),
        ("", None),
    ];
    for (token, expect) in rows {
        assert_eq!(key_id(token), expect, "{token}");
    }
}
