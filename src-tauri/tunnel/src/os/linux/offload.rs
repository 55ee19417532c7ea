//! What one read of the device gives: a packet, or a super-packet that is split here into packets with right
//! checksums. Not here: reading, and the other direction (`merge`).
//!
//! With `IFF_VNET_HDR` a read is a head of ten bytes (flags, kind, length of the headers, size of a segment's data, where
//! the checksum starts and where it stands) and the packet.

#[cfg(test)]
mod tests;

use std::io;

use tun_rs::{VIRTIO_NET_HDR_GSO_UDP_L4, VIRTIO_NET_HDR_LEN, VirtioNetHdr, gso_split};

use crate::plan::MTU;

/// Largest read: a head and the largest packet there is.
const MAX_READ: usize = VIRTIO_NET_HDR_LEN + 65_536;
/// Segments of one super-packet. The kernel makes none smaller than 48 bytes of data (`TCP_MIN_MSS`), so this is
/// never reached by what it sends.
const MAX_SEGMENTS: usize = 1_400;
const IPV6_HEAD: usize = 40;
/// Flag: the checksum is ours to finish. Kind: no super-packet.
const NEEDS_CHECKSUM: u8 = 1;
const NO_SUPER_PACKET: u8 = 0;

/// Buffers, kept from read to read.
pub struct Splitter {
    has_head: bool,
    read: Vec<u8>,
    segments: Vec<Vec<u8>>,
    sizes: Vec<usize>,
}

impl Splitter {
    /// For a device with or without heads.
    pub fn new(has_head: bool) -> Self {
        Self { has_head, read: vec![0; MAX_READ], segments: Vec::new(), sizes: Vec::new() }
    }

    /// Where the next read goes.
    pub fn buffer(&mut self) -> &mut [u8] {
        &mut self.read
    }

    /// Calls `each` for every packet of what was read.
    ///
    /// # Errors
    /// It is none: too short, too long, or a head that contradicts its packet.
    pub fn split(&mut self, length: usize, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let read = self.read.get_mut(..length).ok_or_else(|| bad("longer than its buffer"))?;
        if !self.has_head {
            return whole(read, each);
        }
        if length <= VIRTIO_NET_HDR_LEN {
            return Err(bad("shorter than its head"));
        }
        let (head, packet) = read.split_at_mut(VIRTIO_NET_HDR_LEN);
        let mut head = VirtioNetHdr::decode(head)?;
        let sum_at = usize::from(head.csum_start) + usize::from(head.csum_offset);
        if head.gso_type == NO_SUPER_PACKET {
            if head.flags & NEEDS_CHECKSUM != 0 {
                if sum_at + 2 > packet.len() {
                    return Err(bad("checksum outside of the packet"));
                }
                finish_checksum(packet, head.csum_start.into(), sum_at);
            }
            return whole(packet, each);
        }
        if packet.first().is_none_or(|first| first >> 4 != 6) {
            return Err(bad("a super-packet that is not IPv6"));
        }
        // The kernel's own value may be the length of the whole first packet (it says so for forwarded ones).
        head.hdr_len = headers(packet, &head).ok_or_else(|| bad("headers outside of the packet"))?;
        let (headers, data) = (usize::from(head.hdr_len), usize::from(head.gso_size));
        if data == 0 || headers + data > MTU as usize {
            return Err(bad("segments of no size, or longer than the MTU"));
        }
        let count = (packet.len() - headers).div_ceil(data);
        if count > MAX_SEGMENTS {
            return Err(bad("too many segments"));
        }
        self.segments.resize_with(self.segments.len().max(count), || vec![0; MTU as usize]);
        self.sizes.resize(self.segments.len(), 0);
        let made = gso_split(packet, head, &mut self.segments, &mut self.sizes, 0, true)?;
        let packets = self.segments.iter().zip(&self.sizes).take(made);
        packets.filter_map(|(segment, size)| segment.get(..*size)).for_each(each);
        Ok(())
    }
}

/// Length of all headers before the data.
fn headers(packet: &[u8], head: &VirtioNetHdr) -> Option<u16> {
    const UDP_HEAD: u16 = 8;
    let transport = if head.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 {
        UDP_HEAD
    } else {
        let words = packet.get(usize::from(head.csum_start) + 12)? >> 4;
        (5..=15).contains(&words).then_some(u16::from(words) * 4)?
    };
    let headers = head.csum_start.checked_add(transport)?;
    (usize::from(head.csum_start) >= IPV6_HEAD && usize::from(headers) < packet.len()).then_some(headers)
}

/// Adds up from `start`; what stands at `at` is the part that the kernel added already.
fn finish_checksum(packet: &mut [u8], start: usize, at: usize) {
    let words = packet.get(start..).unwrap_or_default().chunks(2);
    let sum: u64 = words.map(|pair| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u64::from(*low))).sum();
    let mut folded = sum;
    while folded > 0xffff {
        folded = (folded >> 16) + (folded & 0xffff);
    }
    let sum = !u16::try_from(folded).unwrap_or_default();
    // A UDP checksum of zero would say "none", which IPv6 does not know.
    let sum = if sum == 0 { 0xffff } else { sum };
    if let Some(field) = packet.get_mut(at..at + 2) {
        field.copy_from_slice(&sum.to_be_bytes());
    }
}

fn whole(packet: &[u8], each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    if packet.len() > MTU as usize {
        // Somebody raised the MTU for a moment; the watch puts it back.
        return Err(bad("longer than the MTU"));
    }
    each(packet);
    Ok(())
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
