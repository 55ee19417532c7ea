//! Round trips, sizes of the spec, and hostile packets.

use super::*;

fn keys() -> (DiscoPrivate, DiscoPrivate) {
    (DiscoPrivate::from_bytes([1; 32]), DiscoPrivate::from_bytes([2; 32]))
}

fn endpoints(count: u16) -> Vec<SocketAddr> {
    (0..count).map(|port| SocketAddr::from(([192, 0, 2, 7], port))).collect()
}

const ID: TxId = TxId([7; 12]);

#[test]
fn every_message_comes_back_as_it_was_sealed() {
    let (ours, theirs) = keys();
    let (sending, receiving) = (SharedKey::new(&ours, &theirs.public()), SharedKey::new(&theirs, &ours.public()));
    let check = |message: Message, length: usize| {
        let mut packet = sending.seal(&ours.public(), &message, [9; NONCE]);
        assert_eq!(packet.len(), length, "{message:?}");
        assert_eq!(sender(&packet), Some(ours.public()));
        assert_eq!(receiving.open(&mut packet), Ok(message));
    };
    check(Message::Ping { tx_id: ID, node_key: Some(NodePublic([3; 32])) }, 1310);
    check(Message::Ping { tx_id: ID, node_key: None }, 1310);
    check(Message::Pong { tx_id: ID, source: "198.51.100.1:9".parse().unwrap() }, 1310);
    check(Message::Pong { tx_id: ID, source: "[2001:db8::1]:9".parse().unwrap() }, 1310);
    check(Message::Pong { tx_id: ID, source: relay_source(999) }, 1310);
    check(Message::CallMeMaybe { endpoints: vec![] }, HEADER + TAG + 2);
    check(Message::CallMeMaybe { endpoints: endpoints(3) }, HEADER + TAG + 2 + 54);
}

#[test]
fn a_changed_or_foreign_packet_does_not_open() {
    let (ours, theirs) = keys();
    let shared = SharedKey::new(&ours, &theirs.public());
    let message = Message::CallMeMaybe { endpoints: endpoints(2) };
    let packet = shared.seal(&ours.public(), &message, [9; NONCE]);
    for at in 0..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        // The sender key in the header only selects the shared key: changing it is caught by the lookup, not the box.
        let expected = match at {
            0..6 => Err(DiscoError::NotDisco),
            6..38 => Ok(message.clone()),
            _ => Err(DiscoError::Sealed),
        };
        assert_eq!(shared.open(&mut changed), expected, "byte {at}");
    }
    for length in 0..packet.len() {
        let expected = if length < HEADER + TAG { DiscoError::NotDisco } else { DiscoError::Sealed };
        assert_eq!(shared.open(&mut packet.clone()[..length]), Err(expected), "length {length}");
    }
    assert_eq!(shared.open(&mut [&packet[..], &[0; MAX_PACKET]].concat()), Err(DiscoError::TooLong));
    let stranger = SharedKey::new(&DiscoPrivate::from_bytes([5; 32]), &ours.public());
    assert_eq!(stranger.open(&mut packet.clone()), Err(DiscoError::Sealed));
}

#[test]
fn payloads_are_read_as_the_spec_says() {
    let check = |payload: &[u8], expected: Result<Message, DiscoError>| {
        assert_eq!(Message::decode(payload), expected, "{payload:02x?}");
    };
    let ping = |node_key| Ok(Message::Ping { tx_id: ID, node_key });
    let call = |endpoints| Ok(Message::CallMeMaybe { endpoints });
    let body = |kind, version, parts: &[&[u8]]| [&[kind, version], parts.concat().as_slice()].concat();
    check(&[], Err(DiscoError::Short));
    check(&[1], Err(DiscoError::Short));
    check(&body(1, 0, &[&[7; 11]]), Err(DiscoError::Short));
    check(&body(1, 0, &[&[7; 12]]), ping(None));
    check(&body(1, 0, &[&[7; 12], &[4; 31]]), ping(None));
    check(&body(1, 200, &[&[7; 12], &[4; 32], &[0; 900]]), ping(Some(NodePublic([4; 32]))));
    check(&body(2, 0, &[&[7; 12], &[0; 17]]), Err(DiscoError::Short));
    let source = SocketAddr::from(([0; 16], 0));
    check(&body(2, 9, &[&[7; 12], &[0; 18]]), Ok(Message::Pong { tx_id: ID, source }));
    check(&body(3, 1, &[&[0; 18]]), call(vec![]));
    check(&body(3, 0, &[&[0; 17]]), call(vec![]));
    check(&body(3, 0, &[]), call(vec![]));
    check(&body(3, 0, &[&[0; 18]]), call(vec![source]));
    check(&body(3, 0, &[&[0; 18 * 10_000]]), call(vec![source; MAX_ENDPOINTS]));
    check(&body(0, 0, &[]), Err(DiscoError::UnknownType(0)));
    check(&body(4, 0, &[&[0; 40]]), Err(DiscoError::UnknownType(4)));
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 1], &[0x12, 0x34]].concat();
    check(&body(3, 0, &[&mapped]), call(vec!["192.0.2.1:4660".parse().unwrap()]));
}
