//! Requests that are answered, those that are not, and one over a real socket.

use std::net::SocketAddr;

use proto::stun::{self, TxId};
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

use super::{answer, bind, serve};

#[test]
fn only_right_requests_are_answered_and_hardly_longer() {
    let id = TxId([3; 12]);
    let request = stun::request(id);
    let without_fingerprint = {
        let mut packet = request[..32].to_vec();
        packet[3] = 12;
        packet
    };
    let other_software = {
        let mut packet = request;
        packet[24] = b'x';
        packet
    };
    let response = stun::response(id, "192.0.2.1:1".parse().unwrap());
    let rows: &[(&str, &[u8], bool)] = &[
        ("a request", &request, true),
        ("a piece", &request[..39], false),
        ("nothing", &[], false),
        ("no fingerprint", &without_fingerprint, false),
        ("other software", &other_software, false),
        ("an answer", &response, false),
        ("noise", &[0x42; 600], false),
        ("too long", &[0; stun::MAX_PACKET + 1], false),
    ];
    for (what, packet, answered) in rows {
        for source in ["192.0.2.7:5000", "[2001:db8::7]:5000"] {
            let source: SocketAddr = source.parse().unwrap();
            let answer = answer(packet, source);
            assert_eq!(answer.is_some(), *answered, "{what}");
            if let Some(answer) = answer {
                assert!(answer.len() <= packet.len() + 4, "{what}: {} bytes", answer.len());
                assert_eq!(stun::parse_response(&answer), Ok((id, source)), "{what}");
            }
        }
    }
    assert_eq!(answer(&request, "192.0.2.7:0".parse().unwrap()), None);
}

#[tokio::test]
async fn a_client_learns_its_address() {
    let server = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.local_addr().unwrap();
    assert!(bind(address).await.is_err(), "a taken port is an error, not a panic");
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(server, stop.clone()));
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    client.send_to(b"noise", address).await.unwrap();
    client.send_to(&stun::request(TxId([9; 12])), address).await.unwrap();
    let mut packet = [0; 1500];
    let (length, _) = client.recv_from(&mut packet).await.unwrap();
    assert_eq!(stun::parse_response(&packet[..length]), Ok((TxId([9; 12]), client.local_addr().unwrap())));
    stop.cancel();
    serving.await.unwrap();
}
