//! A mesh on a device: packets of the system go in as they are, and come out as they are.

use std::net::Ipv6Addr;

use bytes::BytesMut;
use tokio::sync::mpsc;

use super::*;

struct Seen(mpsc::UnboundedSender<Vec<u8>>);

impl Device for Seen {
    fn deliver(&mut self, packets: &mut Vec<BytesMut>) {
        packets.drain(..).for_each(|packet| self.0.send(packet.to_vec()).unwrap());
    }
}

/// A UDP packet with its checksum (RFC 8200 8.1).
fn udp(from: Ipv6Addr, to: Ipv6Addr, ports: [u16; 2], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + data.len()).unwrap();
    let mut body = [ports[0].to_be_bytes(), ports[1].to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
    body.extend_from_slice(data);
    let pseudo = [&from.octets()[..], &to.octets(), &[0, 0], &length.to_be_bytes(), &[0, 0, 0, 17], &body].concat();
    let words = pseudo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    body[6..8].copy_from_slice(&(!u16::try_from(sum).unwrap()).to_be_bytes());
    let head = [0x60, 0, 0, 0, length.to_be_bytes()[0], length.to_be_bytes()[1], 17, 64];
    [&head[..], &from.octets(), &to.octets(), &body].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packets_of_a_device_pass_unchanged() {
    within(async {
        let relay = TestRelay::start().await;
        let daemon = peer(Role::Agent, &relay, |_| {}).await;
        let (sender, mut seen) = mpsc::unbounded_channel();
        let (config, id) = config(Role::Client, &relay);
        let address = config.addresses[0];
        let (mesh, outward) = Mesh::start_on_device(config, Box::new(Seen(sender))).await.unwrap();
        coordinator::connect(&mesh, id, &daemon.mesh, daemon.id);
        mesh.add_tunnel(daemon.id);
        mesh.await_reachable(daemon.address, LIMIT).await.unwrap();

        let socket = daemon.mesh.bind_udp(9).await.unwrap();
        let mut batch = outward.batch();
        // From an address that is not ours: dropped. Then a good one.
        batch.push(&udp(Ipv6Addr::LOCALHOST, daemon.address, [5, 9], b"spoofed"));
        batch.push(&udp(address, daemon.address, [5, 9], b"ping"));
        assert_eq!(batch.iter().count(), 2);
        assert!(outward.send(batch));
        let (data, from) = socket.recv_from().await.unwrap();
        assert_eq!((&data[..], from), (&b"ping"[..], SocketAddrV6::new(address, 5, 0, 0)));
        socket.send_to(b"pong", from).await.unwrap();
        assert_eq!(seen.recv().await.unwrap(), udp(daemon.address, address, [9, 5], b"pong"));

        let totals = mesh.status().await.flows;
        assert_eq!((totals.sent_packets, totals.received_packets), (2, 1));
        mesh.shutdown().await;
        while outward.send(outward.batch()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
