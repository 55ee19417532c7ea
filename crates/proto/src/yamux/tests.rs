//! Heads to bytes and back, and heads that are none.

use super::*;

#[test]
fn heads_have_the_bytes_of_the_spec() {
    for (head, expect) in [
        (Head::new(Kind::WindowUpdate, flag::SYN, 1, 0), "00 01 0001 00000001 00000000"),
        (Head::new(Kind::Data, flag::FIN | flag::ACK, 2, 5), "00 00 0006 00000002 00000005"),
        (Head::new(Kind::Ping, flag::ACK, 0, u32::MAX), "00 02 0002 00000000 ffffffff"),
        (Head::new(Kind::GoAway, 0, 0, GoAway::Protocol as u32), "00 03 0000 00000000 00000001"),
        (Head::new(Kind::Data, 0xfff0, 0x0102_0304, 0), "00 00 fff0 01020304 00000000"),
    ] {
        assert_eq!(hex::encode(head.encode()), expect.replace(' ', ""));
        assert_eq!(Head::decode(&head.encode()), Ok(head));
    }
}

#[test]
fn heads_of_other_protocols_are_refused() {
    for (first, second, expect) in [
        (1, 0, HeadError::Version(1)),
        (b'G', b'E', HeadError::Version(b'G')),
        (0, 4, HeadError::Kind(4)),
        (0, 255, HeadError::Kind(255)),
    ] {
        let mut bytes = [0; HEAD];
        (bytes[0], bytes[1]) = (first, second);
        assert_eq!(Head::decode(&bytes), Err(expect));
    }
}
