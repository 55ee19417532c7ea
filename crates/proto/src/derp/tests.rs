//! Frames there and back, cut at every byte, and the hostile ones.

use super::login::{ClientInfo, LoginError, ServerInfo};
use super::*;
use crate::key::NodePrivate;

fn key(fill: u8) -> NodePublic {
    NodePublic([fill; 32])
}

fn every_frame() -> Vec<Frame> {
    let data = Bytes::from_static(b"packet");
    vec![
        Frame::ServerKey(key(1)),
        Frame::ClientInfo { key: key(2), nonce: [3; 24], sealed: Bytes::from_static(b"box") },
        Frame::ServerInfo { nonce: [4; 24], sealed: Bytes::from_static(b"box") },
        Frame::SendPacket { to: key(5), data: data.clone() },
        Frame::RecvPacket { from: key(6), data: data.clone() },
        Frame::KeepAlive,
        Frame::NotePreferred(true),
        Frame::NotePreferred(false),
        Frame::PeerGone(key(7), GoneReason::Disconnected),
        Frame::PeerGone(key(7), GoneReason::NotHere),
        Frame::PeerGone(key(7), GoneReason::Other(9)),
        Frame::PeerPresent(key(8)),
        Frame::ForwardPacket { from: key(9), to: key(10), data },
        Frame::WatchConns,
        Frame::ClosePeer(key(11)),
        Frame::Ping(*b"12345678"),
        Frame::Pong(*b"87654321"),
        Frame::Health("the disk is full".to_owned()),
        Frame::Health(String::new()),
        Frame::Restarting { reconnect_in_ms: 1000, try_for_ms: 70_000 },
        Frame::SendPacket { to: key(12), data: Bytes::from(vec![7; MAX_PACKET]) },
    ]
}

fn decode_all(decoder: &mut Decoder) -> Result<Vec<Frame>, DerpError> {
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame()? {
        frames.push(frame);
    }
    Ok(frames)
}

#[test]
fn every_frame_survives_the_wire_in_pieces_of_any_size() {
    let mut wire = BytesMut::new();
    for frame in every_frame() {
        frame.encode(&mut wire).unwrap();
    }
    for piece in [1, 2, 3, 4, 5, 6, 37, 1000, wire.len()] {
        let mut decoder = Decoder::new();
        let mut frames = Vec::new();
        for part in wire.chunks(piece) {
            decoder.buffer().extend_from_slice(part);
            frames.extend(decode_all(&mut decoder).unwrap());
        }
        assert_eq!(frames, every_frame(), "pieces of {piece}");
    }
}

#[test]
fn the_bytes_are_those_of_the_specification() {
    let check = |frame: Frame, expect: &[u8]| {
        let mut wire = BytesMut::new();
        frame.encode(&mut wire).unwrap();
        assert_eq!(wire, expect, "{frame:?}");
    };
    check(
        Frame::ServerKey(key(0xaa)),
        &[&[1, 0, 0, 0, 40, 0x44, 0x45, 0x52, 0x50, 0xf0, 0x9f, 0x94, 0x91][..], &[0xaa; 32]].concat(),
    );
    check(
        Frame::SendPacket { to: key(1), data: Bytes::from_static(&[9, 8]) },
        &[&[4, 0, 0, 0, 34][..], &[1; 32], &[9, 8]].concat(),
    );
    check(Frame::KeepAlive, &[6, 0, 0, 0, 0]);
    check(Frame::NotePreferred(true), &[7, 0, 0, 0, 1, 1]);
    check(Frame::PeerGone(key(2), GoneReason::NotHere), &[&[8, 0, 0, 0, 33][..], &[2; 32], &[1]].concat());
    check(Frame::Ping([1; 8]), &[0x12, 0, 0, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1]);
    check(Frame::Restarting { reconnect_in_ms: 258, try_for_ms: 5 }, &[0x15, 0, 0, 0, 8, 0, 0, 1, 2, 0, 0, 0, 5]);
    let header = send_packet_header(&key(1), 2).unwrap();
    assert_eq!(header.as_slice(), [&[4, 0, 0, 0, 34][..], &[1; 32]].concat());
    assert_eq!(recv_packet_header(&key(1), 2).unwrap()[0], 5);
    assert_eq!(send_packet_header(&key(1), MAX_PACKET + 1), None);
}

/// A header with a length that may lie, and what follows it.
fn raw(kind: u8, length: u32, payload: &[u8]) -> Vec<u8> {
    [&[kind][..], &length.to_be_bytes(), payload].concat()
}

#[test]
fn hostile_frames_are_refused_by_name_before_they_are_stored() {
    let check = |wire: Vec<u8>, expect: Result<usize, DerpError>| {
        let mut decoder = Decoder::new();
        decoder.buffer().extend_from_slice(&wire);
        let got = decode_all(&mut decoder).map(|frames| frames.len());
        assert_eq!(got, expect, "{:02x?}", &wire[..wire.len().min(8)]);
        assert!(decoder.buffer.capacity() <= MAX_FRAME, "stored {}", decoder.buffer.capacity());
    };
    let long = |kind, length, cap| Err(DerpError::TooLong { kind, length, cap });
    let short = |kind, length, least| Err(DerpError::TooShort { kind, length, least });
    let (over_info, over_packet) = (MAX_INFO + 1, MAX_PACKET + 33);
    check(raw(0x04, u32::MAX, &[]), long(4, u32::MAX as usize, MAX_PACKET + 32));
    check(raw(0x04, over_packet as u32, &[]), long(4, over_packet, MAX_PACKET + 32));
    check(raw(0x05, over_packet as u32, &[]), long(5, over_packet, MAX_PACKET + 32));
    check(raw(0x0a, MAX_PACKET as u32 + 65, &[]), long(10, MAX_PACKET + 65, MAX_PACKET + 64));
    check(raw(0x02, over_info as u32, &[]), long(2, over_info, MAX_INFO));
    check(raw(0x03, over_info as u32, &[]), long(3, over_info, MAX_INFO));
    check(raw(0x14, 4097, &[]), long(0x14, 4097, MAX_CONTROL));
    check(raw(0x77, MAX_FRAME as u32 + 1, &[]), long(0x77, MAX_FRAME + 1, MAX_FRAME));
    check(raw(0x04, 31, &[0; 31]), short(4, 31, 32));
    check(raw(0x05, 0, &[]), short(5, 0, 32));
    check(raw(0x01, 39, &[0; 39]), short(1, 39, 40));
    check(raw(0x02, 55, &[0; 55]), short(2, 55, 56));
    check(raw(0x03, 23, &[0; 23]), short(3, 23, 24));
    check(raw(0x07, 0, &[]), short(7, 0, 1));
    check(raw(0x08, 31, &[0; 31]), short(8, 31, 32));
    check(raw(0x0a, 63, &[0; 63]), short(0x0a, 63, 64));
    check(raw(0x12, 7, &[0; 7]), short(0x12, 7, 8));
    check(raw(0x15, 4, &[0; 4]), short(0x15, 4, 8));
    check(raw(0x01, 40, &[0x44; 40]), Err(DerpError::Magic));
    // Truncated ones wait, unknown ones are skipped, extra bytes are ignored.
    check(vec![], Ok(0));
    check(vec![0x04, 0, 0], Ok(0));
    check(raw(0x04, 40, &[0; 39]), Ok(0));
    check([raw(0x77, 3, b"abc"), raw(0x06, 0, &[])].concat(), Ok(1));
    check([raw(0x00, 0, &[]), raw(0x06, 0, &[])].concat(), Ok(1));
    check(raw(0x77, MAX_FRAME as u32, b"only the start"), Ok(0));
    check([raw(0x06, 2, b"??"), raw(0x10, 0, &[])].concat(), Ok(2));
    check(raw(0x08, 32, &[1; 32]), Ok(1));
    check(raw(0x14, 2, &[0xff, 0xfe]), Ok(1));
}

#[test]
fn an_unknown_frame_is_thrown_away_while_it_arrives() {
    let mut decoder = Decoder::new();
    decoder.buffer().extend_from_slice(&raw(0x77, MAX_FRAME as u32, &[]));
    for _ in 0..MAX_FRAME / 1024 {
        assert_eq!(decoder.next_frame(), Ok(None));
        decoder.buffer().extend_from_slice(&[0; 1024]);
        assert!(decoder.buffer.capacity() < 64 << 10);
    }
    decoder.buffer().extend_from_slice(&raw(0x06, 0, &[]));
    assert_eq!(decoder.next_frame(), Ok(Some(Frame::KeepAlive)));
}

#[test]
fn a_frame_beyond_its_cap_is_not_written() {
    let mut out = BytesMut::new();
    let check = |frame: Frame, out: &mut BytesMut| {
        assert!(matches!(frame.encode(out), Err(DerpError::TooLong { .. })));
        assert!(out.is_empty());
    };
    check(Frame::SendPacket { to: key(1), data: Bytes::from(vec![0; MAX_PACKET + 1]) }, &mut out);
    check(Frame::Health("x".repeat(MAX_CONTROL + 1)), &mut out);
}

#[test]
fn greetings_open_only_for_the_right_keys() {
    let (client, relay, other) =
        (NodePrivate::from_bytes([1; 32]), NodePrivate::from_bytes([2; 32]), NodePrivate::from_bytes([3; 32]));
    let info = ClientInfo { can_ack_pings: true, ..ClientInfo::default() };
    let Frame::ClientInfo { key, nonce, sealed } = info.seal(&client, &relay.public(), [7; 24]).unwrap() else {
        panic!("another frame")
    };
    assert_eq!(key, client.public());
    assert_eq!(ClientInfo::open(&relay, &key, &nonce, &sealed), Ok(info));
    assert_eq!(ClientInfo::open(&relay, &other.public(), &nonce, &sealed), Err(LoginError::Seal));
    assert_eq!(ClientInfo::open(&other, &key, &nonce, &sealed), Err(LoginError::Seal));
    assert_eq!(ClientInfo::open(&relay, &key, &[8; 24], &sealed), Err(LoginError::Seal));
    assert_eq!(ClientInfo::open(&relay, &key, &nonce, &sealed[1..]), Err(LoginError::Seal));
    assert_eq!(ClientInfo::open(&relay, &key, &nonce, &[]), Err(LoginError::Seal));

    let info = ServerInfo { bytes_per_second: 1000, burst_bytes: 10, ..ServerInfo::default() };
    let Frame::ServerInfo { nonce, sealed } = info.seal(&relay, &client.public(), [9; 24]).unwrap() else {
        panic!("another frame")
    };
    assert_eq!(ServerInfo::open(&client, &relay.public(), &nonce, &sealed), Ok(info));
    assert_eq!(ServerInfo::open(&client, &other.public(), &nonce, &sealed), Err(LoginError::Seal));
}

#[test]
fn greetings_have_the_names_of_the_field() {
    let json = serde_json::to_string(&ClientInfo { can_ack_pings: true, ..ClientInfo::default() }).unwrap();
    assert_eq!(json, r#"{"version":2,"CanAckPings":true}"#);
    assert_eq!(serde_json::to_string(&ServerInfo::default()).unwrap(), r#"{"version":2}"#);
    let read: ClientInfo = serde_json::from_str(r#"{"meshKey":"x","version":2,"new":[]}"#).unwrap();
    assert_eq!(read, ClientInfo::default());
    let relay = NodePrivate::from_bytes([2; 32]);
    let client = NodePrivate::from_bytes([1; 32]);
    let newer = ClientInfo { version: 3, ..ClientInfo::default() };
    let Frame::ClientInfo { key, nonce, sealed } = newer.seal(&client, &relay.public(), [7; 24]).unwrap() else {
        panic!("another frame")
    };
    assert_eq!(ClientInfo::open(&relay, &key, &nonce, &sealed), Err(LoginError::Version(3)));
}
