//! From any state to the wanted one and back, in an order that never leaks.

use super::*;

const OURS: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 1, 2, 3, 4, 5);
const OLD: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 9, 9, 9, 9, 9);

/// What the kernel makes of an act. `Ipv6` is on for new devices unless the machine says otherwise.
fn apply(seen: &mut Seen, act: Act) {
    let on = matches!(act, Act::Do(_));
    let (Act::Do(step) | Act::Undo(step)) = act;
    match step {
        Step::Fallback => seen.fallback = on,
        Step::TowardsRule => seen.towards = on,
        Step::SourceRule => seen.source = on,
        Step::ChoiceRule => seen.choice = on,
        Step::Forbid(realm) if on => assert!(seen.forbidden.insert(realm)),
        Step::Forbid(realm) => assert!(seen.forbidden.remove(&realm)),
        Step::Device => seen.device = on.then(SeenDevice::default),
        Step::NetworkManager | Step::Openresolv | Step::ResolvConf => panic!("no plan makes {step:?}"),
        _ => {
            let Some(device) = &mut seen.device else {
                assert!(!on, "{step:?} needs the device");
                return;
            };
            match step {
                Step::Ipv6 => device.ipv6 = on,
                Step::Up => device.up = on,
                Step::Route => {
                    assert!(!on || device.up, "the kernel refuses a route into a device that is down");
                    device.route = on;
                }
                Step::Address(address) if on => {
                    assert!(device.ipv6, "the kernel refuses an address where IPv6 is off");
                    device.addresses.push(address);
                }
                Step::Address(address) => device.addresses.retain(|other| *other != address),
                _ => unreachable!(),
            }
        }
    }
}

fn complete() -> Seen {
    let device = SeenDevice { up: true, ipv6: true, addresses: vec![OURS], route: true };
    let forbid = BTreeSet::from([Realm::Public]);
    Seen {
        fallback: true,
        towards: true,
        source: true,
        choice: true,
        forbidden: forbid.clone(),
        forbid,
        device: Some(device),
    }
}

/// Every combination of what may be there.
fn all() -> Vec<Seen> {
    let mut all = Vec::new();
    for bits in 0..64_u8 {
        let forbidden = Realm::ALL.into_iter().zip([16, 32]).filter(|(_, bit)| bits & bit > 0).map(|(realm, _)| realm);
        let base = Seen {
            fallback: bits & 1 > 0,
            towards: bits & 2 > 0,
            source: bits & 4 > 0,
            choice: bits & 8 > 0,
            forbidden: forbidden.collect(),
            forbid: BTreeSet::from([Realm::Public]),
            device: None,
        };
        all.push(base.clone());
        for bits in 0..32_u8 {
            let mut addresses = Vec::new();
            if bits & 1 > 0 {
                addresses.push(OURS);
            }
            if bits & 2 > 0 {
                addresses.push(OLD);
            }
            let device = SeenDevice { up: bits & 4 > 0, ipv6: bits & 8 > 0, addresses, route: bits & 16 > 0 };
            all.push(Seen { device: Some(device), ..base.clone() });
        }
    }
    all
}

#[test]
fn each_thing_that_is_missing_is_one_step() {
    #[track_caller]
    fn check(change: impl Fn(&mut Seen), expect: &[Act]) {
        let mut seen = complete();
        change(&mut seen);
        assert_eq!(plan(Some(OURS), &seen), expect);
    }
    fn device(seen: &mut Seen) -> &mut SeenDevice {
        seen.device.as_mut().unwrap()
    }
    use Act::{Do, Undo};
    check(|_| {}, &[]);
    check(|seen| seen.fallback = false, &[Do(Step::Fallback)]);
    check(|seen| seen.towards = false, &[Do(Step::TowardsRule)]);
    check(|seen| seen.source = false, &[Do(Step::SourceRule)]);
    check(|seen| seen.choice = false, &[Do(Step::ChoiceRule)]);
    check(|seen| seen.forbidden.clear(), &[Do(Step::Forbid(Realm::Public))]);
    check(|seen| seen.forbid = Realm::ALL.into(), &[Do(Step::Forbid(Realm::Private))]);
    check(|seen| seen.forbid.clear(), &[Undo(Step::Forbid(Realm::Public))]);
    check(|seen| device(seen).up = false, &[Do(Step::Up)]);
    check(|seen| device(seen).ipv6 = false, &[Do(Step::Ipv6)]);
    check(|seen| device(seen).route = false, &[Do(Step::Route)]);
    check(|seen| device(seen).addresses.clear(), &[Do(Step::Address(OURS))]);
    check(|seen| device(seen).addresses = vec![OLD], &[Undo(Step::Address(OLD)), Do(Step::Address(OURS))]);
    check(|seen| device(seen).addresses.push(OLD), &[Undo(Step::Address(OLD))]);
    let of_device = [Step::Device, Step::Ipv6, Step::Up, Step::Address(OURS), Step::Route].map(Do);
    check(|seen| seen.device = None, &of_device);
}

#[test]
fn from_any_state_the_plan_reaches_the_wanted_one_and_then_rests() {
    for start in all() {
        let mut seen = start.clone();
        for act in plan(Some(OURS), &seen) {
            apply(&mut seen, act);
        }
        assert_eq!(seen, complete(), "from {start:?}");
        assert_eq!(plan(Some(OURS), &seen), []);
        for act in plan(None, &seen) {
            apply(&mut seen, act);
        }
        let nothing = Seen { forbid: seen.forbid.clone(), ..Seen::default() };
        assert_eq!(seen, nothing, "nothing remains, from {start:?}");
    }
}

#[test]
fn every_prefix_of_the_steps_undone_backwards_gives_what_was_there() {
    for start in all() {
        let acts = plan(Some(OURS), &start);
        let stale = acts.iter().filter(|act| matches!(act, Act::Undo(_))).count();
        for length in stale..=acts.len() {
            let mut seen = start.clone();
            // What was removed was a leftover of ours; from there on it is not to come back.
            acts[..stale].iter().for_each(|act| apply(&mut seen, *act));
            let original = seen.clone();
            let done: Vec<Step> = acts[stale..length]
                .iter()
                .map(|act| match act {
                    Act::Do(step) | Act::Undo(step) => *step,
                })
                .collect();
            done.iter().for_each(|step| apply(&mut seen, Act::Do(*step)));
            done.iter().rev().for_each(|step| apply(&mut seen, Act::Undo(*step)));
            assert_eq!(seen, original, "{done:?} from {start:?}");
        }
    }
}

#[test]
fn the_prefix_is_a_dead_end_whenever_it_is_not_the_device() {
    // Whoever looks after each act sees our prefix lead to the device or nowhere, from the first rule to the last.
    // Our address is chosen for nothing else for as long as it is there.
    let is_there = |seen: &Seen| seen.device.as_ref().is_some_and(|device| !device.addresses.is_empty());
    let leaks = |seen: &Seen| {
        (seen.towards && !seen.fallback) || (is_there(seen) && !(seen.choice && seen.forbidden == seen.forbid))
    };
    let mut seen = Seen { forbid: complete().forbid, ..Seen::default() };
    let (up, down) = (plan(Some(OURS), &seen), plan(None, &complete()));
    for act in up.into_iter().chain(down) {
        apply(&mut seen, act);
        assert!(!leaks(&seen), "after {act:?}: {seen:?}");
    }
}

#[test]
fn connections_end_while_the_device_is_there_and_again_before_the_dead_end_opens() {
    // Whatever an earlier run had written down when it died: nothing, all of it, or any part.
    let made: Vec<Step> = [Step::Openresolv]
        .into_iter()
        .chain(plan(Some(OURS), &Seen { forbid: complete().forbid, ..Seen::default() }).into_iter().map(|act| {
            let (Act::Do(step) | Act::Undo(step)) = act;
            step
        }))
        .collect();
    for written in 0..=made.len() {
        for mut seen in [complete(), Seen::default()] {
            let left = &made[..written];
            let removals = removal(left, &seen);
            let undone: Vec<Step> = removals
                .iter()
                .filter_map(|one| if let Removal::Undo(step) = one { Some(*step) } else { None })
                .collect();
            let once: BTreeSet<Step> = undone.iter().copied().collect();
            assert_eq!(once.len(), undone.len(), "each thing is undone once: {undone:?}");
            assert!(left.iter().all(|step| once.contains(step)), "{left:?} is not all in {undone:?}");
            let mut ended_without_device = false;
            for (number, one) in removals.iter().enumerate() {
                match one {
                    Removal::EndStreams => {
                        assert!(number == 0 || seen.device.is_none(), "the second time, nothing can leave any more");
                        ended_without_device = seen.device.is_none();
                    }
                    Removal::Undo(Step::Openresolv) => {
                        assert!(seen == complete() || seen == Seen::default(), "names go first");
                    }
                    Removal::Undo(Step::Forbid(realm)) => drop(seen.forbidden.remove(realm)),
                    Removal::Undo(step) => {
                        let is_guard =
                            matches!(step, Step::TowardsRule | Step::SourceRule | Step::ChoiceRule | Step::Fallback);
                        assert!(
                            !is_guard || ended_without_device,
                            "{step:?} goes while connections live: {removals:?}"
                        );
                        apply(&mut seen, Act::Undo(*step));
                    }
                }
            }
            assert_eq!(seen, Seen { forbid: seen.forbid.clone(), ..Seen::default() }, "nothing remains");
        }
    }
}

#[test]
fn only_what_the_kernel_removes_with_the_device_goes_with_it() {
    let stay = [
        Step::Fallback,
        Step::TowardsRule,
        Step::SourceRule,
        Step::ChoiceRule,
        Step::Forbid(Realm::Public),
        Step::NetworkManager,
        Step::Openresolv,
        Step::ResolvConf,
    ];
    stay.iter().for_each(|step| assert!(!step.goes_with_device(), "{step:?}"));
    let go = [Step::Device, Step::Ipv6, Step::Up, Step::Address(OURS), Step::Route];
    go.iter().for_each(|step| assert!(step.goes_with_device(), "{step:?}"));
}

#[test]
fn numbers_stay_out_of_what_belongs_to_others() {
    for priority in [TOWARDS_PRIORITY, SOURCE_PRIORITY, CHOICE_PRIORITY] {
        assert!(!(5200..5300).contains(&priority) && priority < 32_766, "before the main table, outside of others'");
    }
    const { assert!(CHOICE_TABLE > 255 && CHOICE_TABLE != TABLE) };
    const { assert!(TABLE > 255 && FALLBACK_METRIC > DEVICE_METRIC) };
    assert_eq!(prefix().to_string(), "fd60:627a:a42b::");
}
