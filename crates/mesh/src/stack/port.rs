//! The network card that smoltcp sees: one packet in, large packets out which are cut to size and given their checksums
//! here. One [`Port`] lives for one call; the [`Outbox`] behind it is shared by all flows.

use std::time::Duration;

use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;

use super::packet::{self, IP_HEADER, MTU, TCP_HEADER};

/// Segments in one large packet: as many as fit one batched UDP send with their WireGuard headers (48 x 1312 < 65507).
const MAX_SEGMENTS: usize = 48;
/// Largest packet that smoltcp may hand over.
const MAX_LARGE: usize = IP_HEADER + TCP_HEADER + MAX_SEGMENTS * (MTU - IP_HEADER - TCP_HEADER);

/// Packets that wait to be taken out.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Only grows, and is never cleared, so that a large packet does not cost a large `memset`.
    bytes: Vec<u8>,
    used: usize,
    /// End of each packet in `bytes` and the segment length it is to be cut to.
    marks: Vec<(usize, usize)>,
}

impl Outbox {
    /// Hands out and forgets everything.
    pub fn drain(&mut self, sink: &mut dyn FnMut(&[u8])) {
        let mut start = 0;
        for (end, segment) in self.marks.drain(..) {
            packet::cut(&mut self.bytes[start..end], segment, sink);
            start = end;
        }
        self.used = 0;
    }

    /// The packets, not yet cut to size, that came after the first `bytes`.
    pub fn since(&self, bytes: usize) -> &[u8] {
        &self.bytes[bytes.min(self.used)..self.used]
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.used
    }
}

/// See the module.
pub struct Port<'a> {
    pub incoming: Option<&'a [u8]>,
    /// What large packets are cut to. (smoltcp 0.14 forgets to say it for IPv6.)
    pub segment: u16,
    pub outbox: &'a mut Outbox,
}

impl Device for Port<'_> {
    type RxToken<'b>
        = Incoming<'b>
    where
        Self: 'b;
    type TxToken<'b>
        = Outgoing<'b>
    where
        Self: 'b;

    fn receive(&mut self, _: Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        let incoming = self.incoming.take()?;
        Some((Incoming(incoming), Outgoing { outbox: self.outbox, segment: usize::from(self.segment) }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing { outbox: self.outbox, segment: usize::from(self.segment) })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        // smoltcp 0.14 drops IPv6 packets above the MTU even when they are to be cut. With the real limit in the segment
        // size alone (`packet::clamp_segment_size`, both ways), large packets reach us.
        capabilities.max_transmission_unit = MAX_LARGE;
        // Verified by `packet::read`, computed by `packet::cut`.
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities.segmentation.tcpv6 = std::num::NonZeroUsize::new(MAX_LARGE);
        capabilities
    }
}

/// The packet that came in.
pub struct Incoming<'a>(&'a [u8]);

impl RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

/// Room for one packet.
pub struct Outgoing<'a> {
    outbox: &'a mut Outbox,
    segment: usize,
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, f: F) -> R {
        let (start, end) = (self.outbox.used, self.outbox.used + length);
        if self.outbox.bytes.len() < end {
            self.outbox.bytes.resize(end, 0);
        }
        self.outbox.used = end;
        self.outbox.marks.push((end, self.segment));
        f(&mut self.outbox.bytes[start..end])
    }
}

/// A moment as smoltcp counts: from the beginning of the stack.
pub fn at(epoch: std::time::Instant, now: std::time::Instant) -> Instant {
    let since = micros(now.saturating_duration_since(epoch));
    Instant::from_micros(i64::try_from(since).unwrap_or(i64::MAX))
}

/// A span as smoltcp counts.
pub fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
