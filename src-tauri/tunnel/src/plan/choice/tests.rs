//! Which realms are dead ends for our address, and that no packet of a machine with an address of its own meets one.

use super::*;

const ETH: u32 = 2;
const OTHER: u32 = 3;

#[test]
fn a_realm_is_closed_unless_a_packet_may_have_a_better_source_there_that_the_rule_does_not_see() {
    use Realm::{Private, Public};
    #[track_caller]
    fn check(addresses: &[(u32, &str)], ways: &[(u32, &str, u8)], expect: &[Realm]) {
        let others = Others {
            addresses: addresses.iter().map(|(link, text)| (*link, text.parse().unwrap())).collect(),
            ways: ways.iter().map(|(link, text, bits)| (*link, (text.parse().unwrap(), *bits))).collect(),
        };
        assert_eq!(others.forbidden(), expect.iter().copied().collect(), "{others:?}");
    }
    let default = [(ETH, "::", 0)];
    // Nobody else: what leaves would say who we are.
    check(&[], &[], &[Public, Private]);
    check(&[], &default, &[Public, Private]);
    // A public address is chosen for what is public; for private destinations only on its own link.
    check(&[(ETH, "2001:db8::2")], &default, &[Public]);
    check(&[(ETH, "2001:db8::2")], &[], &[Public, Private]);
    check(&[(OTHER, "2001:db8::2")], &default, &[Public, Private]);
    check(&[(OTHER, "2001:db8::2")], &[(ETH, "::", 0), (OTHER, "fd00:1::", 32)], &[Public]);
    // Private ones behind a router that translates: theirs is as good as ours until the link decides.
    check(&[(ETH, "fd00:1::2")], &default, &[]);
    check(&[(ETH, "fd00:1::2")], &[(ETH, "fd00::", 8)], &[Public]);
    check(&[(ETH, "fd00:1::2")], &[(ETH, "64:ff9b::", 96)], &[Private]);
    check(&[(OTHER, "fd00:1::2")], &default, &[Public, Private]);
    check(&[(ETH, "fd00:1::2"), (OTHER, "2001:db8::2")], &default, &[Public]);
    check(&[(ETH, "fd00:1::2"), (ETH, "2001:db8::2")], &default, &[Public]);
}

#[test]
fn realms_hold_what_they_say() {
    let check = |text: &str, expect: Option<Realm>| {
        let address = text.parse().unwrap();
        let holders: Vec<Realm> = Realm::ALL.into_iter().filter(|realm| realm.holds(address)).collect();
        assert_eq!(holders, expect.into_iter().collect::<Vec<_>>(), "{text}");
    };
    check("2001:db8::1", Some(Realm::Public));
    check("64:ff9b::1", Some(Realm::Public));
    check("2002:c000:201::1", Some(Realm::Public));
    check("fd60:627a:a42b::1", Some(Realm::Private));
    check("fc00::1", Some(Realm::Private));
    check("fe80::1", None);
    check("ff02::1", None);
}

#[test]
fn networks_overlap_when_one_lies_in_the_other() {
    let check = |a: &str, a_bits, b: &str, b_bits, expect| {
        let (a, b) = ((a.parse().unwrap(), a_bits), (b.parse().unwrap(), b_bits));
        assert_eq!((overlap(a, b), overlap(b, a)), (expect, expect), "{a:?} {b:?}");
    };
    check("::", 0, "fd00::", 8, true);
    check("fd00:1::", 32, "fd00:1:2::", 48, true);
    check("fd00:1::", 32, "fd00:2::", 32, false);
    check("::1", 128, "::1", 128, true);
    check("::1", 128, "::2", 128, false);
}
