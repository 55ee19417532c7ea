//! Names over datagrams and over a real TCP client (the mesh's own stack), in virtual time.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::task::Poll;
use std::time::{Duration, Instant};

use mesh::names::{Directory, Suffix, Zone};
use mesh::stack::{FlowId, Stack, Stranger, StreamError, datagram};
use proto::address::{DNS_SERVER, PREFIX, under};
use proto::dns::Name;
use proto::tailnet::{Agent, Workspace, WorkspaceUpdate};
use uuid::Uuid;

use super::{IDLE, MAX_STREAMS, PORT, Streams, answer_datagram};
use crate::packet;

fn ours() -> Ipv6Addr {
    under(PREFIX, Uuid::from_u128(1))
}

fn directory() -> Directory {
    let id = |number: u128| Uuid::from_u128(number).as_bytes().to_vec();
    let mut zone = Zone::new(Suffix::new("coder", "example.com").unwrap(), "ann");
    let workspace = Workspace { id: id(5), name: "box".into(), status: 3 };
    let agent = Agent { id: id(6), name: "dev".into(), workspace_id: id(5) };
    let update = WorkspaceUpdate {
        upserted_workspaces: vec![workspace],
        upserted_agents: vec![agent],
        ..WorkspaceUpdate::default()
    };
    zone.apply(&update).unwrap();
    Directory::new([&zone])
}

fn query(name: &str) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(Name::parse(name).unwrap().wire());
    bytes.extend_from_slice(&[0, 28, 0, 1]);
    bytes
}

#[test]
fn datagrams_are_answered() {
    #[track_caller]
    fn check(data: &[u8], port: u16, expect: Option<u8>) {
        let here = SocketAddrV6::new(ours(), 4000, 0, 0);
        let packet = datagram(here, SocketAddrV6::new(DNS_SERVER, port, 0, 0), data);
        let head = packet::read(&packet).unwrap();
        let reply = answer_datagram(&packet, &head, &directory());
        assert_eq!(reply.as_ref().map(|reply| reply[48 + 3] & 15), expect);
        let Some(reply) = reply else { return };
        let head = packet::read(&reply).unwrap();
        assert_eq!((head.source, head.destination), (DNS_SERVER, ours()));
        assert_eq!(head.transport, packet::Transport::Udp { from: PORT, to: 4000 });
        assert!(reply.len() - 48 <= 4 * data.len(), "amplification");
    }
    check(&query("box.coder"), 53, Some(0));
    check(&query("gone.coder"), 53, Some(3));
    check(&query("example.com"), 53, Some(5));
    check(&query("box.coder"), 54, None);
    check(&[0xab, 0xcd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 53, Some(1));
    check(&[1, 2, 3], 53, None);
    check(&[], 53, None);
}

#[test]
fn a_datagram_whose_length_lies_is_not_answered() {
    let here = SocketAddrV6::new(ours(), 4000, 0, 0);
    for length in [0u16, 7, 8, 4000, u16::MAX] {
        let mut packet = datagram(here, SocketAddrV6::new(DNS_SERVER, PORT, 0, 0), &query("box.coder"));
        packet[44..46].copy_from_slice(&length.to_be_bytes());
        let head = packet::read(&packet).unwrap();
        assert_eq!(answer_datagram(&packet, &head, &directory()), None, "{length}");
    }
}

/// A client of this machine and the server, joined without a network.
struct Pair {
    client: Stack,
    server: Streams,
    now: Instant,
}

impl Pair {
    fn new() -> Self {
        let now = Instant::now();
        let client = Stack::new(vec![ours()], Stranger::Refuse, 1, now);
        Self { client, server: Streams::new(2, now), now }
    }

    fn exchange(&mut self) {
        let directory = directory();
        for _ in 0..20 {
            let (mut there, mut back) = (Vec::new(), Vec::new());
            self.client.poll(self.now, &mut |packet| there.push(packet.to_vec()));
            there.iter().for_each(|packet| self.server.handle_packet(packet, self.now));
            self.server.poll(&directory, self.now, &mut |packet| back.push(packet.to_vec()));
            back.iter().for_each(|packet| self.client.handle_packet(packet, self.now));
        }
    }

    fn dial(&mut self) -> FlowId {
        let flow = self.client.dial(SocketAddrV6::new(DNS_SERVER, PORT, 0, 0), self.now).unwrap();
        self.exchange();
        flow
    }

    fn ask(&mut self, flow: FlowId, bytes: &[u8]) -> Poll<Result<Vec<u8>, StreamError>> {
        assert_eq!(self.client.write(flow, bytes), Poll::Ready(Ok(bytes.len())));
        self.exchange();
        self.hear(flow)
    }

    fn hear(&mut self, flow: FlowId) -> Poll<Result<Vec<u8>, StreamError>> {
        let mut buffer = vec![0; 70_000];
        let read = self.client.read(flow, &mut buffer, self.now);
        read.map_ok(|count| buffer[..count].to_vec())
    }
}

fn framed(query: &[u8]) -> Vec<u8> {
    [&u16::try_from(query.len()).unwrap().to_be_bytes(), query].concat()
}

#[test]
fn streams_are_answered_however_they_come() {
    let mut pair = Pair::new();
    let flow = pair.dial();
    let two = [framed(&query("box.coder")), framed(&query("gone.coder"))].concat();
    let Poll::Ready(Ok(replies)) = pair.ask(flow, &two) else { panic!("no answer") };
    let first = usize::from(u16::from_be_bytes([replies[0], replies[1]]));
    assert_eq!((replies[2 + 3] & 15, replies[2 + first + 2 + 3] & 15), (0, 3));
    let (head, tail) = two.split_at(9);
    assert_eq!(pair.ask(flow, head), Poll::Pending);
    assert!(matches!(pair.ask(flow, tail), Poll::Ready(Ok(again)) if again == replies));
    pair.client.close_write(flow);
    pair.exchange();
    assert_eq!(pair.hear(flow), Poll::Ready(Ok(vec![])), "the end follows the end");
    assert!(pair.server.open.is_empty());
}

#[test]
fn hostile_streams_end() {
    #[track_caller]
    fn check(bytes: &[u8]) {
        let mut pair = Pair::new();
        let flow = pair.dial();
        assert_eq!(pair.ask(flow, bytes), Poll::Ready(Err(StreamError::Reset)));
        assert!(pair.server.open.is_empty());
    }
    check(&[0xff, 0xff]);
    check(&[0x10, 0x01, 0, 0]);
    check(&[0, 3, 1, 2, 3]);
    check(&[0, 0]);
    // An answer is not answered.
    let mut reply = query("box.coder");
    reply[2] |= 0x80;
    check(&framed(&reply));
}

#[test]
fn idle_streams_end() {
    let mut pair = Pair::new();
    let flow = pair.dial();
    pair.now += IDLE - Duration::from_secs(1);
    // Bytes of an unfinished query are not a sign of life.
    assert_eq!(pair.ask(flow, &[0]), Poll::Pending);
    assert!(pair.server.next_timeout().is_some_and(|due| due <= pair.now + Duration::from_secs(1)));
    pair.now += Duration::from_secs(1);
    pair.exchange();
    assert_eq!(pair.hear(flow), Poll::Ready(Err(StreamError::Reset)));
}

#[test]
fn streams_are_bounded() {
    let mut pair = Pair::new();
    let flows: Vec<FlowId> = (0..MAX_STREAMS + 20).map(|_| pair.dial()).collect();
    assert_eq!(pair.server.open.len(), MAX_STREAMS);
    assert!(matches!(pair.ask(flows[0], &framed(&query("box.coder"))), Poll::Ready(Ok(_))));
    assert_eq!(pair.client.opened(flows[MAX_STREAMS]), Poll::Pending);
}

#[test]
fn a_program_that_never_reads_is_cut_off() {
    let mut pair = Pair::new();
    let flow = pair.dial();
    let many = framed(&query("box.coder")).repeat(2000);
    let mut at = 0;
    while at < many.len() {
        match pair.client.write(flow, &many[at..]) {
            Poll::Ready(Ok(count)) => at += count,
            Poll::Ready(Err(_)) => break,
            Poll::Pending => {}
        }
        pair.exchange();
        if pair.server.open.is_empty() {
            break;
        }
    }
    let unread: usize = pair.server.open.values().map(|stream| stream.unread.len()).sum();
    assert!(unread <= super::MAX_UNREAD);
}
