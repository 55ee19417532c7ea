//! Every state with every input, and every pair for people.

use proto::rest::build::{Transition, WorkspaceStatus};
use proto::rest::job::JobStatus::{self, Canceled, Canceling, Failed, Pending, Running, Succeeded, Unknown};

use super::Input::{self, Cancel, Fail, GiveUp, Interrupted, Succeed, Take, Wound};
use super::{MAX_ATTEMPTS, NotQueued, interrupted, may_queue, next, workspace_status};

const INPUTS: [Input; 7] = [Take, Succeed, Fail, Cancel, Wound, Interrupted, GiveUp];

fn check(state: JobStatus, expect: [Option<JobStatus>; 7]) {
    assert_eq!(INPUTS.map(|input| next(state, input).ok()), expect, "{state}");
}

#[test]
fn every_state_with_every_input() {
    check(Pending, [Some(Running), None, Some(Failed), Some(Canceled), None, Some(Pending), None]);
    check(Running, [None, Some(Succeeded), Some(Failed), Some(Canceling), None, Some(Pending), Some(Failed)]);
    let canceled = Some(Canceled);
    check(Canceling, [None, Some(Succeeded), Some(Failed), Some(Canceling), canceled, canceled, canceled]);
    for over in [Succeeded, Failed, Canceled, Unknown] {
        check(over, [None; 7]);
    }
}

#[test]
fn a_build_ends_in_exactly_one_way_whatever_happens() {
    // All sequences of five inputs: a final state is never left.
    for mut number in 0..INPUTS.len().pow(5) {
        let (mut state, mut end) = (Pending, None);
        for _ in 0..5 {
            let input = INPUTS[number % INPUTS.len()];
            number /= INPUTS.len();
            state = next(state, input).unwrap_or(state);
            assert!(end.is_none_or(|end| end == state), "left {end:?} for {state}");
            end = state.is_final().then_some(state);
        }
    }
}

#[test]
fn the_third_interruption_is_the_last() {
    for (attempts, expect) in [(0, Interrupted), (1, Interrupted), (MAX_ATTEMPTS - 1, Interrupted)] {
        assert_eq!(interrupted(attempts), expect, "{attempts}");
    }
    for attempts in [MAX_ATTEMPTS, MAX_ATTEMPTS + 1, u32::MAX] {
        assert_eq!(interrupted(attempts), GiveUp, "{attempts}");
    }
}

fn check_queue(latest: Option<(Transition, JobStatus)>, expect: Result<(), NotQueued>) {
    for wanted in [Transition::Start, Transition::Stop, Transition::Delete] {
        assert_eq!(may_queue(latest, wanted), expect, "{latest:?} then {wanted}");
    }
}

#[test]
fn one_build_at_a_time_and_none_after_the_end() {
    check_queue(None, Ok(()));
    for transition in [Transition::Start, Transition::Stop, Transition::Delete] {
        for open in [Pending, Running, Canceling] {
            check_queue(Some((transition, open)), Err(NotQueued::Busy));
        }
        check_queue(Some((transition, Failed)), Ok(()));
        check_queue(Some((transition, Canceled)), Ok(()));
    }
    check_queue(Some((Transition::Start, Succeeded)), Ok(()));
    check_queue(Some((Transition::Stop, Succeeded)), Ok(()));
    check_queue(Some((Transition::Delete, Succeeded)), Err(NotQueued::Deleted));
}

#[test]
fn people_read_the_workspace_not_the_job() {
    let words = |transition| {
        [Pending, Running, Succeeded, Canceling, Canceled, Failed]
            .map(|state| workspace_status(transition, state).as_str())
    };
    assert_eq!(words(Transition::Start), ["pending", "starting", "running", "canceling", "canceled", "failed"]);
    assert_eq!(words(Transition::Stop), ["pending", "stopping", "stopped", "canceling", "canceled", "failed"]);
    assert_eq!(words(Transition::Delete), ["pending", "deleting", "deleted", "canceling", "canceled", "failed"]);
    assert_eq!(workspace_status(Transition::Start, Unknown), WorkspaceStatus::Unknown);
}
