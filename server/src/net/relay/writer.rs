//! Writes what waits for a client: all of it at once, as often as there is something.

use std::io::IoSlice;
use std::time::Duration;

use proto::derp::Frame;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::client::{Batch, Client};

/// A client that takes nothing for so long is cut (spec `derp-disco-stun.md` 3).
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// Silence of the relay towards a client, at most, without the jitter.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// Jitter: a different one for each client, so that a thousand of them do not wake the relay at once.
const JITTER: Duration = Duration::from_secs(5);
/// After this time without a packet the memory of a busy time is given back.
const IDLE: Duration = Duration::from_secs(1);
/// A batch's memory that is worth giving back.
const LARGE: usize = 8 * 1024;

/// Writes until the connection breaks or takes nothing any more.
pub(super) async fn run(client: &Client, writer: &mut (impl AsyncWrite + Unpin)) {
    let mut batch = Batch::default();
    let period = KEEP_ALIVE + JITTER * u32::from(client.key.0[0]) / 256;
    let mut keep_alive = Instant::now() + period;
    loop {
        if client.take(&mut batch) {
            let parts: [&[u8]; 3] =
                [&batch.notices, &batch.disco[batch.disco_start..], &batch.packets[batch.packets_start..]];
            if write_all(writer, parts).await.is_none() {
                return;
            }
            continue;
        }
        let is_large = batch.packets.capacity() + batch.disco.capacity() > LARGE;
        let until = if is_large { keep_alive.min(Instant::now() + IDLE) } else { keep_alive };
        if tokio::time::timeout_at(until, client.woken()).await.is_ok() {
            continue;
        }
        batch = Batch::default();
        client.shrink();
        if Instant::now() >= keep_alive {
            client.push_notice(&Frame::KeepAlive);
            keep_alive = Instant::now() + period;
        }
    }
}

/// Writes the parts one behind the other. `None` when the client is gone or stuck; slow is not stuck.
async fn write_all(writer: &mut (impl AsyncWrite + Unpin), parts: [&[u8]; 3]) -> Option<()> {
    let mut slices = parts.map(IoSlice::new);
    let mut left = &mut slices[..];
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        let written = timeout(WRITE_TIMEOUT, writer.write_vectored(left)).await.ok()?.ok()?;
        if written == 0 {
            return None;
        }
        IoSlice::advance_slices(&mut left, written);
    }
    timeout(WRITE_TIMEOUT, writer.flush()).await.ok()?.ok()
}
