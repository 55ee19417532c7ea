//! One live relay connection: a reader and a writer side by side until one of them ends.

use std::time::Duration;

use bytes::{BufMut, BytesMut};
use proto::derp::login::ServerInfo;
use proto::derp::{Decoder, Frame, GoneReason, PACKET_HEADER_LENGTH, send_packet_header};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::ToRelay;
use super::bucket::Bucket;
use super::upgrade::Link;
use crate::driver::clock;
use crate::driver::command::{FromRelay, RelayNews};
use crate::driver::dial::Stream;
use crate::engine::RelayEvent;

/// A relay says something every minute; silence of two means that it is gone.
const READ_TIMEOUT: Duration = Duration::from_secs(120);
/// The kernel takes a batch within this, or the connection is stuck.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// After a network change a pong must come within this (spec 3),
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// and within this when an address of ours went: what was connected from it is dead for certain.
const SHORT_CHECK_TIMEOUT: Duration = Duration::from_millis(600);
/// Bytes of one read: some fifty packets.
const READ_BUFFER: usize = 64 << 10;
/// Commands of one write.
const WRITE_BATCH: usize = 64;
/// Pongs that wait to be sent; a relay that pings faster gets fewer.
const PONG_QUEUE: usize = 8;
/// Longest pause that a restarting relay may ask for.
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(5);

/// Why a connection ended.
pub enum Ended {
    /// The loop wants no connection any more.
    Closed,
    /// It broke.
    Broken(String),
    /// The relay restarts; wait this long before the next attempt.
    Restarting(Duration),
}

/// Carries packets until the connection ends. `home` follows the loop's wishes.
pub async fn run(
    link: Link,
    inbox: &mut mpsc::Receiver<ToRelay>,
    home: &mut bool,
    region: i32,
    news: &mpsc::Sender<FromRelay>,
) -> Ended {
    let (reader, writer) = tokio::io::split(link.stream);
    let (replies, reply_inbox) = mpsc::channel(PONG_QUEUE);
    let (pongs, pong_inbox) = mpsc::channel(PONG_QUEUE);
    tokio::select! {
        ended = read(reader, link.decoder, region, news, &replies, &pongs) => ended,
        ended = write(writer, &link.info, inbox, home, reply_inbox, pong_inbox) => ended,
    }
}

async fn read(
    mut reader: ReadHalf<Box<dyn Stream>>,
    mut decoder: Decoder,
    region: i32,
    news: &mpsc::Sender<FromRelay>,
    replies: &mpsc::Sender<[u8; 8]>,
    pongs: &mpsc::Sender<[u8; 8]>,
) -> Ended {
    loop {
        loop {
            let news_item = match decoder.next_frame() {
                Ok(None) => break,
                Err(error) => return Ended::Broken(error.to_string()),
                Ok(Some(Frame::RecvPacket { from, data })) => RelayNews::Packet { from, data },
                Ok(Some(Frame::PeerGone(key, GoneReason::Disconnected | GoneReason::NotHere))) => {
                    RelayNews::Event(RelayEvent::PeerGone { key })
                }
                Ok(Some(Frame::Ping(echo))) => {
                    let _ = replies.try_send(echo);
                    continue;
                }
                Ok(Some(Frame::Pong(echo))) => {
                    let _ = pongs.try_send(echo);
                    continue;
                }
                Ok(Some(Frame::Restarting { reconnect_in_ms, .. })) => {
                    let pause = Duration::from_millis(u64::from(reconnect_in_ms));
                    return Ended::Restarting(pause.min(MAX_RESTART_PAUSE));
                }
                Ok(Some(Frame::Health(text))) => {
                    if !text.is_empty() {
                        tracing::warn!(region, problem = ?text, "the relay reports a problem");
                    }
                    continue;
                }
                Ok(Some(_)) => continue,
            };
            if news.send(FromRelay { region, news: news_item }).await.is_err() {
                return Ended::Closed;
            }
        }
        decoder.buffer().reserve(READ_BUFFER);
        match timeout(READ_TIMEOUT, reader.read_buf(decoder.buffer())).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(_)) => return Ended::Broken("the relay closed it".to_owned()),
            Ok(Err(error)) => return Ended::Broken(error.to_string()),
            Err(_) => return Ended::Broken("the relay fell silent".to_owned()),
        }
    }
}

async fn write(
    mut writer: WriteHalf<Box<dyn Stream>>,
    info: &ServerInfo,
    inbox: &mut mpsc::Receiver<ToRelay>,
    home: &mut bool,
    mut replies: mpsc::Receiver<[u8; 8]>,
    mut pongs: mpsc::Receiver<[u8; 8]>,
) -> Ended {
    let mut bucket = Bucket::new(info.bytes_per_second, info.burst_bytes, clock::now());
    let mut out = BytesMut::new();
    let mut batch = Vec::with_capacity(WRITE_BATCH);
    let mut check: Option<([u8; 8], Instant)> = None;
    if *home {
        put(Frame::NotePreferred(true), &mut out);
    }
    loop {
        if !out.is_empty() {
            let sent = timeout(WRITE_TIMEOUT, async {
                writer.write_all(&out).await?;
                writer.flush().await
            });
            match sent.await {
                Ok(Ok(())) => out.clear(),
                Ok(Err(error)) => return Ended::Broken(error.to_string()),
                Err(_) => return Ended::Broken("the relay takes no bytes".to_owned()),
            }
        }
        let check_over = async {
            match check {
                Some((_, until)) => tokio::time::sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(echo) = replies.recv() => put(Frame::Pong(echo), &mut out),
            Some(echo) = pongs.recv() => check = check.filter(|(expected, _)| *expected != echo),
            () = check_over => return Ended::Broken("no pong after the network changed".to_owned()),
            count = inbox.recv_many(&mut batch, WRITE_BATCH) => {
                if count == 0 {
                    return Ended::Closed;
                }
                for command in batch.drain(..) {
                    match command {
                        ToRelay::Send { to, data } => {
                            let Some(header) = send_packet_header(&to, data.len()) else { continue };
                            if bucket.take(PACKET_HEADER_LENGTH + data.len(), clock::now()) {
                                out.reserve(PACKET_HEADER_LENGTH + data.len());
                                out.put_slice(&header);
                                out.put_slice(&data);
                            }
                        }
                        ToRelay::Prefer(preferred) => {
                            if std::mem::replace(home, preferred) != preferred {
                                put(Frame::NotePreferred(preferred), &mut out);
                            }
                        }
                        ToRelay::Check { lost_address } => {
                            let Ok(echo) = clock::random() else { continue };
                            let limit = if lost_address { SHORT_CHECK_TIMEOUT } else { CHECK_TIMEOUT };
                            check = Some((echo, Instant::now() + limit));
                            put(Frame::Ping(echo), &mut out);
                        }
                    }
                }
            }
        }
    }
}

fn put(frame: Frame, out: &mut BytesMut) {
    // Frames of a fixed length are below every cap.
    let _ = frame.encode(out);
}
