//! Codes in virtual time, and many who try one at once.
#![allow(clippy::unwrap_used)]

use std::sync::Barrier;
use std::time::{Duration, Instant};

use proto::id::UserId;
use proto::secret::Secret;
use uuid::Uuid;

use super::{Codes, EACH, LIFETIME, Maker};

fn maker(number: u128) -> Maker {
    Maker { user: UserId(Uuid::from_u128(number)), key: format!("key{number}"), challenge: None }
}

#[test]
fn a_code_counts_once_and_for_a_minute() {
    let (codes, start) = (Codes::default(), Instant::now());
    let rows = [(Duration::ZERO, true), (LIFETIME - Duration::from_millis(1), true), (LIFETIME, false)];
    for (later, counts) in rows {
        codes.insert(&Secret::new("code"), maker(1), start);
        assert_eq!(codes.redeem(&Secret::new("wrong"), None, start + later), None);
        assert_eq!(
            codes.redeem(&Secret::new("code"), None, start + later),
            counts.then(|| maker(1)),
            "after {later:?}"
        );
        assert_eq!(codes.redeem(&Secret::new("code"), None, start), None, "used before");
    }
}

#[test]
fn one_of_many_at_once_gets_in() {
    for _ in 0..100 {
        let (codes, now, barrier) = (Codes::default(), Instant::now(), Barrier::new(8));
        codes.insert(&Secret::new("code"), maker(1), now);
        let winners = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        codes.redeem(&Secret::new("code"), None, now).is_some()
                    })
                })
                .collect();
            tries.into_iter().map(|thread| thread.join().unwrap()).filter(|won| *won).count()
        });
        assert_eq!(winners, 1);
    }
}

#[test]
fn an_account_has_few_and_takes_none_of_another() {
    let (codes, start) = (Codes::default(), Instant::now());
    codes.insert(&Secret::new("other"), maker(2), start);
    for number in 0..EACH + 1 {
        let now = start + Duration::from_millis(u64::try_from(number).unwrap());
        codes.insert(&Secret::new(format!("code{number}")), maker(1), now);
    }
    assert_eq!(codes.redeem(&Secret::new("code0"), None, start), None, "the oldest went");
    assert_eq!(codes.redeem(&Secret::new("code1"), None, start), Some(maker(1)));
    assert_eq!(codes.redeem(&Secret::new("other"), None, start), Some(maker(2)));
}

#[test]
fn a_code_for_a_program_wants_what_its_challenge_was_made_of_at_the_first_try() {
    let (code, right, wrong) = (Secret::new("code"), Secret::new("verifier"), Secret::new("another"));
    let challenge = Some(super::hash(&right));
    let rows = [(challenge, Some(&right), true), (challenge, Some(&wrong), false), (challenge, None, false)];
    // A code for a browser is not one for a program.
    let plain = [(None, None, true), (None, Some(&right), false)];
    for (challenge, verifier, counts) in rows.into_iter().chain(plain) {
        let (codes, now) = (Codes::default(), Instant::now());
        codes.insert(&code, Maker { challenge, ..maker(1) }, now);
        assert_eq!(codes.redeem(&code, verifier, now).is_some(), counts, "{challenge:?} {verifier:?}");
        assert_eq!(codes.redeem(&code, Some(&right), now), None, "spent by the first try");
    }
}
