//! Lifecycle states never go back and are reported in order, each once.

use proto::agent::LifecycleState::{self, Created, Off, Ready, ShuttingDown, StartError, StartTimeout, Starting};
use proto::wkt::Timestamp;

use super::History;

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds, nanos: 0 }
}

fn check(entered: &[LifecycleState], kept: &[LifecycleState]) {
    let mut history = History::default();
    for (second, state) in (1..).zip(entered) {
        history.enter(*state, at(second));
    }
    let mut reported = vec![];
    while let Some(lifecycle) = history.unreported() {
        reported.push(lifecycle.state());
        history.acknowledge();
    }
    assert_eq!(reported, kept, "entered {entered:?}");
    assert_eq!(history.current(), kept.last().copied().unwrap_or(Created));
}

#[test]
fn only_forward() {
    check(&[], &[]);
    check(&[Starting, Ready, ShuttingDown, Off], &[Starting, Ready, ShuttingDown, Off]);
    check(&[Starting, Starting, Ready], &[Starting, Ready]);
    check(&[Created, Starting], &[Starting]);
    check(&[Starting, ShuttingDown, Ready, Off], &[Starting, ShuttingDown, Off]);
    check(&[Starting, StartTimeout, StartError, Ready], &[Starting, StartTimeout, StartError, Ready]);
    check(&[Ready, StartError, Starting, Off], &[Ready, Off]);
    check(&[Off, ShuttingDown, Starting], &[Off]);
}

#[test]
fn a_report_is_repeated_until_it_is_acknowledged() {
    let mut history = History::default();
    history.enter(Starting, at(1));
    history.enter(Ready, at(2));
    for _ in 0..3 {
        assert_eq!(history.unreported().map(|state| (state.state(), state.changed_at)), Some((Starting, Some(at(1)))));
    }
    history.acknowledge();
    assert_eq!(history.unreported().map(|state| state.state()), Some(Ready));
    history.acknowledge();
    history.acknowledge();
    assert_eq!(history.unreported(), None);
    assert!(history.enter(Off, at(3)));
    assert_eq!(history.unreported().map(|state| state.state()), Some(Off));
}
