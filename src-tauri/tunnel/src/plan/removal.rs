//! In what order everything of ours leaves the machine. Pure.

use super::{Act, Seen, Step, plan};

/// One thing to do while all is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The system's connections over the tunnel end; what their other ends are told leaves by what is still there.
    EndStreams,
    /// Take it away.
    Undo(Step),
}

/// Takes away what an earlier run wrote down (`left`, as it was made) and what is to be seen, each thing once.
///
/// Our names first, the dead end last: at no time does a program learn of a name whose packets would leave. Connections
/// end while the device is there, so that the other ends hear of it; and once more before the dead end opens, for what
/// the kernel would repeat over another network.
#[must_use]
pub fn removal(left: &[Step], seen: &Seen) -> Vec<Removal> {
    let seen = plan(None, seen);
    let seen = seen.into_iter().filter_map(|act| if let Act::Undo(step) = act { Some(step) } else { None });
    let mut steps: Vec<Step> = Vec::new();
    for step in left.iter().rev().copied().chain(seen) {
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps.sort_by_key(|step| turn(*step));
    let first_guard = steps.iter().position(|step| turn(*step) >= GUARDS);
    let mut removals = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        if number == 0 || first_guard == Some(number) {
            removals.push(Removal::EndStreams);
        }
        removals.push(Removal::Undo(step));
    }
    removals
}

/// From this turn on, packets may leave by other networks.
const GUARDS: u8 = 2;

fn turn(step: Step) -> u8 {
    match step {
        step if step.is_of_resolver() => 0,
        Step::TowardsRule | Step::SourceRule | Step::ChoiceRule => GUARDS,
        Step::Fallback | Step::Forbid(_) => 3,
        _ => 1,
    }
}
