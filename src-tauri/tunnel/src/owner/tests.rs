//! Who is let in.

use super::{Credentials, Door, MAX_CLIENTS, MAX_CLIENTS_OF_ONE, Uid};

const GROUP: u32 = 500;

fn caller(uid: u32, gid: u32, groups: &[u32]) -> Credentials {
    Credentials { uid, gid, groups: Some(groups.to_vec()) }
}

fn member(uid: u32) -> Credentials {
    caller(uid, uid, &[uid, GROUP])
}

#[test]
fn root_and_the_group_may_speak() {
    #[track_caller]
    fn check(group: Option<u32>, caller: &Credentials, expect: bool) {
        assert_eq!(Door::new(group).admit(caller).is_some(), expect, "{caller:?}");
    }
    check(Some(GROUP), &member(1000), true);
    check(Some(GROUP), &caller(1000, GROUP, &[]), true);
    check(Some(GROUP), &caller(1000, 1000, &[GROUP]), true);
    check(Some(GROUP), &caller(1000, 1000, &[1000, 4, 27]), false);
    check(Some(GROUP), &caller(1000, 0, &[0]), false);
    check(Some(GROUP), &caller(0, 0, &[]), true);
    check(None, &caller(0, 0, &[]), true);
    check(None, &member(1000), false);
    let unanswered = Credentials { groups: None, ..caller(1000, GROUP, &[]) };
    check(Some(GROUP), &unanswered, false);
    // The kernel shows ids that have no meaning here as 65534: root of another user namespace is nobody.
    check(Some(GROUP), &caller(65534, 65534, &[65534]), false);
}

#[test]
fn who_sits_here_may_speak_as_long_as_they_do() {
    let mut door = Door::new(None);
    let stranger = |uid| caller(uid, uid, &[uid]);
    assert_eq!(door.admit(&stranger(1000)), None);
    door.seat([1000, 65534].into());
    let (ann, nobody) = (door.admit(&stranger(1000)), door.admit(&stranger(65534)));
    assert_eq!((ann, nobody, door.admit(&stranger(1001))), (Some(Uid(1000)), None, None));
    // Somebody else sits down: the tunnel still belongs to who took it.
    assert!(door.own(Uid(1000)));
    door.seat([1001].into());
    assert_eq!((door.admit(&stranger(1000)), door.admit(&stranger(1001))), (None, None));
    door.disown();
    assert_eq!(door.admit(&stranger(1001)), Some(Uid(1001)));
}

#[test]
fn one_person_at_a_time() {
    let mut door = Door::new(Some(GROUP));
    let (ann, bob) = (door.admit(&member(1000)).unwrap(), door.admit(&member(1001)).unwrap());
    assert!(door.own(ann) && door.own(ann) && !door.own(bob) && !door.own(Uid(0)));
    assert_eq!(door.admit(&member(1001)), None);
    assert_eq!(door.admit(&caller(0, 0, &[])), None, "root has to wait as well");
    assert_eq!(door.admit(&member(1000)), Some(ann));
    // Leaving is not giving up: the tunnel outlives the programs that asked for it.
    door.leave(ann);
    door.leave(ann);
    assert!(!door.own(bob));
    door.disown();
    assert!(door.admit(&caller(0, 0, &[])).is_some() && door.own(bob) && !door.own(ann));
}

#[test]
fn connections_are_counted() {
    let mut door = Door::new(Some(GROUP));
    let admitted = (0..1000).filter(|_| door.admit(&member(1000)).is_some()).count();
    assert_eq!(admitted, MAX_CLIENTS_OF_ONE);
    assert!(door.admit(&member(1001)).is_some(), "others still come in");
    let all = (1001..2000).filter(|uid| door.admit(&member(*uid)).is_some()).count();
    assert_eq!(all, MAX_CLIENTS - MAX_CLIENTS_OF_ONE - 1);
    door.leave(Uid(1000));
    assert!(door.admit(&member(3000)).is_some() && door.admit(&member(3001)).is_none());
    // A leave without an admission changes nothing.
    door.leave(Uid(9999));
}
