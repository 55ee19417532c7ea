//! The relay: its pure parts as tables, and whole connections over pipes in memory.

mod connection;

use std::time::{Duration, Instant};

use http::HeaderMap;
use proto::key::NodePublic;

use super::limiter::Limiter;
use super::queue::{FrameQueue, MAX_BYTES, MAX_FRAMES};
use super::scan::{Scanned, readdress, scan};
use super::table::{Left, Route, Table};
use super::upgrade::Variant;

const KEY: NodePublic = NodePublic([1; 32]);
const OTHER: NodePublic = NodePublic([2; 32]);

enum Event {
    Connect(u64),
    Leave(u64),
    Write(u64),
}

#[test]
fn duplicates_of_a_key_share_it_until_they_fight() {
    use Event::{Connect, Leave, Write};
    let rows: &[(&[Event], Route<u64>)] = &[
        (&[], Route::NotHere),
        (&[Connect(1)], Route::To(1)),
        (&[Connect(1), Leave(1)], Route::NotHere),
        (&[Connect(1), Write(1)], Route::To(1)),
        (&[Connect(1), Connect(2)], Route::To(2)),
        (&[Connect(1), Connect(2), Write(1)], Route::To(1)),
        (&[Connect(1), Connect(2), Write(2), Write(2), Write(2)], Route::To(2)),
        (&[Connect(1), Connect(2), Write(1), Write(2)], Route::To(2)),
        (&[Connect(1), Connect(2), Write(1), Write(2), Write(1)], Route::Fight),
        (&[Connect(1), Connect(2), Write(1), Write(2), Write(1), Write(2)], Route::Fight),
        (&[Connect(1), Connect(2), Write(1), Write(2), Write(1), Leave(1)], Route::To(2)),
        (&[Connect(1), Connect(2), Write(1), Write(2), Write(1), Connect(3)], Route::Fight),
        (&[Connect(1), Connect(2), Leave(2)], Route::To(1)),
        (&[Connect(1), Connect(2), Connect(3), Write(1), Write(3), Leave(3)], Route::To(1)),
        (&[Connect(1), Connect(2), Connect(3), Leave(3)], Route::To(2)),
        (&[Connect(1), Leave(9)], Route::To(1)),
    ];
    for (number, (events, expected)) in rows.iter().enumerate() {
        let mut table = Table::default();
        for event in *events {
            match event {
                Connect(id) => {
                    table.connect(KEY, *id, *id);
                }
                Leave(id) => {
                    table.disconnect(KEY, *id);
                }
                Write(id) => {
                    table.wrote(KEY, *id);
                }
            }
        }
        assert_eq!(table.route(KEY), *expected, "row {number}");
        assert_eq!(table.route(OTHER), Route::NotHere, "row {number}");
    }
}

#[test]
fn duplicates_are_marked_and_unmarked() {
    let mut table = Table::default();
    assert!(table.connect(KEY, 1, 1).is_empty());
    assert_eq!(table.connect(KEY, 2, 2), [1, 2]);
    assert_eq!(table.connect(KEY, 3, 3), [1, 2, 3]);
    assert_eq!(table.connection_count(), 3);
    assert_eq!(table.disconnect(KEY, 3), Left::Many);
    assert_eq!(table.disconnect(KEY, 1), Left::One(2));
    assert_eq!(table.disconnect(KEY, 2), Left::Nobody);
    assert_eq!(table.disconnect(KEY, 2), Left::Nobody);
    assert_eq!(table.connection_count(), 0);
}

#[test]
fn a_full_queue_drops_the_oldest() {
    let rows = [
        // frames, length of each, kept
        (1, 100, 1),
        (MAX_FRAMES, 100, MAX_FRAMES),
        (MAX_FRAMES + 10, 100, MAX_FRAMES),
        (5_000, 1_400, MAX_FRAMES),
        (100, 65_573, MAX_BYTES / 65_573),
        (1, MAX_BYTES + 1, 0),
    ];
    for (count, length, kept) in rows {
        let mut queue = FrameQueue::default();
        let mut dropped = 0;
        for number in 0..count {
            let mut frame = vec![0; length];
            frame[..4].copy_from_slice(&(number as u32).to_be_bytes());
            dropped += queue.push(&frame);
        }
        assert_eq!(dropped, (count - kept) as u64, "{count} of {length}");
        let mut out = Vec::new();
        let start = queue.take(&mut out);
        let frames: Vec<u32> =
            out[start..].chunks(length).map(|frame| u32::from_be_bytes(frame[..4].try_into().unwrap())).collect();
        let newest: Vec<u32> = ((count - kept) as u32..count as u32).collect();
        assert_eq!(frames, newest, "{count} of {length}");
        assert!(out.capacity() <= 4 * MAX_BYTES, "{count} of {length}: {}", out.capacity());
        assert!(queue.is_empty());
    }
}

#[test]
fn the_limiter_allows_a_burst_and_then_a_rate() {
    let start = Instant::now();
    let mut limiter = Limiter::new(3, Duration::from_secs(1), start);
    let rows =
        [(0, true), (0, true), (0, true), (0, false), (999, false), (1_000, true), (1_500, false), (9_000, true)];
    for (after_ms, allowed) in rows {
        assert_eq!(limiter.allow(start + Duration::from_millis(after_ms)), allowed, "{after_ms} ms");
    }
}

/// A frame: type, and payload.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind][..], &(payload.len() as u32).to_be_bytes(), payload].concat()
}

#[test]
fn frames_are_found_or_named_as_wrong() {
    let disco = [&[0x54, 0x53, 0xf0, 0x9f, 0x92, 0xac][..], &[0; 56]].concat();
    let to = |packet: &[u8]| frame(0x04, &[&KEY.0[..], packet].concat());
    let header = |kind: u8, length: u32| [&[kind][..], &length.to_be_bytes()].concat();
    let packet = |length, is_disco| Ok(Scanned::Packet { to: KEY, length, is_disco });
    let rows: Vec<(&str, Vec<u8>, Result<Scanned, &str>)> = vec![
        ("nothing", vec![], Ok(Scanned::Need(5))),
        ("a piece of a header", vec![4, 0, 0], Ok(Scanned::Need(5))),
        ("a packet without data", to(&[]), packet(37, false)),
        ("a packet", to(b"hello"), packet(42, false)),
        ("disco", to(&disco), packet(99, true)),
        ("nearly disco", to(&disco[..61]), packet(98, false)),
        ("a packet that is not all there", to(b"hello")[..41].to_vec(), Ok(Scanned::Need(42))),
        ("the longest packet", to(&[0; 65_536]), packet(65_573, false)),
        ("a packet too long", header(0x04, 65_569), Err("type 0x04")),
        ("a packet without a key", header(0x04, 31), Err("at least 32")),
        ("a length of 4 GiB", header(0x04, u32::MAX), Err("type 0x04")),
        ("an unknown frame of 4 GiB", header(0x77, u32::MAX), Err("type 0x77")),
        ("an unknown frame", frame(0x77, &[0; 9]), Ok(Scanned::Skip { length: 14 })),
        ("a ping", frame(0x12, b"12345678"), Ok(Scanned::Ping { echo: *b"12345678", length: 13 })),
        ("a short ping", frame(0x12, b"1234567"), Err("at least 8")),
        ("a long ping", header(0x12, 5_000), Err("at most 4096")),
        ("a pong", frame(0x13, b"12345678"), Ok(Scanned::Skip { length: 13 })),
        ("home", frame(0x07, &[1]), Ok(Scanned::Preferred { is_home: true, length: 6 })),
        ("home, empty", frame(0x07, &[]), Err("at least 1")),
        ("forward", frame(0x0a, &[0; 64]), Err("only other relays")),
        ("watch", frame(0x10, &[]), Err("only other relays")),
        ("close peer", frame(0x11, &[0; 32]), Err("only other relays")),
        ("keep-alive from a client", frame(0x06, &[]), Ok(Scanned::Skip { length: 5 })),
        ("a second greeting", frame(0x02, &[0; 60]), Ok(Scanned::Skip { length: 65 })),
    ];
    for (what, bytes, expected) in rows {
        match (scan(&bytes), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{what}"),
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{what}: {error}"),
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
    let mut readdressed = to(b"hello");
    readdress(&mut readdressed, OTHER);
    assert_eq!(readdressed, frame(0x05, &[&OTHER.0[..], b"hello"].concat()));
}

#[test]
fn the_upgrade_is_chosen_by_the_headers() {
    let accept = || Variant::WebSocket { accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into() };
    type Row = (&'static [(&'static str, &'static str)], Option<Variant>);
    const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let rows: &[Row] = &[
        (&[], None),
        (&[("upgrade", "h2c")], None),
        (&[("upgrade", "DERP")], Some(Variant::Raw)),
        (&[("upgrade", "derp")], Some(Variant::Raw)),
        (&[("upgrade", "websocket"), KEY], Some(Variant::Raw)),
        (&[("upgrade", "websocket"), KEY, ("sec-websocket-protocol", "chat")], Some(Variant::Raw)),
        (&[("upgrade", "websocket"), KEY, ("sec-websocket-protocol", "derp")], Some(accept())),
        (&[("upgrade", "WebSocket"), KEY, ("sec-websocket-protocol", "chat, derp")], Some(accept())),
    ];
    for (headers, expected) in rows {
        let mut map = HeaderMap::new();
        for (name, value) in *headers {
            map.append(*name, value.parse().unwrap());
        }
        assert_eq!(Variant::of(&map), *expected, "{headers:?}");
    }
}
