//! Which routes claim our prefix, and what counts as a network.

use super::*;

#[test]
fn a_route_claims_ours_when_it_covers_or_lies_inside() {
    let check = |network: &str, bits: u8, expect: bool| {
        assert_eq!(claims_ours(network.parse().unwrap(), bits), expect, "{network}/{bits}");
    };
    check("::", 0, false);
    check("2000::", 3, false);
    check("fc00::", 7, true);
    check("fd00::", 8, true);
    check("fd60:627a::", 32, true);
    check("fd60:627a:a42b::", 48, true);
    check("fd60:627a:a42b:1::", 64, true);
    check("fd60:627a:a42b::53", 128, true);
    check("fd60:627a:a42a::", 48, false);
    check("fd60:627a:a42c::", 64, false);
    check("fe80::", 64, false);
    check("ff00::", 8, false);
}

#[test]
fn only_an_address_on_a_link_with_carrier_is_a_network() {
    let address = |link: u32, text: &str| (link, text.parse::<IpAddr>().unwrap());
    let outlook = |links: &[u32], addresses: &[(u32, IpAddr)]| Outlook {
        addresses: addresses.iter().copied().collect(),
        defaults: [(2, None, 0)].into(),
        links: links.iter().copied().collect(),
    };
    let home = address(2, "192.0.2.7");
    assert!(outlook(&[2], &[home]).is_usable());
    assert!(!outlook(&[], &[home]).is_usable(), "no carrier");
    assert!(!outlook(&[2, 3], &[]).is_usable(), "no address");
    assert!(!outlook(&[3], &[home]).is_usable(), "carrier elsewhere");
    assert_eq!(outlook(&[2, 3], &[home]).essence(), outlook(&[2], &[home]), "a link without address is no news");
    assert_ne!(outlook(&[2], &[home]).essence(), outlook(&[2], &[address(2, "192.0.2.8")]).essence());
    assert_eq!(outlook(&[], &[home]).essence(), Outlook::default());
}
