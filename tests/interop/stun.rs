//! STUN: clients of the field ask our server (`tests/peers/relayclient`), and we ask theirs (`tests/peers/stunserver`).

use std::net::SocketAddr;

use proto::stun::{self, TxId};
use server::config::Config;
use tokio::net::UdpSocket;

use crate::peer::{Program, within};

const LOCAL: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Go: make interop"]
async fn our_server_answers_the_fields_requests() {
    let peer = Program::build("./relayclient");
    for address in LOCAL {
        let folder = tempfile::tempdir().unwrap();
        let mut stun: SocketAddr = address.parse().unwrap();
        let config = Config { stun: Some(stun), ..Config::for_tests(folder.path().to_owned()) };
        let server = server::start(config).await.unwrap();
        let map = server::net::derp_map(&server.state);
        let port = map.regions.values().flat_map(|region| &region.nodes).find(|node| node.stun_only).unwrap().stun_port;
        stun.set_port(port.try_into().unwrap());
        // It ends with an error unless it is told its own address.
        let said = peer.start(&[&format!("http://{}/derp", server.address), &stun.to_string()]).end().await;
        let expect = format!("derp ok\nstun ok {}", address.trim_end_matches('0'));
        assert!(said.starts_with(&expect), "{said}");
        server.stop().await;
    }
}

#[tokio::test]
#[ignore = "needs Go: make interop"]
async fn the_fields_server_answers_our_requests() {
    let program = Program::build("./stunserver");
    for address in LOCAL {
        let socket = UdpSocket::bind(address).await.unwrap();
        let own = socket.local_addr().unwrap();
        let _server = program.start(&[address, &own.to_string()]);
        let mut packet = [0; stun::MAX_PACKET];
        let length = within(socket.recv(&mut packet)).await.unwrap();
        let server: SocketAddr = str::from_utf8(&packet[..length]).unwrap().parse().unwrap();
        for tx_id in [TxId([0; 12]), TxId([0xff; 12]), TxId(*b"twelve bytes")] {
            socket.send_to(&stun::request(tx_id), server).await.unwrap();
            let (length, from) = within(socket.recv_from(&mut packet)).await.unwrap();
            assert_eq!(from, server);
            assert!(stun::is_stun(&packet[..length]));
            assert_eq!(stun::parse_response(&packet[..length]), Ok((tx_id, own)));
        }
    }
}
