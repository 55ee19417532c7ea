//! Hostile inner packets, and the TSMP ping as the spec writes it.

use super::*;

const A: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 1);
const B: Ipv6Addr = Ipv6Addr::new(0xfd60, 0x627a, 0xa42b, 0, 0, 0, 0, 2);
const AB: Addresses = Addresses { source: A, destination: B };

#[test]
fn a_ping_and_its_answer_look_as_the_spec_says() {
    let ping = tsmp_ping(AB, *b"12345678");
    assert_eq!(&ping[..8], &[0x60, 0, 0, 0, 0, 9, 99, 64]);
    assert_eq!(&ping[40..], b"p12345678");
    let pong = tsmp_pong(AB, *b"12345678");
    assert_eq!((&pong[..8], &pong[40..]), (&[0x60, 0, 0, 0, 0, 11, 99, 64][..], &b"o12345678\0\0"[..]));
    assert_eq!((addresses(&ping), addresses(&pong)), (Some(AB), Some(AB)));
    assert_eq!((tsmp(&ping), tsmp(&pong)), (Some(Tsmp::Ping(*b"12345678")), Some(Tsmp::Pong(*b"12345678"))));
}

#[test]
fn hostile_packets_have_no_addresses_or_meaning() {
    let check = |packet: &[u8], has_addresses: bool, meaning: Option<Tsmp>| {
        assert_eq!((addresses(packet).is_some(), tsmp(packet)), (has_addresses, meaning), "{packet:02x?}");
    };
    let with = |payload: &[u8]| packet(AB, payload);
    check(&[], false, None);
    check(&[0x60], false, None);
    check(&with(b"")[..39], false, Some(Tsmp::Other));
    check(&with(b""), true, Some(Tsmp::Other));
    check(&with(b"p1234567"), true, Some(Tsmp::Other));
    check(&with(b"o"), true, Some(Tsmp::Other));
    check(&with(b"!123456789"), true, Some(Tsmp::Other));
    check(&with(&[0; MTU - HEADER]), true, Some(Tsmp::Other));
    check(&with(&[0; MTU - HEADER + 1]), false, Some(Tsmp::Other));
    let mut other = with(b"p12345678");
    other[6] = 6;
    check(&other, true, None);
    other[0] = 0x45;
    check(&other, false, None);
}
