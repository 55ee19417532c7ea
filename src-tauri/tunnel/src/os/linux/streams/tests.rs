//! The kernel's messages; that connections end is tried in `tests/tunnel`.

use super::*;

fn id(source: &str, destination: &str) -> Id {
    let mut id = [7; ID];
    for (at, address) in [(SOURCE, source), (DESTINATION, destination)] {
        id[at..at + 16].copy_from_slice(&address.parse::<Ipv6Addr>().unwrap().octets());
    }
    id
}

/// A message of the kernel with this body, filled up to a multiple of four.
fn said(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(HEAD + body.len()).unwrap().to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend([0; 10]);
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

#[test]
fn what_begins_or_ends_below_our_prefix_is_ours() {
    for (source, destination, is) in [
        ("fd60:627a:a42b::1", "fd60:627a:a42b::2", true),
        ("2001:db8::1", "fd60:627a:a42b::2", true),
        ("fd60:627a:a42b::1", "::", true),
        ("fd60:627a:a42c::1", "2001:db8::2", false),
        ("::ffff:192.0.2.1", "::1", false),
    ] {
        assert_eq!(is_ours(&id(source, destination)), is, "{source} {destination}");
    }
}

#[test]
fn pieces_are_read_to_their_end_and_cut_ones_refused() {
    let (one, two) = (id("fd60:627a:a42b::1", "::2"), id("::3", "::4"));
    // What follows the identity in an answer: times, queues, user, inode; and attributes of any length.
    let socket = |id: &Id, more: usize| said(LIST, &[&[10, 1, 0, 0][..], id, &vec![0; 20 + more]].concat());
    let piece = [socket(&one, 0), said(99, b"news"), socket(&two, 5)].concat();
    assert_eq!(read(&piece).unwrap(), Answer::Sockets(vec![one, two]));
    assert_eq!(read(&said(DONE, &[0; 4])).unwrap(), Answer::Done);
    assert_eq!(read(&said(ERROR, &[0; 20])).unwrap(), Answer::Done, "an acknowledgement");
    let refused = read(&said(ERROR, &(-nix::libc::EOPNOTSUPP).to_ne_bytes())).unwrap_err();
    assert_eq!(refused.raw_os_error(), Some(nix::libc::EOPNOTSUPP));
    assert_eq!(read(&[]).unwrap(), Answer::Sockets(Vec::new()));
    for length in HEAD..socket(&one, 0).len() {
        assert!(read(&socket(&one, 0)[..length]).is_err(), "{length}");
    }
    let mut short = said(LIST, &[0; 40]);
    assert!(read(&short).is_err(), "no room for an identity");
    short[..4].copy_from_slice(&3u32.to_ne_bytes());
    assert!(read(&short).is_err(), "shorter than its own head");
}

#[test]
fn requests_have_the_kernels_shape() {
    let request = message(DESTROY, REQUEST | ACKNOWLEDGE, IPPROTO_TCP, ALIVE, &id("::1", "::2"));
    assert_eq!(request.len(), 72);
    assert_eq!(request[..4], 72u32.to_ne_bytes());
    assert_eq!(request[16..18], [10, 6]);
    assert_eq!(request[20..24], 0x1b3fu32.to_ne_bytes());
}
