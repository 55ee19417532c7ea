//! The device as an engine sees it: what daemons send passes the gate and goes to this machine's programs.

use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use mesh::driver::Device;
use mesh::stack::MAX_SEGMENT;

use super::board::{Board, Pen};
use crate::gate::Gate;
use crate::packet::{Transport, clamp_segment_size};
use crate::state::Key;

/// See the module.
pub struct Inward {
    key: Key,
    board: Arc<Board>,
    gate: Arc<Gate>,
    pen: Pen,
}

impl Inward {
    /// For the engine of one deployment.
    pub fn new(key: Key, board: Arc<Board>, gate: Arc<Gate>) -> Self {
        Self { key, pen: Pen::new(board.clone()), board, gate }
    }
}

impl Device for Inward {
    fn deliver(&mut self, packets: &mut Vec<BytesMut>) {
        let (view, now) = (self.board.view(), Instant::now());
        // The engine has checked that the sender has this address in its deployment; here, that the address is this
        // deployment's, so that no deployment speaks for the daemons of another.
        let mut last: Option<(Ipv6Addr, bool)> = None;
        packets.retain_mut(|packet| {
            let Some(head) = self.gate.inbound(packet, now) else { return false };
            let is_theirs = match last {
                Some((address, is_theirs)) if address == head.source => is_theirs,
                _ => view.routes.get(&head.source) == Some(&self.key),
            };
            last = Some((head.source, is_theirs));
            if is_theirs && matches!(head.transport, Transport::Tcp { has_syn: true, .. }) {
                clamp_segment_size(packet, MAX_SEGMENT);
            }
            is_theirs
        });
        if !packets.is_empty() {
            self.pen.write(packets);
        }
    }
}
