//! Both ends against each other over a duplex pipe and over websockets.

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use fixture::{Blob, Probe, blob, remote};
use futures_util::{SinkExt, StreamExt};
use proto::drpc::{self, Assembler, Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use crate::yamux::Mux;
use crate::*;

struct Bench {
    client: Client,
    probe: Arc<Probe>,
    served: tokio::task::JoinHandle<Result<(), RpcError>>,
}

fn bench() -> Bench {
    let (near, far) = duplex(64 * 1024);
    let probe = Probe::new();
    let served = tokio::spawn(serve(far, probe.clone()));
    Bench { client: Client::new(near), probe, served }
}

#[tokio::test]
async fn a_call_gives_its_answer_or_its_error() {
    let bench = bench();
    for (name, request, expect) in [
        ("/echo", &b"hello"[..], Ok(blob(b"hello"))),
        ("/echo", b"", Ok(blob(b""))),
        ("/echo", &[7; 3 << 20], Ok(blob(&[7; 3 << 20]))),
        ("/fail", b"", Err(remote(7, "as asked"))),
        ("/break", b"", Err(remote(0, "the connection ended"))),
        ("/nothing", b"", Err(RpcError::Protocol("the call ended without an answer".into()))),
        ("/other", b"", Err(remote(UNIMPLEMENTED, "unknown rpc: \"/other\""))),
        ("", b"", Err(remote(UNIMPLEMENTED, "unknown rpc: \"\""))),
    ] {
        let got: Result<Blob, RpcError> = bench.client.unary(name, &blob(request)).await;
        assert_eq!(got, expect, "{name}");
    }
    let long: Result<Blob, RpcError> = bench.client.unary("/echo", &blob(&[0; 4 << 20])).await;
    assert!(matches!(long, Err(RpcError::Protocol(_))), "{long:?}");
    bench.client.close();
    bench.client.closed().await;
    assert_eq!(bench.served.await.unwrap(), Ok(()));
    let late: Result<Blob, RpcError> = bench.client.unary("/echo", &blob(b"")).await;
    assert_eq!(late, Err(RpcError::Closed));
}

#[tokio::test]
async fn streams_go_both_ways_and_end_with_their_reason() {
    let bench = bench();
    let (mut sender, mut receiver) = bench.client.stream("/each").await.unwrap();
    for round in 0..100_u8 {
        sender.send(&blob(&[round; 1000])).await.unwrap();
        assert_eq!(receiver.next().await, Ok(Some(blob(&[round; 1000]))));
    }
    sender.finish().await.unwrap();
    assert_eq!(sender.send(&blob(b"")).await, Err(RpcError::Closed));
    assert_eq!(receiver.next::<Blob>().await, Ok(None));
    assert_eq!(receiver.next::<Blob>().await, Ok(None));

    let (sender, mut receiver) = bench.client.stream("/fail later").await.unwrap();
    assert_eq!(receiver.next().await, Ok(Some(blob(b"one"))));
    let failed = Err(remote(9, "after one"));
    assert_eq!(receiver.next::<Blob>().await, failed);
    assert_eq!(receiver.next::<Blob>().await, failed);
    drop(sender);

    let (sender, mut receiver) = bench.client.stream("/each").await.unwrap();
    drop(sender);
    assert_eq!(receiver.next::<Blob>().await, Ok(None), "dropping the sender says the end");
}

#[tokio::test]
async fn two_hundred_calls_run_beside_a_stream_of_20_mb() {
    let bench = bench();
    let (mut sender, mut receiver) = bench.client.stream("/pour").await.unwrap();
    sender.send(&blob(&[0; 20])).await.unwrap();
    sender.finish().await.unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..200_u32 {
        let client = bench.client.clone();
        calls.spawn(async move {
            let request = blob(&index.to_be_bytes().repeat(1000));
            assert_eq!(client.unary("/echo", &request).await, Ok(request));
        });
    }
    for index in 0..20 {
        assert_eq!(receiver.next().await, Ok(Some(blob(&vec![index; 1 << 20]))));
    }
    assert_eq!(receiver.next::<Blob>().await, Ok(None));
    assert_eq!(calls.join_all().await.len(), 200);
}

#[tokio::test]
async fn more_calls_than_streams_wait_for_their_turn() {
    let bench = bench();
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..1000_u32 {
        let client = bench.client.clone();
        calls.spawn(async move { client.unary("/echo", &blob(&index.to_be_bytes())).await });
    }
    let mut seen: Vec<_> = calls.join_all().await.into_iter().map(|got: Result<Blob, _>| got.unwrap().data).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1000);
}

#[tokio::test]
async fn calls_are_cancelled_by_every_way_to_leave() {
    let bench = bench();
    let (sender, mut receiver) = bench.client.stream("/wait").await.unwrap();
    assert_eq!(receiver.next().await, Ok(Some(blob(b"started"))));
    drop((sender, receiver));
    assert_eq!(bench.probe.dropped().await, Some("wait"), "dropping both ends");

    let (_sender, mut receiver) = bench.client.stream("/wait").await.unwrap();
    assert_eq!(receiver.next().await, Ok(Some(blob(b"started"))));
    bench.client.close();
    assert_eq!(bench.probe.dropped().await, Some("wait"), "closing the connection");
    assert_eq!(receiver.next::<Blob>().await, Err(RpcError::Closed), "an end that nobody said is an error");
    assert_eq!(bench.served.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_silent_server_runs_into_the_deadline() {
    let (near, _far) = duplex(64 * 1024);
    let client = Client::new(near);
    let got: Result<Blob, _> = client.unary_within(Duration::from_millis(10), "/echo", &blob(b"")).await;
    assert_eq!(got, Err(RpcError::Deadline));
}

type RawPacket<'a> = (u64, u64, Kind, &'a [u8]);

/// What one stream answers to a caller's raw packets, given in parts: each part waits for as many answers in total as the
/// number with the part before says. The caller finishes after the last.
async fn raw(parts: &[(&[RawPacket<'_>], usize)]) -> Vec<(u64, u64, Kind, String)> {
    let (near, far) = duplex(64 * 1024);
    let served = tokio::spawn(serve(far, Probe::new()));
    let mux = Mux::new(near, yamux::Role::Client);
    let stream = mux.open().await.unwrap();
    let (mut assembler, mut buffer, mut got) = (Assembler::new(), BytesMut::new(), Vec::new());
    let mut parts = parts.iter();
    let mut expected = 0;
    loop {
        while got.len() >= expected {
            let Some((packets, answers)) = parts.next() else {
                stream.finish();
                break;
            };
            let mut out = BytesMut::new();
            for (stream, message, kind, data) in *packets {
                drpc::encode(&mut out, *stream, *message, *kind, data).unwrap();
            }
            stream.push(out.freeze()).unwrap();
            expected = *answers;
        }
        let Ok(Some(bytes)) = stream.read().await else { break };
        buffer.extend_from_slice(&bytes);
        while let Some(packet) = assembler.next(&mut buffer).unwrap() {
            let text = String::from_utf8_lossy(&packet.data).into_owned();
            got.push((packet.stream, packet.message, packet.kind, text));
        }
    }
    drop((mux, stream));
    assert_eq!(served.await.unwrap(), Ok(()), "a broken stream does not end the connection");
    got
}

#[tokio::test]
async fn raw_packets_get_the_answers_of_the_spec() {
    use Kind::*;
    let message = |stream, number| (stream, number, Message, "\n\u{1}x".to_owned());
    let end = |stream, number| (stream, number, CloseSend, String::new());
    let failed = |text: &str| vec![(1, 1, Error, format!("\0\0\0\0\0\0\0\0protocol error: {text}"))];
    let x: &[u8] = b"\n\x01x";
    let rows: &[(&str, &[(&[RawPacket<'_>], usize)], _)] = &[
        (
            "a call",
            &[(&[(1, 1, Invoke, b"/echo"), (1, 2, Message, x), (1, 3, CloseSend, b"")], 2)],
            vec![message(1, 1), end(1, 2)],
        ),
        (
            "metadata is tolerated",
            &[(&[(1, 1, InvokeMetadata, b"?"), (1, 2, Invoke, b"/echo"), (1, 3, Message, x)], 2)],
            vec![message(1, 1), end(1, 2)],
        ),
        (
            "a second call on the same stream",
            &[
                (&[(1, 1, Invoke, b"/echo"), (1, 2, Message, x), (1, 3, CloseSend, b"")], 2),
                (&[(1, 4, Close, b""), (2, 1, Invoke, b"/echo"), (2, 2, Message, x)], 4),
            ],
            vec![message(1, 1), end(1, 2), message(2, 1), end(2, 2)],
        ),
        (
            "a new call ends the one before",
            &[
                (&[(1, 1, Invoke, b"/wait")], 1),
                (&[(2, 1, InvokeMetadata, b""), (2, 2, Invoke, b"/echo"), (2, 3, Message, x)], 3),
            ],
            vec![(1, 1, Message, "\n\u{7}started".to_owned()), message(2, 1), end(2, 2)],
        ),
        ("no request", &[(&[(1, 1, Invoke, b"/echo"), (1, 2, CloseSend, b"")], 1)], failed("the call has no request")),
        ("a name that is no text", &[(&[(1, 1, Invoke, b"\xff")], 1)], vec![]),
        ("a name that is too long", &[(&[(1, 1, Invoke, &[b'a'; 1025])], 1)], vec![]),
        ("a message without a call", &[(&[(1, 1, Message, x)], 1)], vec![]),
        ("a call that begins twice", &[(&[(1, 1, Invoke, b"/each"), (1, 2, Invoke, b"/each")], 1)], vec![]),
        ("another call's message", &[(&[(1, 1, Invoke, b"/each"), (2, 1, Message, x)], 1)], vec![]),
        ("cancel, then the end", &[(&[(1, 1, Invoke, b"/each"), (1, 2, Cancel, b"")], 0)], vec![]),
    ];
    for (name, parts, expect) in rows {
        assert_eq!(raw(parts).await, *expect, "{name}");
    }
}

/// A websocket whose other end the test plays.
async fn websocket(keep_alive: Option<Duration>) -> (impl Io, WebSocketStream<DuplexStream>) {
    let (near, far) = duplex(16 * 1024 * 1024);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(websocket_config())).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, None).await;
    (websocket_io(near, keep_alive), far)
}

#[tokio::test]
async fn a_websocket_is_a_byte_stream_until_it_ends_well_or_badly() {
    let binary = |data: &'static [u8]| Frame::Binary(Bytes::from_static(data));
    let close = |code: u16| Frame::Close(Some(CloseFrame { code: code.into(), reason: "".into() }));
    let long = Frame::Binary(vec![0; MAX_MESSAGE + 1].into());
    use std::io::ErrorKind::*;
    for (name, frames, expect) in [
        ("normal", vec![binary(b"ab"), binary(b""), binary(b"c"), close(1000)], (&b"abc"[..], None)),
        ("going away", vec![close(1001)], (b"", None)),
        ("protocol error", vec![binary(b"a"), close(1002)], (b"a", Some(ConnectionAborted))),
        ("no code", vec![Frame::Close(None)], (b"", Some(ConnectionAborted))),
        ("text", vec![binary(b"a"), Frame::text("x")], (b"a", Some(InvalidData))),
        ("too long", vec![long], (b"", Some(InvalidData))),
        ("no close", vec![binary(b"a")], (b"a", Some(InvalidData))),
        ("ping", vec![Frame::Ping(Bytes::from_static(b"1")), binary(b"a"), close(1000)], (b"a", None)),
    ] {
        let (mut near, mut far) = websocket(None).await;
        for frame in frames {
            far.send(frame).await.unwrap();
        }
        if name == "no close" {
            drop(far);
        }
        let mut got = Vec::new();
        let end = near.read_to_end(&mut got).await.err().map(|error| error.kind());
        assert_eq!((&*got, end), expect, "{name}");
    }
}

#[tokio::test]
async fn a_websocket_answers_pings_and_says_goodbye() {
    let (mut near, mut far) = websocket(None).await;
    near.write_all(&[1; 100_000]).await.unwrap();
    near.flush().await.unwrap();
    far.send(Frame::Ping(Bytes::from_static(b"?"))).await.unwrap();
    far.send(Frame::Binary(Bytes::from_static(b"!"))).await.unwrap();
    let mut byte = [0];
    near.read_exact(&mut byte).await.unwrap();
    near.shutdown().await.unwrap();
    let mut length = 0;
    loop {
        match far.next().await.unwrap().unwrap() {
            Frame::Binary(data) => length += data.len(),
            Frame::Pong(data) => assert_eq!(data, "?"),
            Frame::Close(frame) => {
                assert_eq!(u16::from(frame.unwrap().code), 1000);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(length, 100_000);
}

#[tokio::test(start_paused = true)]
async fn keep_alive_ends_a_silent_websocket_and_no_other() {
    let period = Duration::from_millis(50);
    let (mut near, far) = websocket(Some(period)).await;
    let error = near.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    drop(far);

    let (mut near, mut far) = websocket(Some(period)).await;
    // Reading answers pings; the tenth is enough.
    tokio::spawn(async move {
        for _ in 0..10 {
            assert!(far.next().await.unwrap().unwrap().is_ping());
        }
        far.send(Frame::Binary(Bytes::from_static(b"x"))).await.unwrap();
        far.next().await
    });
    assert_eq!(near.read_u8().await.unwrap(), b'x');
}

#[tokio::test]
async fn calls_run_over_websockets() {
    let (near, far) = duplex(64 * 1024);
    let near = WebSocketStream::from_raw_socket(near, Role::Client, Some(websocket_config())).await;
    let far = WebSocketStream::from_raw_socket(far, Role::Server, Some(websocket_config())).await;
    let service = Probe::new();
    let served = tokio::spawn(serve(websocket_io(far, Some(Duration::from_secs(15))), service));
    let client = Client::new(websocket_io(near, None));
    assert_eq!(client.unary("/echo", &blob(&[3; 1 << 20])).await, Ok(blob(&[3; 1 << 20])));
    client.close();
    assert_eq!(served.await.unwrap(), Ok(()));
}
