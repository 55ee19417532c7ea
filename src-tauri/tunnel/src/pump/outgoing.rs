//! Where each packet of this machine goes. One batch of each engine is filled while a read lasts, and handed over after
//! it, because the engines work in batches as well.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use mesh::driver::{Batch, Outward};
use mesh::stack::MAX_SEGMENT;
use proto::address::{DNS_SERVER, is_in_tunnel};
use tokio::sync::mpsc;

use super::board::{Board, Pen, View};
use crate::gate::Gate;
use crate::packet::{Head, Transport, Unreachable, clamp_segment_size, reset, unreachable};
use crate::resolver::{PORT, answer_datagram};
use crate::state::Key;

/// See the module.
pub struct Outgoing {
    gate: Arc<Gate>,
    streams: mpsc::Sender<Bytes>,
    pen: Pen,
    view: Arc<View>,
    now: Instant,
    batches: Vec<(Key, Outward, Batch)>,
    replies: Vec<BytesMut>,
}

impl Outgoing {
    /// Nothing read yet.
    pub fn new(board: Arc<Board>, gate: Arc<Gate>, streams: mpsc::Sender<Bytes>) -> Self {
        let (view, pen) = (Arc::default(), Pen::new(board));
        Self { gate, streams, pen, view, now: Instant::now(), batches: Vec::new(), replies: Vec::new() }
    }

    /// The first packet of a read is there.
    pub fn begin(&mut self, view: Arc<View>, now: Instant) {
        (self.view, self.now) = (view, now);
    }

    /// Takes one packet.
    pub fn take(&mut self, packet: &[u8]) {
        let Some(head) = self.gate.outbound(packet) else { return };
        if head.destination == DNS_SERVER {
            self.resolve(packet, &head);
        } else if let Some(batch) = self.batch(&head) {
            let start = batch.bytes.len();
            batch.push(packet);
            if matches!(head.transport, Transport::Tcp { has_syn: true, .. }) {
                clamp_segment_size(batch.bytes.get_mut(start..).unwrap_or_default(), MAX_SEGMENT);
            }
            self.gate.expect(&head, self.now);
        } else if is_in_tunnel(head.destination) {
            // A deployment that is still on its way may have the address again, with the connections to it.
            let end = if self.view.is_settled { reset(packet) } else { None };
            self.reply(end.or_else(|| unreachable(packet, DNS_SERVER, Unreachable::Address)));
        }
    }

    /// The read ended: everything goes on its way.
    pub fn flush(&mut self) {
        for (_, outward, batch) in self.batches.drain(..) {
            // Waiting makes the sender's congestion control see a slow link instead of a lossy one. It ends with the
            // engine, whose loop never waits for us.
            outward.send_blocking(batch);
        }
        if !self.replies.is_empty() {
            self.pen.write(&mut self.replies);
        }
        // Between reads nothing is held that a stopped deployment must give up.
        self.view = Arc::default();
    }

    fn batch(&mut self, head: &Head) -> Option<&mut Batch> {
        let key = self.view.routes.get(&head.destination)?;
        let index = match self.batches.iter().position(|(known, ..)| known == key) {
            Some(index) => index,
            None => {
                let outward = self.view.engines.get(key)?;
                self.batches.push((*key, outward.clone(), outward.batch()));
                self.batches.len() - 1
            }
        };
        self.batches.get_mut(index).map(|(.., batch)| batch)
    }

    fn resolve(&mut self, packet: &[u8], head: &Head) {
        match head.transport {
            Transport::Udp { to: PORT, .. } => self.reply(answer_datagram(packet, head, &self.view.directory)),
            Transport::Udp { .. } => self.reply(unreachable(packet, DNS_SERVER, Unreachable::Port)),
            // A full queue is a lossy network, which TCP mends.
            Transport::Tcp { .. } | Transport::Icmp { .. } => {
                drop(self.streams.try_send(Bytes::copy_from_slice(packet)))
            }
            Transport::Other => {}
        }
    }

    fn reply(&mut self, packet: Option<Vec<u8>>) {
        self.replies.extend(packet.map(|packet| BytesMut::from(Bytes::from(packet))));
    }
}
