//! What is written to the device: neighbours of one TCP flow go to the kernel as one super-packet, so that it works once
//! for dozens of segments and answers once. Their data is not copied; the kernel gathers it.
//!
//! Of acknowledgements that carry nothing else, the newest of those that come together says what all say, and goes alone.
//!
//! A super-packet is the head of ten bytes (see `offload`), the first packet with its length, its flags and the sum of its
//! pseudo header put right, and the data of those that follow. The kernel believes its checksum, so every packet's own
//! one is checked before. Not here: writing, and the other direction (`offload`).

#[cfg(test)]
mod tests;

use std::io::IoSlice;

use bytes::BytesMut;
use tun_rs::{VIRTIO_NET_HDR_LEN, VirtioNetHdr};

/// Segments of one super-packet. At our MTU its length ends it earlier.
const MAX_SEGMENTS: usize = 64;
/// Bytes of one super-packet: what an IPv6 length can say, less a little.
const MAX_BYTES: usize = 65_000;
/// Super-packets that are looked through for the flow of a packet. More flows at once are merged less, never reordered.
const MAX_OPEN: usize = 8;
const IPV6_HEAD: usize = 40;
const TCP_HEAD: usize = 20;
const TCP: u8 = 6;
const ACK: u8 = 0x10;
const PSH: u8 = 0x08;
/// virtio: the kernel finishes the checksum; TCP over IPv6.
const NEEDS_CHECKSUM: u8 = 1;
const TCP_OVER_IPV6: u8 = 4;
/// Where they stand: length of the payload, flags and checksum of TCP.
const LENGTH_AT: usize = 4;
const FLAGS_AT: usize = IPV6_HEAD + 13;
const SUM_AT: usize = IPV6_HEAD + 16;

/// See the module. Kept from write to write for its memory.
#[derive(Debug, Default)]
pub struct Merger {
    groups: Vec<Group>,
    /// For each packet the one that follows it in its super-packet.
    next: Vec<usize>,
}

/// Packets that will be one.
#[derive(Debug)]
struct Group {
    first: usize,
    last: usize,
    count: usize,
    bytes: usize,
    segment: Option<Segment>,
    /// Whether the checksum of the first packet was looked at.
    is_checked: bool,
}

/// A TCP segment with data that others may follow or join.
#[derive(Debug, Clone, Copy)]
struct Segment {
    headers: usize,
    data: usize,
    /// The sequence number that continues it.
    next: u32,
    /// Nothing may follow: PSH, or a segment shorter than the first.
    is_last: bool,
}

impl Merger {
    /// Calls `write` once for each packet or super-packet, with its pieces in order.
    pub fn merge(&mut self, packets: &mut [BytesMut], mut write: impl FnMut(&[IoSlice<'_>])) {
        self.groups.clear();
        self.next.clear();
        self.next.resize(packets.len(), usize::MAX);
        for index in 0..packets.len() {
            self.place(packets, index);
        }
        for group in &self.groups {
            let mut head = [0; VIRTIO_NET_HDR_LEN];
            if group.count > 1 {
                let Some(segment) = group.segment else { continue };
                let last = packets.get(group.last).and_then(|packet| packet.get(FLAGS_AT)).copied().unwrap_or_default();
                let Some(first) = packets.get_mut(group.first) else { continue };
                if head_of(segment).encode(&mut head).is_err() || !adapt(first, group.bytes, last & PSH) {
                    continue;
                }
            }
            let mut pieces = [IoSlice::new(&[]); MAX_SEGMENTS + 1];
            pieces[0] = IoSlice::new(&head);
            let (mut at, mut skip) = (group.first, 0);
            for piece in pieces.iter_mut().skip(1).take(group.count) {
                let packet = packets.get(at).and_then(|packet| packet.get(skip..));
                *piece = IoSlice::new(packet.unwrap_or_default());
                skip = group.segment.map_or(0, |segment| segment.headers);
                at = self.next.get(at).copied().unwrap_or(usize::MAX);
            }
            write(&pieces[..=group.count]);
        }
    }

    fn place(&mut self, packets: &[BytesMut], index: usize) {
        let Some(packet) = packets.get(index) else { return };
        let segment = segment(packet);
        let is_tcp = packet.get(6) == Some(&TCP);
        let same = |group: &&mut Group| packets.get(group.first).is_some_and(|first| is_same_flow(first, packet));
        // Only the newest group of the flow: what follows an older one would overtake this.
        let group = is_tcp.then(|| self.groups.iter_mut().rev().take(MAX_OPEN).find(same)).flatten();
        if let Some(group) = group
            && let Some(first) = packets.get(group.first)
        {
            if let Some(segment) = segment
                && group.takes(first, packet, segment)
            {
                if let Some(before) = self.next.get_mut(group.last) {
                    *before = index;
                }
                group.add(index, segment);
                return;
            }
            if is_overtaken(first, packet) {
                (group.first, group.last) = (index, index);
                return;
            }
        }
        let bytes = packet.len();
        self.groups.push(Group { first: index, last: index, count: 1, bytes, segment, is_checked: false });
    }
}

impl Group {
    fn takes(&mut self, first: &[u8], packet: &[u8], segment: Segment) -> bool {
        let Some(own) = self.segment else { return false };
        let fits = !own.is_last
            && self.count < MAX_SEGMENTS
            && self.bytes + segment.data <= MAX_BYTES
            && segment.headers == own.headers
            && segment.data <= own.data
            && segment.next == own.next.wrapping_add(u32::try_from(segment.data).unwrap_or_default())
            && is_same_header(first, packet, own.headers);
        if !fits {
            return false;
        }
        if !self.is_checked {
            self.is_checked = true;
            if !is_right(first) {
                self.segment = None;
                return false;
            }
        }
        is_right(packet)
    }

    fn add(&mut self, index: usize, segment: Segment) {
        self.last = index;
        self.count += 1;
        self.bytes += segment.data;
        if let Some(own) = &mut self.segment {
            own.next = segment.next;
            own.is_last = segment.is_last || segment.data < own.data;
        }
    }
}

/// Reads a packet that may be part of a super-packet: TCP with data, and no flag but ACK and PSH.
fn segment(packet: &[u8]) -> Option<Segment> {
    let flags = *packet.get(FLAGS_AT)?;
    let words = packet.get(IPV6_HEAD + 12)? >> 4;
    let headers = IPV6_HEAD + usize::from(words) * 4;
    let is_plain = packet.get(6) == Some(&TCP) && flags & !PSH == ACK && headers >= IPV6_HEAD + TCP_HEAD;
    let length = usize::from(u16::from_be_bytes([*packet.get(LENGTH_AT)?, *packet.get(LENGTH_AT + 1)?]));
    let data = packet.len().checked_sub(headers).filter(|data| *data > 0)?;
    if !is_plain || packet.len() != IPV6_HEAD + length {
        return None;
    }
    let sequence = u32::from_be_bytes(packet.get(IPV6_HEAD + 4..IPV6_HEAD + 8)?.try_into().ok()?);
    let next = sequence.wrapping_add(u32::try_from(data).ok()?);
    Some(Segment { headers, data, next, is_last: flags & PSH != 0 })
}

/// Whether `packet` acknowledges more than `first`, both nothing else. The same number again is no repetition but a sign
/// of loss, and stays.
fn is_overtaken(first: &[u8], packet: &[u8]) -> bool {
    let (Some(before), Some(now)) = (acknowledgement(first), acknowledgement(packet)) else { return false };
    let same = |from: usize, to: usize| first.get(from..to) == packet.get(from..to);
    // All but the number, the window and the checksum.
    (1..1 << 31).contains(&now.wrapping_sub(before))
        && first.len() == packet.len()
        && same(0, IPV6_HEAD + 8)
        && same(IPV6_HEAD + 12, IPV6_HEAD + 14)
        && same(IPV6_HEAD + 18, packet.len())
}

/// The number of a packet that only acknowledges.
fn acknowledgement(packet: &[u8]) -> Option<u32> {
    let (flags, words) = (*packet.get(FLAGS_AT)?, packet.get(IPV6_HEAD + 12)? >> 4);
    let is_bare = packet.get(6) == Some(&TCP) && flags == ACK && packet.len() == IPV6_HEAD + usize::from(words) * 4;
    let number = packet.get(IPV6_HEAD + 8..IPV6_HEAD + 12)?.try_into().ok()?;
    is_bare.then(|| u32::from_be_bytes(number))
}

/// Addresses and ports.
fn is_same_flow(first: &[u8], packet: &[u8]) -> bool {
    let flow = 8..IPV6_HEAD + 4;
    first.get(6) == Some(&TCP) && first.get(flow.clone()).is_some_and(|own| packet.get(flow) == Some(own))
}

/// Everything else that one header must say for all: class and label, hops, acknowledgement, window, options.
fn is_same_header(first: &[u8], packet: &[u8], headers: usize) -> bool {
    let same = |from: usize, to: usize| first.get(from..to).is_some_and(|own| packet.get(from..to) == Some(own));
    same(0, 4)
        && same(7, 8)
        && same(IPV6_HEAD + 8, IPV6_HEAD + 13)
        && same(IPV6_HEAD + 14, IPV6_HEAD + 16)
        && same(IPV6_HEAD + 18, headers)
}

fn head_of(segment: Segment) -> VirtioNetHdr {
    let small = |number: usize| u16::try_from(number).unwrap_or_default();
    VirtioNetHdr {
        flags: NEEDS_CHECKSUM,
        gso_type: TCP_OVER_IPV6,
        hdr_len: small(segment.headers),
        gso_size: small(segment.data),
        csum_start: small(IPV6_HEAD),
        csum_offset: small(SUM_AT - IPV6_HEAD),
    }
}

/// Makes the first packet's header that of all of them. `false` when it is none.
fn adapt(first: &mut [u8], bytes: usize, push: u8) -> bool {
    let Ok(length) = u16::try_from(bytes.saturating_sub(IPV6_HEAD)) else { return false };
    let pseudo = first.get(8..IPV6_HEAD).map(|addresses| sum(addresses) + pseudo_rest(length));
    let (Some(pseudo), true) = (pseudo, first.len() > SUM_AT + 1) else { return false };
    first[LENGTH_AT..LENGTH_AT + 2].copy_from_slice(&length.to_be_bytes());
    first[FLAGS_AT] |= push;
    first[SUM_AT..SUM_AT + 2].copy_from_slice(&fold(pseudo).to_ne_bytes());
    true
}

/// Whether the packet's checksum is right.
fn is_right(packet: &[u8]) -> bool {
    let Ok(length) = u16::try_from(packet.len().saturating_sub(IPV6_HEAD)) else { return false };
    // Addresses, header and data stand together.
    packet.get(8..).is_some_and(|bytes| fold(sum(bytes) + pseudo_rest(length)) == 0xffff)
}

/// The pseudo header without its addresses, in memory order like [`sum`].
fn pseudo_rest(length: u16) -> u64 {
    u64::from(length.to_be()) + u64::from(u16::from(TCP).to_be())
}

/// Sums 32-bit words in memory order, which the fold turns into the sum of 16-bit words. Written so that the compiler
/// uses vector instructions: every byte of every packet that is merged goes through here.
fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(4);
    let total: u64 =
        words.by_ref().map(|word| u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))).sum();
    let mut last = [0; 4];
    last.iter_mut().zip(words.remainder()).for_each(|(to, from)| *to = *from);
    total + u64::from(u32::from_ne_bytes(last))
}

fn fold(mut sum: u64) -> u16 {
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap_or_default()
}
