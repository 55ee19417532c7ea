//! Conversations with honest, slow and hostile clients, in virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use proto::ipc::frame::encode;
use proto::ipc::version::LINE;
use proto::ipc::{Call, MAX_FRAME, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::outbox::MAX_UNSENT;
use super::{FIRST_MESSAGE, Outbox, converse, outbox};

/// A conversation, the client's end, and what the service heard.
struct Stage {
    client: DuplexStream,
    heard: Arc<Mutex<Vec<u64>>>,
    outbox: Option<Outbox>,
    ended: JoinHandle<String>,
}

fn stage(buffer: usize) -> Stage {
    let (client, server) = tokio::io::duplex(buffer);
    let (outbox, unsent) = outbox();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = heard.clone();
    let hear = move |request: Request| {
        notes.lock().unwrap().push(request.id);
        std::future::ready(true)
    };
    let ended = tokio::spawn(async move { converse(server, unsent, hear).await.to_string() });
    Stage { client, heard, outbox: Some(outbox), ended }
}

fn wake(id: u64) -> Vec<u8> {
    encode(&Request { id, call: Call::Wake }).unwrap()
}

fn framed(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

#[tokio::test(start_paused = true)]
async fn an_honest_client_is_heard_and_answered() {
    let mut stage = stage(1024);
    stage.client.write_all(&[LINE.as_bytes(), &wake(1), &wake(2)].concat()).await.unwrap();
    let mut line = vec![0; LINE.len()];
    stage.client.read_exact(&mut line).await.unwrap();
    assert_eq!(line, LINE.as_bytes());
    assert!(stage.outbox.as_ref().unwrap().put(Bytes::from_static(b"frame")));
    let mut frame = [0; 5];
    stage.client.read_exact(&mut frame).await.unwrap();
    // A watcher may be silent for days.
    tokio::time::advance(Duration::from_secs(100_000)).await;
    stage.client.write_all(&wake(3)).await.unwrap();
    stage.client.shutdown().await.unwrap();
    assert_eq!(stage.ended.await.unwrap(), "closed");
    assert_eq!(*stage.heard.lock().unwrap(), [1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn hostile_clients_get_a_closed_socket() {
    /// Says these bytes, then waits for the end.
    async fn check(what: &str, bytes: &[u8], expect: &str) {
        let mut stage = stage(4 * MAX_FRAME);
        let start = Instant::now();
        stage.client.write_all(bytes).await.unwrap();
        let ended = (&mut stage.ended).await.unwrap();
        assert!(ended.starts_with(expect), "{what}: {ended}");
        assert!(start.elapsed() <= FIRST_MESSAGE, "{what}: {:?}", start.elapsed());
        assert!(stage.heard.lock().unwrap().is_empty(), "{what}");
        let mut rest = Vec::new();
        stage.client.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, LINE.as_bytes(), "{what}: nothing but our line");
    }
    let after = |bytes: &[u8]| [LINE.as_bytes(), bytes].concat();
    check("silence", b"", "too slow").await;
    check("half a line", b"homeport-tun", "too slow").await;
    check("an endless line", &[b'x'; 64], "the other side does not speak").await;
    check("HTTP", b"GET / HTTP/1.1\r\n\r\n", "the other side does not speak").await;
    check("codervpn", b"codervpn manager 1.0\n", "the other side does not speak").await;
    check("a newer version", b"homeport-tunnel 2.0\n", "the other side speaks version 2").await;
    check("an older version", b"homeport-tunnel 0.1\n", "the other side speaks version 0").await;
    check("only the line", LINE.as_bytes(), "too slow").await;
    check("half a length", &after(&[0, 0]), "too slow").await;
    check("half a frame", &after(&[0, 0, 1, 0, b'{']), "too slow").await;
    check("a length that lies", &after(&[0xff; 4]), "a frame of 4294967295 bytes").await;
    check("one byte too long", &after(&[0, 1, 0, 1]), "a frame of 65537 bytes").await;
    check("an empty frame", &after(&[0; 4]), "a frame that is no message").await;
    check("no JSON", &after(&framed("\u{0}\u{1}")), "a frame that is no message").await;
    check("another shape", &after(&framed("[1,2]")), "a frame that is no message").await;
    check("no id", &after(&framed(r#"{"call":"wake"}"#)), "a frame that is no message").await;
    check("an unknown call", &after(&framed(r#"{"id":1,"call":"run","path":"/x"}"#)), "a frame that is no").await;
    check("a wrong type", &after(&framed(r#"{"id":"1","call":"wake"}"#)), "a frame that is no message").await;
    check("a deep nest", &after(&framed(&"[".repeat(60_000))), "a frame that is no message").await;
}

#[tokio::test(start_paused = true)]
async fn one_byte_a_second_is_too_slow() {
    let mut stage = stage(1024);
    let start = Instant::now();
    for byte in [LINE.as_bytes(), &wake(1)].concat() {
        tokio::time::advance(Duration::from_secs(1)).await;
        if stage.client.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.ended.await.unwrap(), "too slow");
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    assert!(stage.heard.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_later_frame_must_be_finished_as_well() {
    let mut stage = stage(1024);
    stage.client.write_all(&[LINE.as_bytes(), &wake(1), &wake(2)[..10]].concat()).await.unwrap();
    assert_eq!(stage.ended.await.unwrap(), "too slow");
    assert_eq!(*stage.heard.lock().unwrap(), [1]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_dropped() {
    let mut stage = stage(64);
    stage.client.write_all(&[LINE.as_bytes(), &wake(1)].concat()).await.unwrap();
    let outbox = stage.outbox.take().unwrap();
    let frame = Bytes::from(vec![0; MAX_FRAME]);
    let put = (0..2 * MAX_UNSENT / MAX_FRAME).take_while(|_| outbox.put(frame.clone())).count();
    assert!(put <= MAX_UNSENT / MAX_FRAME, "{put}");
    assert_eq!(stage.ended.await.unwrap(), "too slow");
}

#[tokio::test(start_paused = true)]
async fn the_service_closes_by_dropping_the_outbox() {
    let mut stage = stage(1024);
    stage.client.write_all(&[LINE.as_bytes(), &wake(1)].concat()).await.unwrap();
    drop(stage.outbox.take());
    assert_eq!(stage.ended.await.unwrap(), "closed");
}
