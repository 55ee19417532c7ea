//! Names over TCP: a task, because connections have timers.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::board::{Board, Pen};
use crate::resolver::Streams;

/// Serves until the pumps are gone. `random` makes sequence numbers unpredictable.
pub async fn serve(board: Arc<Board>, mut packets: mpsc::Receiver<Bytes>, random: u64) {
    let mut streams = Streams::new(random, Instant::now());
    let mut pen = Pen::new(board.clone());
    let mut out = Vec::new();
    loop {
        let due = async {
            match streams.next_timeout() {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            packet = packets.recv() => match packet {
                Some(packet) => streams.handle_packet(&packet, Instant::now()),
                None => return,
            },
            () = due => {}
        }
        while let Ok(packet) = packets.try_recv() {
            streams.handle_packet(&packet, Instant::now());
        }
        streams.poll(&board.view().directory, Instant::now(), &mut |packet| out.push(BytesMut::from(packet)));
        if !out.is_empty() {
            pen.write(&mut out);
        }
    }
}
