//! Our yamux against hashicorp/yamux over loopback TCP, in both roles. What the peer does with a stream follows from the
//! stream's first byte: see `tests/peers/yamuxpeer`.

use bytes::Bytes;
use proto::yamux::{HEAD, Head, Kind, flag};
use rpc::yamux::{Mux, Role, SessionError, Stream};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::peer::{Program, Running, within};

const BLOCK: usize = 64 * 1024;
const SUM: usize = 32;

async fn start(program: &Program, role: &str) -> (TcpStream, Running) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = program.start(&[role, &listener.local_addr().unwrap().to_string()]);
    let (socket, _) = within(listener.accept()).await.unwrap();
    (socket, peer)
}

/// A stream that asks the peer for something.
async fn ask(mux: &Mux, what: &[u8]) -> Stream {
    let stream = mux.open().await.unwrap();
    stream.write(Bytes::copy_from_slice(what)).await.unwrap();
    stream
}

async fn rest(stream: &Stream) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = stream.read().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    all
}

async fn answer(mux: &Mux, what: &[u8]) -> Vec<u8> {
    let stream = ask(mux, what).await;
    stream.finish();
    within(rest(&stream)).await
}

/// The same bytes as the peer's blocks.
fn block(number: usize) -> Bytes {
    u64::try_from(number).unwrap().to_le_bytes().repeat(BLOCK / 8).into()
}

/// Writes so many blocks, then the end; gives back their sum.
async fn write_blocks(stream: Stream, count: usize) -> [u8; SUM] {
    let mut sum = Sha256::new();
    for number in 0..count {
        let block = block(number);
        sum.update(&block);
        stream.write(block).await.unwrap();
    }
    stream.finish();
    sum.finalize().into()
}

/// Reads to the end: the sum of so many bytes, and what follows.
async fn read_blocks(stream: &Stream, count: usize) -> ([u8; SUM], Vec<u8>) {
    let (mut left, mut sum, mut tail) = (count * BLOCK, Sha256::new(), Vec::new());
    while let Some(bytes) = stream.read().await.unwrap() {
        let (data, more) = bytes.split_at(left.min(bytes.len()));
        sum.update(data);
        tail.extend_from_slice(more);
        left -= data.len();
    }
    assert_eq!(left, 0);
    (sum.finalize().into(), tail)
}

/// Ours and theirs at once over one stream, each with a sum that the other end made.
async fn exchange(mux: &Mux, what: u8, count: usize) {
    let mut head = vec![what];
    head.extend_from_slice(&u64::try_from(count * BLOCK).unwrap().to_be_bytes());
    let stream = ask(mux, &head).await;
    let (written, (read, sums)) = tokio::join!(write_blocks(stream.clone(), count), read_blocks(&stream, count));
    assert_eq!(sums, [read, written].concat(), "{count} blocks");
}

async fn poured(mux: &Mux) -> u64 {
    u64::from_be_bytes(answer(mux, b"n").await.try_into().unwrap())
}

/// A stream that we do not read takes one window, and the others go on.
async fn read_slowly(mux: &Mux) {
    let asked = ask(mux, b"c").await;
    let slow = within(mux.accept()).await.unwrap();
    let window = u64::from(proto::yamux::INITIAL_WINDOW);
    within(async { while poured(mux).await < window {} }).await;
    exchange(mux, b'x', 64).await;
    assert_eq!(poured(mux).await, window);
    slow.finish();
    let (read, tail) = within(read_blocks(&slow, 32)).await;
    let expect = (0..32).fold(Sha256::new(), |sum, number| sum.chain_update(block(number)));
    assert_eq!((read, tail), (expect.finalize().into(), Vec::new()));
    asked.finish();
    assert_eq!(within(rest(&asked)).await, b"");
}

/// The same the other way round.
async fn write_to_a_slow_reader(mux: &Mux) {
    let held = tokio::spawn({
        let mux = mux.clone();
        async move { exchange(&mux, b'h', 160).await }
    });
    exchange(mux, b'x', 64).await;
    assert!(!held.is_finished());
    assert_eq!(answer(mux, b"r").await, b"");
    within(held).await.unwrap();
}

async fn half_close(mux: &Mux) {
    let asked = ask(mux, b"o").await;
    let theirs = within(mux.accept()).await.unwrap();
    assert_eq!(within(rest(&theirs)).await, b"opened");
    // They sent their end; our half is still open.
    theirs.write(Bytes::from_static(b"and half closed")).await.unwrap();
    theirs.finish();
    asked.finish();
    assert_eq!(within(rest(&asked)).await, b"and half closed");
    assert_eq!(answer(mux, b"eto the end").await, b"to the end");
}

/// More streams than may be open at once.
async fn many(mux: &Mux) {
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..1000_u32 {
        let mux = mux.clone();
        calls.spawn(async move {
            let what = [b"e", number.to_be_bytes().as_slice()].concat();
            assert_eq!(answer(&mux, &what).await, what[1..]);
        });
    }
    assert_eq!(within(calls.join_all()).await.len(), 1000);
}

/// They take no new streams; those that are there go on.
async fn go_away(mux: &Mux) {
    let stream = ask(mux, b"g").await;
    assert_eq!(within(stream.read()).await, Ok(Some(Bytes::from_static(b"ok"))));
    let refused = mux.open().await.err();
    assert_eq!(refused, Some(SessionError::WentAway(0)));
    stream.write(Bytes::from_static(b"still here")).await.unwrap();
    stream.finish();
    assert_eq!(within(rest(&stream)).await, b"still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn yamux_carries_streams_to_hashicorp_yamux_in_both_roles() {
    let program = Program::build("./yamuxpeer");
    for (role, theirs) in [(Role::Client, "server"), (Role::Server, "client")] {
        let (socket, peer) = start(&program, theirs).await;
        let mux = Mux::new(socket, role);
        within(exchange(&mux, b'x', 0)).await;
        within(exchange(&mux, b'x', 100 * 1024 * 1024 / BLOCK)).await;
        assert_eq!(answer(&mux, b"p").await, b"ok", "their ping");
        half_close(&mux).await;
        read_slowly(&mux).await;
        write_to_a_slow_reader(&mux).await;
        many(&mux).await;
        go_away(&mux).await;
        mux.close();
        assert_eq!(within(mux.closed()).await, SessionError::Closed);
        assert_eq!(peer.end().await, "");
    }
}

#[tokio::test]
#[ignore = "needs Go: make interop"]
async fn hashicorp_yamux_answers_our_pings_and_understands_our_goodbye() {
    let program = Program::build("./yamuxpeer");
    let (mut socket, peer) = start(&program, "server").await;
    for id in [0, 7, u32::MAX] {
        socket.write_all(&Head::new(Kind::Ping, flag::SYN, 0, id).encode()).await.unwrap();
        let mut head = [0; HEAD];
        within(socket.read_exact(&mut head)).await.unwrap();
        assert_eq!(Head::decode(&head).unwrap(), Head::new(Kind::Ping, flag::ACK, 0, id));
    }
    // The same words as at the end of every session of ours: without an error in the peer's log.
    Mux::new(socket, Role::Client).close();
    assert_eq!(peer.end().await, "");
}
