//! Tests of the SFTP codec, hostile packets first.

use super::*;

fn string(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

fn packet(kind: u8, id: u32, fields: &[&[u8]]) -> Bytes {
    [&[kind][..], &id.to_be_bytes(), &fields.concat()].concat().into()
}

#[test]
fn hostile_packets_are_named_errors() {
    let check = |given: Bytes, expect: Result<(u32, Result<Request, WireError>), WireError>| {
        assert_eq!(decode(given.clone()), expect, "{given:02x?}");
    };
    check(Bytes::new(), Err(WireError::Truncated));
    check(Bytes::from_static(&[3, 0, 0]), Err(WireError::Truncated));
    check(packet(3, 7, &[]), Ok((7, Err(WireError::Truncated))));
    check(packet(3, 7, &[&u32::MAX.to_be_bytes(), b"x"]), Ok((7, Err(WireError::Truncated))));
    check(packet(7, 7, &[&string(&[b'a'; PATH_LIMIT + 1])]), Ok((7, Err(WireError::PathTooLong))));
    check(packet(7, 7, &[&string(b"a\0b")]), Ok((7, Err(WireError::ZeroByte))));
    check(packet(4, 7, &[&string(b"")]), Ok((7, Err(WireError::NotAHandle))));
    check(packet(4, 7, &[&string(&[0; 256])]), Ok((7, Err(WireError::NotAHandle))));
    check(packet(0, 7, &[]), Ok((7, Ok(Request::Unknown))));
    check(packet(255, 7, &[b"anything"]), Ok((7, Ok(Request::Unknown))));
    check(packet(200, 7, &[&string(b"nobody@example.com")]), Ok((7, Ok(Request::Unknown))));
    check(packet(200, 7, &[&string(b"fsync@openssh.com")]), Ok((7, Err(WireError::Truncated))));
    let pairs = packet(9, 7, &[&string(b"p"), &HAS_EXTENDED.to_be_bytes(), &u32::MAX.to_be_bytes()]);
    check(pairs, Ok((7, Err(WireError::Truncated))));
    let empty_pairs = [0_u8; 64];
    let pairs = packet(9, 7, &[&string(b"p"), &HAS_EXTENDED.to_be_bytes(), &u32::MAX.to_be_bytes(), &empty_pairs]);
    check(pairs, Ok((7, Err(WireError::Truncated))));
}

#[test]
fn every_truncation_of_a_request_is_an_error_and_never_a_panic() {
    let whole = packet(
        3,
        9,
        &[&string(b"/tmp/\xff"), &READ.to_be_bytes(), &0xf_u32.to_be_bytes(), &[0; 8], &[0; 8], &[0; 4], &[0; 8]],
    );
    assert!(matches!(decode(whole.clone()), Ok((9, Ok(Request::Open { .. })))));
    for end in 0..whole.len() {
        let cut = decode(whole.slice(..end));
        assert!(matches!(cut, Err(WireError::Truncated) | Ok((9, Err(WireError::Truncated)))), "cut at {end}");
    }
}

#[test]
fn names_are_bytes_and_attributes_are_exact() {
    let attributes =
        Attributes { size: Some(1 << 40), owner: Some((1, 2)), mode: Some(0o100_644), times: Some((3, 4)) };
    let reply = Reply::attributes(5, &attributes);
    let mut fields = Bytes::from(reply);
    assert_eq!(fields.get_u32() as usize, fields.len());
    assert_eq!((fields.get_u8(), fields.get_u32()), (105, 5));
    assert_eq!(attributes_of(&mut fields), Ok(attributes));
    assert!(fields.is_empty());
    let (id, request) = decode(packet(18, 1, &[&string(b"\xff"), &string(b"b")])).unwrap();
    let expect = Request::Rename { from: Bytes::from_static(b"\xff"), to: Bytes::from_static(b"b") };
    assert_eq!((id, request), (1, Ok(expect)));
}

#[test]
fn data_replies_carry_what_was_read() {
    let check = |length: u32, available: usize, expect: Option<usize>| {
        let reply = Reply::data::<()>(1, length, |buffer| Ok(buffer.len().min(available))).unwrap();
        assert_eq!(reply.map(|reply| reply.len() - 13), expect, "{length} {available}");
    };
    check(10, 100, Some(10));
    check(10, 3, Some(3));
    check(10, 0, None);
    check(0, 5, Some(0));
    check(u32::MAX, usize::MAX, Some(DATA_LIMIT as usize));
}
