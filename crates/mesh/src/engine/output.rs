//! What the engine wants done, and the buffers it is done with.
//!
//! Packets of the hot path are encrypted straight into large shared buffers: datagrams of one size to one destination
//! lie back to back in one [`Datagrams`] (the form that UDP segmentation offload wants), inner and relayed packets are
//! slices of one allocation. Not here: deciding anything.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::BytesMut;
use proto::key::NodePublic;
use proto::tailnet::CoordinateRequest;

use super::status::Pong;

#[cfg(test)]
mod tests;

/// Most datagrams in one [`Datagrams`]: the limit of Linux's `UDP_SEGMENT`.
pub const MAX_SEGMENTS: usize = 64;
/// Most bytes in one [`Datagrams`]: an IP packet's length field, less headers.
pub const MAX_BATCH: usize = 65_000;
/// Size of the allocation that inner and relayed packets are cut from.
const CHUNK: usize = 64 * 1024;
/// Buffers kept for the next batches: as many as a driver has in flight.
const MAX_SPARE: usize = 16;
/// The shortest buffer a WireGuard session may be given: a handshake initiation.
const MIN_SPACE: usize = 148;

/// Datagrams to one destination, back to back.
#[derive(Debug)]
pub struct Datagrams {
    /// Destination.
    pub to: SocketAddr,
    /// Length of each datagram but the last, which may be shorter.
    pub segment: usize,
    /// The bytes. Give the buffer back with `Engine::recycle` when it was sent.
    pub data: BytesMut,
}

impl Datagrams {
    /// The single datagrams.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.data.chunks(self.segment.max(1))
    }

    /// Whether one more datagram of this length may be appended.
    fn takes(&self, to: SocketAddr, length: usize) -> bool {
        self.to == to
            && length <= self.segment
            && self.data.len().is_multiple_of(self.segment)
            && self.data.len() + length <= MAX_BATCH
            && self.data.len() / self.segment < MAX_SEGMENTS
    }
}

/// One thing for the driver to do.
#[derive(Debug)]
pub enum Output {
    /// Send over UDP, from the one socket of that family.
    Udp(Datagrams),
    /// Send through a relay region that reported `RelayEvent::Connected`. While a region connects, the engine itself
    /// keeps a few packets for it.
    Relay {
        /// Region, earlier asked for by [`Output::ConnectRelay`].
        region: i32,
        /// Destination key.
        to: NodePublic,
        /// One packet.
        data: BytesMut,
    },
    /// A decrypted, filtered IPv6 packet for the stack or the TUN device.
    Inner(BytesMut),
    /// Say this to the coordinator.
    Coordinate(Box<CoordinateRequest>),
    /// A ping of `Engine::start_ping` ended; `None` means that no answer came in time.
    Pinged {
        /// The caller's token.
        token: u64,
        /// The answer.
        pong: Option<Pong>,
    },
    /// Connect to this region and stay connected, reconnecting with backoff, until [`Output::CloseRelay`]. Repeated when
    /// `home` changes: then only the preference note is to be sent.
    ConnectRelay {
        /// Region.
        region: i32,
        /// Whether it is our home (`NotePreferred`).
        home: bool,
    },
    /// Close the connection to this region.
    CloseRelay {
        /// Region.
        region: i32,
    },
    /// Run a netcheck (spec `derp-disco-stun.md` 6) and report it to `Engine::handle_netcheck`.
    Netcheck {
        /// Every region, rather than the fastest few.
        full: bool,
    },
}

/// Outputs in order, with the buffers behind them.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    queue: VecDeque<Output>,
    /// Zeroed space that packets are cut from.
    chunk: BytesMut,
    spare: Vec<BytesMut>,
}

impl Outputs {
    pub(super) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(super) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    pub(super) fn recycle(&mut self, mut buffer: BytesMut) {
        if self.spare.len() < MAX_SPARE {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Space for one packet; [`Outputs::cut`] takes what was used of it.
    pub(super) fn space(&mut self, length: usize) -> &mut [u8] {
        let length = length.max(MIN_SPACE);
        if self.chunk.len() < length {
            self.chunk = BytesMut::zeroed(CHUNK.max(length));
        }
        &mut self.chunk[..length]
    }

    /// The first bytes of the space given last, as a packet of its own.
    pub(super) fn cut(&mut self, length: usize) -> BytesMut {
        self.chunk.split_to(length.min(self.chunk.len()))
    }

    /// Queues a datagram that `write` puts into the space it is given. `expected` is its likely length; `write` returns
    /// the real one, 0 for none.
    pub(super) fn datagram(&mut self, to: SocketAddr, expected: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        let is_open = matches!(self.queue.back(), Some(Output::Udp(batch)) if batch.takes(to, expected));
        if !is_open {
            let data = self.spare.pop().unwrap_or_default();
            self.queue.push_back(Output::Udp(Datagrams { to, segment: expected.max(1), data }));
        }
        let Some(Output::Udp(batch)) = self.queue.back_mut() else { return };
        let start = batch.data.len();
        batch.data.resize(start + expected.max(MIN_SPACE), 0);
        let length = write(&mut batch.data[start..]).min(expected.max(MIN_SPACE));
        batch.data.truncate(start + length);
        if start == 0 {
            batch.segment = length.max(1);
            if length == 0
                && let Some(Output::Udp(batch)) = self.queue.pop_back()
            {
                self.recycle(batch.data);
            }
        } else if length > batch.segment {
            // A handshake came instead of the short packet that was expected: it starts a batch of its own.
            let data = batch.data.split_off(start);
            self.queue.push_back(Output::Udp(Datagrams { to, segment: length, data }));
        }
    }
}
