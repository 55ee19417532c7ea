//! The mesh under hostile packets: the engine beside an honest pair (catalogue B01 to B03), the user-space stack beside an
//! honest connection (B08). Not here: the decoders of single messages (`wires`).

use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};
use std::task::Poll;
use std::time::{Duration, Instant};

use mesh::stack::{Event, FlowId, MAX_FLOWS_PER_PEER, Stack, Stranger};

use super::script::Script;
use crate::sim::{NatKind, PORT, Seen, World};

/// Where the hostile host sends from.
const HOSTILE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 66)), 6);
/// Hosts of the pair.
const PAIR: [usize; 2] = [0, 1];

/// A pair that talks while a stranger sends to both, replays and changes what they sent, and the peer itself puts any
/// inner packet into the tunnel. Nothing comes out twice or under a foreign address, the stranger gets no answer, and the
/// pair talks on.
pub fn engine(data: &[u8]) {
    let mut world = World::pair(NatKind::Public, NatKind::Public);
    world.run(Duration::from_secs(1));
    let mut sent = [0, 0];
    world.chat(0, 1, Duration::from_millis(200));
    // What a hostile peer would tell the coordinator is another matter.
    PAIR.iter().for_each(|host| world.hosts[*host].is_control_cut = true);
    let (mut script, mut has_replayed) = (Script(data), false);
    while let Some(what) = script.byte() {
        let host = usize::from(what & 1);
        match what >> 1 & 7 {
            // The stranger's own datagram.
            0 => {
                let to = address_of(&world, host);
                world.inject(Seen::Udp { from: HOSTILE, to, data: script.piece().to_vec() });
            }
            // Something that was said, again or changed, from where it came or from the stranger.
            1..=3 => {
                let index = usize::from(script.byte().unwrap_or_default());
                let Some(mut packet) = world.seen.iter().rev().nth(index % world.seen.len().max(1)).cloned() else {
                    continue;
                };
                let (at, mask) = (script.number(), script.byte().unwrap_or_default());
                match &mut packet {
                    Seen::Udp { from, data, .. } => {
                        change(data, at, mask);
                        if what >> 7 == 1 {
                            *from = HOSTILE;
                            has_replayed = true;
                        }
                    }
                    Seen::Relay { data, .. } => change(data, at, mask),
                }
                world.inject(packet);
            }
            // The relay says anything in the peer's name.
            4 => {
                let (from, to) = (world.hosts[1 - host].key, world.hosts[host].key);
                world.inject(Seen::Relay { region: 1, from, to, data: script.piece().to_vec() });
            }
            // The peer itself is hostile: any packet with a valid frame around it.
            5 | 6 => {
                let packet = script.piece().to_vec();
                let (now, real) = (world.now, proto::address::of_agent(world.hosts[host].id.0).to_vec());
                if let Some(source) = packet.get(8..24).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()) {
                    world.act(host, |engine| {
                        engine.set_addresses(vec![Ipv6Addr::from(source)], now);
                        engine.handle_inner(&packet, now);
                        engine.set_addresses(real, now);
                    });
                    sent[host] += 1;
                }
            }
            _ => world.run(Duration::from_millis(u64::from(script.byte().unwrap_or_default()) * 40)),
        }
        world.run(Duration::from_millis(1));
    }
    // What was said in vain is not answered for ever.
    world.run(Duration::from_secs(1));
    for host in PAIR {
        let peer = proto::address::of_agent(world.hosts[1 - host].id.0);
        // The two honest packets of the chat, and what the peer put in; a replay adds nothing.
        check_delivered(&world.hosts[host].received, &peer, 2 + sent[1 - host]);
    }
    let answered = world.seen.iter().any(|seen| matches!(seen, Seen::Udp { to, .. } if *to == HOSTILE));
    // A ping that the peer made, seen again from another address, is how a peer looks that has moved.
    assert!(has_replayed || !answered, "a stranger got an answer");
    let (there, back) = world.chat(0, 1, Duration::from_secs(1));
    assert!(there > 0 && back > 0, "the pair does not talk any more");
}

/// Panics when packets came out under an address that is not the peer's, or more than the peer put in.
pub fn check_delivered(received: &[Vec<u8>], peer: &[Ipv6Addr], most: usize) {
    for packet in received {
        let source: [u8; 16] = packet[8..24].try_into().expect("an IPv6 packet");
        assert!(peer.contains(&Ipv6Addr::from(source)), "a foreign source came out of the tunnel");
    }
    assert!(received.len() <= most, "{} packets of {most} came out", received.len());
}

/// Where the other one sends to.
fn address_of(world: &World, host: usize) -> SocketAddr {
    SocketAddr::new(world.hosts[host].nat.public(), PORT)
}

fn change(data: &mut [u8], at: u16, mask: u8) {
    let at = usize::from(at) % data.len().max(1);
    if let Some(byte) = data.get_mut(at) {
        *byte ^= mask;
    }
}

const OURS: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0, 0, 0, 0, 1);
const THEIRS: Ipv6Addr = Ipv6Addr::new(0xfd7a, 0x115c, 0xa1e0, 0, 0, 0, 0, 6);
const IP_HEADER: usize = 40;
const TCP_HEADER: usize = 20;
/// Longest that ends of connections may linger; SSH keep-alives are days apart, but nobody holds those connections.
const FOREVER: Duration = Duration::from_secs(3600);

/// A listener, an open UDP port and an asking stack, against one peer that sends any segment: whole packets, segments with
/// right checksums, and answers to the stack's own segments. When everybody has left, nothing remains.
pub fn stack(data: &[u8]) {
    let mut script = Script(data);
    let strangers = if script.byte().unwrap_or_default() & 1 == 0 { Stranger::Ask } else { Stranger::Refuse };
    let now = Instant::now();
    let mut one = One { stack: Stack::new(vec![OURS], strangers, 1, now), now, held: Vec::new(), said: Vec::new() };
    one.stack.listen(80).expect("a free port");
    let (udp, _) = one.stack.bind_udp(53).expect("a free port");
    while let Some(what) = script.byte() {
        one.step(what, &mut script);
        while let Poll::Ready(Some(_)) = one.stack.receive_udp(udp) {}
        one.settle();
        assert!(one.stack.connections() <= MAX_FLOWS_PER_PEER + 16);
    }
    for flow in std::mem::take(&mut one.held) {
        one.stack.leave(flow, one.now);
    }
    let end = one.now + FOREVER;
    loop {
        one.settle();
        for flow in std::mem::take(&mut one.held) {
            one.stack.leave(flow, one.now);
        }
        if one.stack.has_output() {
            continue;
        }
        let Some(next) = one.stack.poll_timeout().filter(|next| *next <= end) else { break };
        one.now = one.now.max(next);
    }
    assert_eq!(one.stack.connections(), 0, "a connection outlives both its ends");
}

struct One {
    stack: Stack,
    now: Instant,
    /// Connections that we own.
    held: Vec<FlowId>,
    /// What the stack sent, the newest last.
    said: Vec<Vec<u8>>,
}

impl One {
    fn step(&mut self, what: u8, script: &mut Script<'_>) {
        match what & 7 {
            0 => {
                let packet = script.piece();
                self.stack.handle_packet(packet, self.now);
            }
            // A segment of our making.
            1 => {
                let ports = script.byte().unwrap_or_default();
                let to = [80, 22, 8080, 80][usize::from(ports & 3)];
                let (sequence, flags) = (u32::from(script.number()), script.byte().unwrap_or_default());
                let (window, data) = (script.number(), script.piece());
                let segment = segment(1000 + u16::from(ports >> 2), to, [sequence, 0], flags, window, data);
                self.stack.handle_packet(&segment, self.now);
            }
            // Many openings.
            2 => {
                for port in 0..u16::from(script.byte().unwrap_or_default()) * 2 {
                    self.stack.handle_packet(&segment(2000 + port, 80, [7, 0], 2, 512, &[]), self.now);
                }
            }
            // An answer to what the stack said: right numbers but for what the script adds to them.
            3 | 4 => {
                let index = usize::from(script.byte().unwrap_or_default());
                let Some(said) = self.said.iter().rev().nth(index % self.said.len().max(1)) else { return };
                let Some(tcp) = said.get(IP_HEADER..).filter(|tcp| tcp.len() >= TCP_HEADER && said[6] == 6) else {
                    return;
                };
                let number = |at: usize| u32::from_be_bytes([tcp[at], tcp[at + 1], tcp[at + 2], tcp[at + 3]]);
                let length = tcp.len() - (usize::from(tcp[12] >> 4) * 4).min(tcp.len());
                let ends = u32::from(tcp[13] & 3 != 0) + u32::try_from(length).unwrap_or_default();
                let (flags, shift) = (script.byte().unwrap_or_default(), script.byte().unwrap_or_default());
                let (window, data) = (script.number(), script.piece());
                let from = u16::from_be_bytes([tcp[2], tcp[3]]);
                let to = u16::from_be_bytes([tcp[0], tcp[1]]);
                let sequence = number(8).wrapping_add(u32::from(shift >> 4)).wrapping_sub(8 * u32::from(shift >> 7));
                let acknowledged =
                    number(4).wrapping_add(ends).wrapping_add(u32::from(shift & 15)).wrapping_sub(u32::from(shift & 1));
                let segment = segment(from, to, [sequence, acknowledged], flags | 16, window, data);
                self.stack.handle_packet(&segment, self.now);
            }
            5 => {
                let Some(flow) = self.flow(script) else { return };
                let _ = self.stack.write(flow, &vec![7; usize::from(script.number())]);
            }
            6 => {
                let Some(flow) = self.flow(script) else { return };
                match what >> 3 & 3 {
                    0 => self.stack.close_write(flow),
                    1 => {
                        self.held.retain(|held| *held != flow);
                        self.stack.leave(flow, self.now);
                    }
                    _ => {
                        let mut buffer = vec![0; usize::from(script.number())];
                        if let Poll::Ready(Ok(length)) = self.stack.read(flow, &mut buffer, self.now) {
                            assert!(length <= buffer.len());
                        }
                    }
                }
            }
            _ => {
                self.now += Duration::from_millis(u64::from(script.number()));
                if what >> 3 == 0 {
                    self.held.extend(self.stack.dial(SocketAddrV6::new(THEIRS, script.number(), 0, 0), self.now));
                }
            }
        }
    }

    fn flow(&self, script: &mut Script<'_>) -> Option<FlowId> {
        let index = usize::from(script.byte()?);
        self.held.get(index % self.held.len().max(1)).copied()
    }

    /// Carries out what the stack wants.
    fn settle(&mut self) {
        for _ in 0..64 {
            let said = &mut self.said;
            let more = self.stack.poll(self.now, &mut |packet| {
                assert!(packet.len() <= 1280 && packet[0] >> 4 == 6, "no packet of ours");
                assert_eq!(packet[8..24], OURS.octets());
                said.push(packet.to_vec());
            });
            let cut = self.said.len().saturating_sub(256);
            self.said.drain(..cut);
            while let Some(event) = self.stack.poll_event() {
                match event {
                    Event::Accepted { flow, .. } => self.held.push(flow),
                    Event::Asked { ask, remote, .. } => {
                        let agreed = remote.port() % 2 == 0;
                        self.held.extend(self.stack.answer(ask, agreed, self.now).ok().flatten());
                    }
                    _ => {}
                }
            }
            if !more && !self.stack.has_output() {
                return;
            }
        }
    }
}

/// A segment of the hostile peer with a right checksum.
fn segment(from: u16, to: u16, numbers: [u32; 2], flags: u8, window: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(TCP_HEADER + data.len()).expect("a short segment");
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[6, 64]);
    packet.extend_from_slice(&THEIRS.octets());
    packet.extend_from_slice(&OURS.octets());
    packet.extend_from_slice(&from.to_be_bytes());
    packet.extend_from_slice(&to.to_be_bytes());
    numbers.iter().for_each(|number| packet.extend_from_slice(&number.to_be_bytes()));
    packet.extend_from_slice(&[5 << 4, flags]);
    packet.extend_from_slice(&window.to_be_bytes());
    packet.extend_from_slice(&[0; 4]);
    packet.extend_from_slice(data);
    let mut sum = u64::from(length) + 6;
    for pair in packet[8..].chunks(2) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let checksum = !u16::try_from(sum).expect("folded");
    packet[IP_HEADER + 16..IP_HEADER + 18].copy_from_slice(&checksum.to_be_bytes());
    packet
}
