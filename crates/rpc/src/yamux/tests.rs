//! Rules of the session against hostile and ordinary bytes, credit, and time as an argument.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use proto::yamux::{HEAD, Head, HeadError, Kind, flag};

use super::ending::SessionError;
use super::session::{Role, Session};
use super::*;

const SYN: u16 = flag::SYN;
const FIN: u16 = flag::FIN;
const RST: u16 = flag::RST;

fn data(flags: u16, stream: u32, length: u32) -> Vec<u8> {
    let mut frame = Head::new(Kind::Data, flags, stream, length).encode().to_vec();
    frame.resize(HEAD + length as usize, 7);
    frame
}

fn window(flags: u16, stream: u32, delta: u32) -> Vec<u8> {
    Head::new(Kind::WindowUpdate, flags, stream, delta).encode().to_vec()
}

fn head(kind: Kind, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    Head::new(kind, flags, stream, length).encode().to_vec()
}

/// Everything the session wants to send, as heads; data is skipped.
fn sent(session: &mut Session) -> Vec<Head> {
    let mut out = BytesMut::new();
    session.poll_output(&mut out, usize::MAX);
    let mut heads = Vec::new();
    let mut rest = &out[..];
    while let Some((first, later)) = rest.split_first_chunk::<HEAD>() {
        let head = Head::decode(first).unwrap();
        let skip = if head.kind == Kind::Data { head.length as usize } else { 0 };
        rest = &later[skip..];
        heads.push(head);
    }
    heads
}

#[test]
fn a_session_survives_what_is_odd_and_ends_at_what_is_wrong() {
    let open = || window(SYN, 1, 0);
    let rows: Vec<(&str, Vec<Vec<u8>>, Option<SessionError>)> = vec![
        ("opened by a window update", vec![open()], None),
        ("opened with data", vec![data(SYN, 1, 10)], None),
        ("opened, written and finished in one", vec![data(SYN | FIN, 1, 10)], None),
        ("a whole first window", vec![data(SYN, 1, 256 << 10)], None),
        ("more than the first window", vec![head(Kind::Data, SYN, 1, (256 << 10) + 1)], Some(SessionError::Window(1))),
        (
            "the window in parts",
            vec![open(), data(0, 1, 200 << 10), head(Kind::Data, 0, 1, 60 << 10)],
            Some(SessionError::Window(1)),
        ),
        ("a length of 4 GiB", vec![open(), head(Kind::Data, 0, 1, u32::MAX)], Some(SessionError::Window(1))),
        ("a length of 4 GiB for nobody", vec![head(Kind::Data, 0, 9, u32::MAX)], Some(SessionError::Window(9))),
        ("data for nobody", vec![data(0, 9, 1000), open()], None),
        ("credit for nobody", vec![window(0, 9, u32::MAX)], None),
        ("end and reset of nobody", vec![window(FIN, 9, 0), window(RST, 9, 0)], None),
        ("the same number twice", vec![open(), open()], Some(SessionError::StreamId(1))),
        (
            "twice, with a reset that nobody saw",
            vec![open(), window(RST, 1, 0), open()],
            Some(SessionError::StreamId(1)),
        ),
        ("our number", vec![window(SYN, 2, 0)], Some(SessionError::StreamId(2))),
        ("number 0", vec![window(SYN, 0, 0)], Some(SessionError::StreamId(0))),
        ("data after the end", vec![open(), window(FIN, 1, 0), data(0, 1, 1)], Some(SessionError::Window(1))),
        ("data after a reset", vec![open(), window(RST, 1, 0), data(0, 1, 1)], None),
        ("too much credit", vec![open(), window(0, 1, u32::MAX)], Some(SessionError::Credit(1))),
        ("a ping without an answer", vec![head(Kind::Ping, 0, 0, 5), head(Kind::Ping, flag::ACK, 0, 5)], None),
        ("goodbye", vec![open(), head(Kind::GoAway, 0, 0, 0), data(0, 1, 10)], None),
        ("goodbye in anger", vec![head(Kind::GoAway, 0, 0, 1)], Some(SessionError::WentAway(1))),
        ("another version", vec![vec![1; HEAD]], Some(SessionError::Head(HeadError::Version(1)))),
        ("HTTP", vec![b"GET / HTTP/1".to_vec()], Some(SessionError::Head(HeadError::Version(b'G')))),
        ("an unknown type", vec![[vec![0, 9], vec![0; 10]].concat()], Some(SessionError::Head(HeadError::Kind(9)))),
        ("half a head", vec![vec![0; 5]], None),
        ("pings that nobody reads", vec![head(Kind::Ping, SYN, 0, 1).repeat(5000)], Some(SessionError::Flood)),
    ];
    for (name, frames, expect) in rows {
        let bytes = frames.concat();
        for step in [bytes.len(), 1, 11] {
            let now = Instant::now();
            let mut session = Session::new(Role::Server, now);
            for part in bytes.chunks(step) {
                session.handle_input(part, now);
            }
            assert_eq!(session.ended(), expect, "{name}, in steps of {step}");
            let goodbye = sent(&mut session).into_iter().find(|head| head.kind == Kind::GoAway).map(|head| head.length);
            let reason = expect.map(|why| u32::from(why.is_protocol()));
            assert_eq!(goodbye, reason, "{name}");
        }
    }
}

#[test]
fn streams_over_the_limit_are_refused_one_by_one() {
    let now = Instant::now();
    let mut session = Session::new(Role::Server, now);
    for index in 0..300 {
        session.handle_input(&window(SYN, 2 * index + 1, 0), now);
    }
    let flags: Vec<u16> = sent(&mut session).iter().map(|head| head.flags).collect();
    assert_eq!(flags, [vec![flag::ACK; MAX_STREAMS], vec![RST; 300 - MAX_STREAMS]].concat());
    assert_eq!(session.ended(), None);
}

#[test]
fn credit_is_used_up_and_given_back() {
    let now = Instant::now();
    let mut session = Session::new(Role::Client, now);
    let id = session.open().unwrap().unwrap();
    session.write(id, Bytes::from(vec![0; 300 << 10])).unwrap();
    assert_eq!(session.poll_room(id), Ok(false));
    let lengths: Vec<u32> = sent(&mut session).iter().map(|head| head.length).collect();
    assert_eq!(lengths, [vec![0], vec![32 << 10; 8]].concat(), "the opening, then exactly the first window");
    session.handle_input(&window(flag::ACK, id, 44 << 10), now);
    session.finish(id);
    let rest: Vec<_> = sent(&mut session).iter().map(|head| (head.flags, head.length)).collect();
    assert_eq!(rest, [(0, 32 << 10), (0, 12 << 10), (FIN, 0)]);

    session.handle_input(&data(0, id, 200 << 10), now);
    let half = 128 << 10;
    for (most, given) in [(half - 1, None), (1, Some(RECEIVE_WINDOW - (128 << 10))), (usize::MAX, None)] {
        assert!(session.read(id, most).unwrap().is_some());
        let sent: Vec<_> = sent(&mut session).iter().map(|head| (head.kind, head.length)).collect();
        assert_eq!(sent, given.map(|delta| (Kind::WindowUpdate, delta)).into_iter().collect::<Vec<_>>(), "{most}");
    }
    assert_eq!(session.read(id, usize::MAX), Ok(None));
    session.handle_input(&window(FIN, id, 0), now);
    assert_eq!(session.read(id, usize::MAX), Ok(Some(Bytes::new())), "the end is said");
}

#[test]
fn a_cut_is_never_read_as_an_end() {
    let now = Instant::now();
    for (name, cut) in [("reset", window(RST, 1, 0)), ("connection", Vec::new())] {
        let mut session = Session::new(Role::Server, now);
        session.handle_input(&[data(SYN, 1, 3), cut].concat(), now);
        if name == "connection" {
            session.handle_eof();
        }
        assert_eq!(session.read(1, usize::MAX).unwrap().unwrap().len(), 3, "{name}: what came is still there");
        assert!(session.read(1, usize::MAX).is_err(), "{name}");
        assert!(session.write(1, Bytes::from_static(b"x")).is_err(), "{name}");
    }
}

#[test]
fn time_asks_waits_and_gives_up() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut session = Session::new(Role::Client, start);
    assert_eq!(session.poll_timeout(), Some(at(30)));
    session.handle_timeout(at(30));
    assert_eq!(sent(&mut session), [Head::new(Kind::Ping, SYN, 0, 1)]);
    assert_eq!(session.poll_timeout(), Some(at(45)));
    session.handle_input(&head(Kind::Ping, flag::ACK, 0, 1), at(40));
    assert_eq!(session.poll_timeout(), Some(at(70)), "30 s after the last sign of life");

    let id = session.open().unwrap().unwrap();
    session.release(id, at(41));
    session.handle_timeout(at(70));
    session.handle_timeout(at(71));
    let flags: Vec<_> = sent(&mut session).iter().map(|head| (head.kind, head.flags)).collect();
    let update = Kind::WindowUpdate;
    assert_eq!(flags, [(update, SYN), (Kind::Ping, SYN), (update, RST)], "it lingered for 30 s");
    session.handle_timeout(at(85));
    assert_eq!(session.ended(), Some(SessionError::Silent));
    assert_eq!(session.poll_timeout(), None);
}

#[test]
fn goodbye_comes_after_the_last_bytes() {
    let now = Instant::now();
    let mut session = Session::new(Role::Client, now);
    let id = session.open().unwrap().unwrap();
    session.write(id, Bytes::from_static(b"last")).unwrap();
    session.finish(id);
    session.end(SessionError::Closed);
    let kinds: Vec<_> = sent(&mut session).iter().map(|head| (head.kind, head.flags)).collect();
    let update = Kind::WindowUpdate;
    assert_eq!(kinds, [(update, SYN), (Kind::Data, 0), (update, FIN), (Kind::GoAway, 0)]);
    assert_eq!(session.open(), Err(SessionError::Closed));
    session.release(id, now);
    assert_eq!(sent(&mut session), [], "nothing comes after it");

    let mut session = Session::new(Role::Server, now);
    session.handle_input(&window(SYN, 1, 0), now);
    session.write(1, Bytes::from_static(b"answer")).unwrap();
    session.handle_input(&window(SYN, 1, 0), now);
    session.release(1, now);
    let kinds: Vec<_> = sent(&mut session).iter().map(|head| head.kind).collect();
    assert_eq!(kinds, [update, Kind::GoAway], "a broken session says nothing for its streams");
}
