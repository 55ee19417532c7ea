//! When goodbye is said, in virtual time.

use super::*;

/// One thing that happens, so many milliseconds after the start.
enum Given {
    Ask { stops: bool },
    TakeBack,
    Look { is_delivered: bool },
}
use Given::{Ask, Look, TakeBack};

#[test]
fn goodbye_waits_for_streams_but_not_for_ever_and_not_twice() {
    let start = clock_start();
    let check = |given: &[(u64, Given)], expect: &[Option<Step>]| {
        let mut farewell = Farewell::default();
        let mut steps = Vec::new();
        for (at, event) in given {
            let now = start + Duration::from_millis(*at);
            match event {
                Ask { stops } => farewell.ask(*stops, now),
                TakeBack => farewell.take_back(),
                Look { is_delivered } => steps.push(farewell.step(*is_delivered, now)),
            }
        }
        assert_eq!(steps, expect);
    };
    let (open, done) = (|| Look { is_delivered: false }, || Look { is_delivered: true });
    let (bye, stop) = (|| Ask { stops: false }, || Ask { stops: true });
    check(&[(0, done())], &[None]);
    check(&[(0, bye()), (1, done()), (2, done())], &[Some(Step::Say), None]);
    check(&[(0, bye()), (1, open()), (5, done())], &[None, Some(Step::Say)]);
    check(&[(0, bye()), (499, open()), (500, open())], &[None, Some(Step::Say)]);
    check(&[(0, stop()), (1, open()), (5, done())], &[None, Some(Step::SayAndStop)]);
    // As programs end: goodbye, and at once the stop. One wait for both.
    check(&[(0, bye()), (0, stop()), (1, open()), (5, done())], &[None, Some(Step::SayAndStop)]);
    check(&[(0, bye()), (400, stop()), (500, open())], &[Some(Step::SayAndStop)]);
    // Goodbye was said over an unfinished stream: nothing is left to wait for.
    check(&[(0, bye()), (500, open()), (600, stop()), (600, open())], &[Some(Step::Say), Some(Step::Stop)]);
    let again = [(0, bye()), (1, done()), (2, TakeBack), (3, stop()), (4, open()), (5, done())];
    check(&again, &[Some(Step::Say), None, Some(Step::SayAndStop)]);
}

fn clock_start() -> Instant {
    crate::driver::clock::now()
}
