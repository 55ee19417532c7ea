//! What the engine wants done, and the buffers it is done with.
//!
//! Packets of the hot path are encrypted straight into large shared buffers: datagrams of one size to one destination
//! lie back to back in one [`Datagrams`] (the form that UDP segmentation offload wants), inner packets are slices of one
//! allocation. Not here: deciding anything.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::BytesMut;
use proto::key::NodePublic;
use proto::tailnet::CoordinateRequest;

use super::status::Pong;

/// Most datagrams in one [`Datagrams`]: the limit of Linux's `UDP_SEGMENT`.
pub const MAX_SEGMENTS: usize = 64;
/// Most bytes in one [`Datagrams`]: an IP packet's length field, less headers.
pub const MAX_BATCH: usize = 65_000;

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
}

/// One thing for the driver to do.
#[derive(Debug)]
pub enum Output {
    /// Send over UDP, from the one socket of that family.
    Udp(Datagrams),
    /// Send through a relay region; dropped when that region is not connected.
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
    Coordinate(CoordinateRequest),
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
pub(crate) struct Outputs {
    queue: VecDeque<Output>,
}

impl Outputs {
    pub(crate) fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }
}
