//! The reference packet of RFC 5769, our own round trips, and hostile packets.

use super::*;

const ID: TxId = TxId([7; 12]);

/// RFC 5769, 2.2: an answer with padding, integrity and fingerprint attributes.
const RFC_ANSWER_V4: &str = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643\
000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
/// RFC 5769, 2.3.
const RFC_ANSWER_V6: &str = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa\
a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";

#[test]
fn answers_of_the_rfc_are_read() {
    let check = |packet: &str, expected: &str| {
        let (id, address) = parse_response(&hex::decode(packet).unwrap()).unwrap();
        assert_eq!(id.0.to_vec(), hex::decode("b7e7a701bc34d686fa87dfae").unwrap());
        assert_eq!(address, expected.parse().unwrap());
    };
    check(RFC_ANSWER_V4, "192.0.2.1:32853");
    check(RFC_ANSWER_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
}

#[test]
fn a_request_is_read_by_the_server_and_its_answer_by_the_client() {
    for source in ["192.0.2.1:1", "[2001:db8::5]:65535", "[::ffff:192.0.2.1]:1"] {
        let source: SocketAddr = source.parse().unwrap();
        let request = request(ID);
        assert!(is_stun(&request));
        assert_eq!(parse_request(&request), Ok(ID));
        let answer = response(ID, source);
        assert!(answer.len() <= request.len() + 4, "no amplification");
        let expected = SocketAddr::new(source.ip().to_canonical(), source.port());
        assert_eq!(parse_response(&answer), Ok((ID, expected)));
    }
}

#[test]
fn hostile_requests_get_no_answer() {
    let good = request(ID);
    for at in 0..good.len() {
        let mut changed = good;
        changed[at] ^= 1;
        assert!(parse_request(&changed).is_err(), "byte {at} changed");
        assert!(parse_request(&good[..at]).is_err(), "length {at}");
    }
    let check = |packet: &[u8], expected: StunError| assert_eq!(parse_request(packet), Err(expected), "{packet:02x?}");
    check(&[], StunError::NotStun);
    check(&[0; 2000], StunError::NotStun);
    check(&response(ID, ([192, 0, 2, 1], 1).into()), StunError::Kind);
    let with = |attributes: &[u8]| {
        let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
        [&BINDING_REQUEST, &length, COOKIE.as_slice(), &ID.0, attributes].concat()
    };
    check(&with(&[]), StunError::Software);
    check(&with(&good[32..]), StunError::Software);
    check(&with(&good[20..32]), StunError::Fingerprint);
    check(&with(&[&good[32..], &good[20..32]].concat()), StunError::Fingerprint);
    check(&with(&[&good[20..], &good[20..32]].concat()), StunError::Fingerprint);
    check(&with(&[0x80, 0x22, 0xff, 0xff]), StunError::Malformed);
    check(&with(&[0x80]), StunError::Malformed);
    check(&[&good[..], &[0; 1480]].concat(), StunError::NotStun);
}

#[test]
fn hostile_answers_are_refused() {
    let with = |attributes: &[u8]| {
        let length = u16::try_from(attributes.len()).unwrap().to_be_bytes();
        [&BINDING_SUCCESS, &length, COOKIE.as_slice(), &ID.0, attributes].concat()
    };
    let check = |packet: &[u8], expected: Result<SocketAddr, StunError>| {
        assert_eq!(parse_response(packet), expected.map(|address| (ID, address)), "{packet:02x?}");
    };
    check(&with(&[]), Err(StunError::NoAddress));
    check(&with(&[0, 0x20, 0, 0]), Err(StunError::Malformed));
    check(&with(&[0, 0x20, 0, 8, 0, 3, 0, 0, 1, 2, 3, 4]), Err(StunError::Malformed));
    check(&with(&[0, 0x20, 0, 8, 0, 2, 0, 0, 1, 2, 3, 4]), Err(StunError::Malformed));
    check(&with(&[0, 0x20, 0, 9, 0, 1, 0, 0, 1, 2, 3, 4]), Err(StunError::Malformed));
    check(&with(&[0, 1, 0, 8, 0, 1, 0, 9, 192, 0, 2, 1]), Ok(([192, 0, 2, 1], 9).into()));
    check(&request(ID), Err(StunError::Kind));
    let mut long = with(&[0, 1, 0, 8, 0, 1, 0, 9, 192, 0, 2, 1]);
    long[3] = 200;
    check(&long, Err(StunError::Malformed));
    let good = response(ID, ([192, 0, 2, 1], 9).into());
    for length in 0..good.len() {
        assert!(parse_response(&good[..length]).is_err(), "length {length}");
    }
}

#[test]
fn other_packets_are_not_taken_for_stun() {
    let check = |packet: &[u8], expected: bool| assert_eq!(is_stun(packet), expected, "{packet:02x?}");
    check(&[4, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42], false);
    check(&[[0x40, 0, 0, 0].as_slice(), &COOKIE, &[0; 12]].concat(), false);
    check(&[[0x04, 0, 0, 0].as_slice(), &[0; 16]].concat(), false);
    check(&crate::disco::MAGIC, false);
    check(&[[0x04, 0, 0, 0].as_slice(), &COOKIE, &[0; 12]].concat(), true);
}
