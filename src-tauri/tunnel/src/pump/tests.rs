//! Where packets go, with real engines that know nobody and a device of memory.

use std::collections::HashMap;
use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use std::{io, sync::mpsc::channel};

use bytes::{Bytes, BytesMut};
use mesh::driver::{Device, Outward, RelayTransport, Role, Unhandled};
use mesh::stack::{datagram, fill_checksum, write_ip};
use mesh::{Mesh, MeshConfig};
use proto::address::{DNS_SERVER, PREFIX, under};
use proto::derp_map::DerpMap;
use proto::key::{DiscoPrivate, NodePrivate};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::outgoing::Outgoing;
use super::{Board, Inward, Pump, View};
use crate::gate::Gate;
use crate::machine::{Reader, Writer};
use crate::packet;
use crate::state::Key;

/// A device that keeps what it was given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<BytesMut>>>);

impl Writer for Kept {
    fn write(&mut self, packets: &mut Vec<BytesMut>) {
        self.0.lock().unwrap().append(packets);
    }

    fn another(&self) -> Box<dyn Writer> {
        Box::new(self.clone())
    }
}

impl Kept {
    fn take(&self) -> Vec<BytesMut> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Nobody;

impl Device for Nobody {
    fn deliver(&mut self, _: &mut Vec<BytesMut>) {}
}

async fn engine() -> (Mesh, Outward) {
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes([1; 32]),
        disco_key: DiscoPrivate::from_bytes([2; 32]),
        node_id: 1,
        addresses: vec![ours()],
        role: Role::Client,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: true,
        force_websockets: false,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::default(),
        derp_map: DerpMap::default(),
    };
    Mesh::start_on_device(config, Box::new(Nobody)).await.unwrap()
}

fn address(number: u128) -> Ipv6Addr {
    under(PREFIX, Uuid::from_u128(number))
}

fn ours() -> Ipv6Addr {
    address(1)
}

fn udp(from: Ipv6Addr, to: Ipv6Addr, port: u16) -> Vec<u8> {
    datagram(SocketAddrV6::new(from, 1000, 0, 0), SocketAddrV6::new(to, port, 0, 0), b"1234567890ab")
}

fn syn(from: Ipv6Addr, to: Ipv6Addr, flags: u8, size: [u8; 2]) -> Vec<u8> {
    let mut packet = vec![0; 64];
    write_ip(&mut packet, 6, from, to);
    (packet[52], packet[53]) = (6 << 4, flags);
    packet[60..].copy_from_slice(&[2, 4, size[0], size[1]]);
    fill_checksum(&mut packet, 16);
    packet
}

#[test]
fn every_packet_finds_its_way() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (mesh, outward) = runtime.block_on(engine());
    let (board, device) = (Arc::new(Board::default()), Kept::default());
    board.set_writer(Some(Box::new(device.clone())));
    let routes = HashMap::from([(address(2), Key(1)), (address(3), Key(9))]);
    board.show(View { routes, engines: HashMap::from([(Key(1), outward)]), ..View::default() });
    let (streams, mut queued) = mpsc::channel::<Bytes>(4);
    let mut outgoing = Outgoing::new(board.clone(), Arc::new(Gate::new(ours())), streams);
    // Whether the name server's streams got it, and the type and code of an ICMPv6 answer.
    let mut check = |what: &str, packet: &[u8], to_streams: bool, expect: Option<(u8, u8)>| {
        outgoing.begin(board.view(), Instant::now());
        outgoing.take(packet);
        outgoing.flush();
        let answers = device.take();
        let answer = answers.first().map(|packet| (packet[40], packet[41]));
        assert_eq!((queued.try_recv().is_ok(), answer), (to_streams, expect), "{what}");
    };
    check("a daemon", &udp(ours(), address(2), 9), false, None);
    check("a daemon whose engine is gone", &udp(ours(), address(3), 9), false, Some((1, 3)));
    check("nobody", &udp(ours(), address(4), 9), false, Some((1, 3)));
    check("nobody, by TCP", &syn(ours(), address(4), 2, [5, 0]), false, Some((1, 3)));
    check("names by TCP", &syn(ours(), DNS_SERVER, 2, [4, 0]), true, None);
    check("another port of the name server", &udp(ours(), DNS_SERVER, 54), false, Some((1, 4)));
    check("a broken query, answered from port 53", &udp(ours(), DNS_SERVER, 53), false, Some((0, 53)));
    check("the Internet", &udp(ours(), "2001:db8::1".parse().unwrap(), 9), false, None);
    check("not from us", &udp(address(5), address(4), 9), false, None);
    check("nobody yet, in a connection", &syn(ours(), address(4), 0x10, [5, 0]), false, Some((1, 3)));
    let routes = HashMap::from([(address(2), Key(1))]);
    board.show(View { routes, is_settled: true, ..View::default() });
    check(
        "nobody, in a connection: a reset between its ports",
        &syn(ours(), address(4), 0x10, [5, 0]),
        false,
        Some((0, 0)),
    );
    check("nobody, a new connection", &syn(ours(), address(4), 2, [5, 0]), false, Some((1, 3)));
    // The engine takes commands and packets in an order of its own.
    let sent = (0..1000).map(|_| runtime.block_on(mesh.status()).flows.sent_packets).find(|sent| *sent > 0);
    assert_eq!(sent, Some(1), "exactly one packet reached the engine");
}

#[test]
fn nobody_speaks_for_the_daemon_of_another() {
    let (board, device, gate) = (Arc::new(Board::default()), Kept::default(), Arc::new(Gate::new(ours())));
    board.set_writer(Some(Box::new(device.clone())));
    let routes = HashMap::from([(address(2), Key(1)), (address(3), Key(2))]);
    board.show(View { routes, ..View::default() });
    let mut inward = Inward::new(Key(1), board.clone(), gate.clone());
    let mut check = |from: Ipv6Addr, flags: u8, expect: bool| {
        inward.deliver(&mut vec![BytesMut::from(&syn(from, ours(), flags, [4, 0])[..])]);
        assert_eq!(!device.take().is_empty(), expect, "{from} {flags}");
    };
    check(address(2), 0x12, true);
    check(address(3), 0x12, false);
    check(address(4), 0x12, false);
    check(address(2), 0x02, false);
    check(DNS_SERVER, 0x12, false);
    // Many at once: what may not pass does not take others along.
    let flow = |from: u128, flags: u8| BytesMut::from(&syn(address(from), ours(), flags, [4, 0])[..]);
    inward.deliver(&mut vec![flow(3, 0x12), flow(2, 0x12), flow(2, 0x02), flow(3, 0x12), flow(2, 0x12)]);
    assert_eq!(device.take().len(), 2);
    // Without a device packets are lost, and nothing else.
    board.set_writer(None);
    inward.deliver(&mut vec![flow(2, 0x12)]);
    let other = Kept::default();
    board.set_writer(Some(Box::new(other.clone())));
    inward.deliver(&mut vec![flow(2, 0x12)]);
    assert_eq!((device.take().len(), other.take().len()), (0, 1));
}

#[test]
fn segment_sizes_of_daemons_are_lowered() {
    let (board, device) = (Arc::new(Board::default()), Kept::default());
    board.set_writer(Some(Box::new(device.clone())));
    board.show(View { routes: HashMap::from([(address(2), Key(1))]), ..View::default() });
    let mut inward = Inward::new(Key(1), board, Arc::new(Gate::new(ours())));
    inward.deliver(&mut vec![BytesMut::from(&syn(address(2), ours(), 0x12, [5, 0xb4])[..])]);
    let packet = device.take().remove(0);
    assert_eq!(packet[62..], 1220u16.to_be_bytes());
    assert!(packet::read(&packet).is_some());
}

/// A device whose first packet comes after the names have changed; then it is gone.
struct Late(Option<Box<dyn FnOnce() -> Vec<u8> + Send>>);

impl Reader for Late {
    fn read(&mut self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let wait = self.0.take().ok_or(io::ErrorKind::BrokenPipe)?;
        each(&wait());
        Ok(())
    }
}

/// One that tells when it was written to.
#[derive(Clone)]
struct Told(std::sync::mpsc::Sender<u8>);

impl Writer for Told {
    fn write(&mut self, packets: &mut Vec<BytesMut>) {
        packets.iter().for_each(|packet| self.0.send(packet[40]).unwrap());
    }

    fn another(&self) -> Box<dyn Writer> {
        Box::new(self.clone())
    }
}

#[test]
fn a_packet_that_was_long_waited_for_finds_what_is_known_then() {
    let (board, (told, answers)) = (Arc::new(Board::default()), channel());
    board.set_writer(Some(Box::new(Told(told))));
    board.show(View::default());
    let change = board.clone();
    let wait = move || {
        change.show(View { is_settled: true, ..View::default() });
        syn(ours(), address(4), 0x10, [5, 0])
    };
    let (streams, _queued) = mpsc::channel::<Bytes>(4);
    let reader = Box::new(Late(Some(Box::new(wait))));
    let _pump = Pump::start(reader, Box::new(|| ()), board, Arc::new(Gate::new(ours())), streams).unwrap();
    // By the old view it would be an ICMPv6 error, type 1; by the new one it is a reset, and this its port's first byte.
    assert_eq!(answers.recv_timeout(std::time::Duration::from_secs(20)), Ok(0), "a reset");
}
