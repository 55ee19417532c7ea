//! Whole relay connections over pipes in memory; time is virtual.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Bytes, BytesMut};
use proto::derp::login::{ClientInfo, ServerInfo};
use proto::derp::{Decoder, Frame, GoneReason};
use proto::key::{NodePrivate, NodePublic};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use crate::net::relay::{GreetingError, Relay};

const PIPE: usize = 64 * 1024;

fn relay() -> Arc<Relay> {
    Arc::new(Relay::new(NodePrivate::from_bytes([9; 32])))
}

type Served = JoinHandle<Result<(), GreetingError>>;

fn connect(relay: &Arc<Relay>) -> (DuplexStream, Served) {
    let (near, far) = tokio::io::duplex(PIPE);
    let relay = Arc::clone(relay);
    let served = tokio::spawn(async move {
        let (reader, writer) = tokio::io::split(far);
        relay.serve(reader, writer, Bytes::new()).await
    });
    (near, served)
}

/// A client of the relay.
struct Peer {
    key: NodePublic,
    socket: DuplexStream,
    decoder: Decoder,
    served: Served,
}

impl Peer {
    async fn new(relay: &Arc<Relay>, number: u8) -> Self {
        let private = NodePrivate::from_bytes([number; 32]);
        let (socket, served) = connect(relay);
        let mut peer = Self { key: private.public(), socket, decoder: Decoder::new(), served };
        let Frame::ServerKey(server) = peer.next().await else { panic!("the relay must say who it is") };
        assert_eq!(server, relay.public_key());
        let info = ClientInfo { can_ack_pings: true, ..ClientInfo::default() };
        peer.send(info.seal(&private, &server, [7; 24]).unwrap()).await;
        let Frame::ServerInfo { nonce, sealed } = peer.next().await else { panic!("the relay must greet") };
        assert_eq!(ServerInfo::open(&private, &server, &nonce, &sealed).unwrap(), ServerInfo::default());
        peer
    }

    async fn send(&mut self, frame: Frame) {
        let mut out = BytesMut::new();
        frame.encode(&mut out).unwrap();
        self.socket.write_all(&out).await.unwrap();
    }

    async fn packet(&mut self, to: NodePublic, data: impl Into<Bytes>) {
        self.send(Frame::SendPacket { to, data: data.into() }).await;
    }

    async fn next(&mut self) -> Frame {
        self.try_next().await.expect("the relay closed the connection")
    }

    async fn try_next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(frame);
            }
            if self.socket.read_buf(self.decoder.buffer()).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Everything queued before this call has been routed once the pong is here.
    async fn settle(&mut self) {
        self.send(Frame::Ping(*b"settled?")).await;
        assert_eq!(self.next().await, Frame::Pong(*b"settled?"));
    }
}

fn disco() -> Bytes {
    Bytes::from([&[0x54, 0x53, 0xf0, 0x9f, 0x92, 0xac][..], &[0; 80]].concat())
}

#[tokio::test(start_paused = true)]
async fn packets_arrive_with_their_senders_key_and_in_order() {
    let relay = relay();
    let (mut a, mut b) = (Peer::new(&relay, 1).await, Peer::new(&relay, 2).await);
    for number in 0..100_u8 {
        a.packet(b.key, vec![number; usize::from(number)]).await;
    }
    for number in 0..100_u8 {
        let data = vec![number; usize::from(number)].into();
        assert_eq!(b.next().await, Frame::RecvPacket { from: a.key, data });
    }
    a.packet(a.key, "to myself").await;
    assert_eq!(a.next().await, Frame::RecvPacket { from: a.key, data: "to myself".into() });
    let longest = vec![5; proto::derp::MAX_PACKET];
    a.packet(b.key, longest.clone()).await;
    assert_eq!(b.next().await, Frame::RecvPacket { from: a.key, data: longest.into() });
}

#[tokio::test(start_paused = true)]
async fn no_tagged_frame_reaches_a_wrong_key() {
    let relay = relay();
    let mut peers = Vec::new();
    for number in 1..=20 {
        peers.push(Peer::new(&relay, number).await);
    }
    let keys: Vec<NodePublic> = peers.iter().map(|peer| peer.key).collect();
    for round in 0..50_usize {
        for (from, peer) in peers.iter_mut().enumerate() {
            let to = (from * 7 + round * 3 + 1) % keys.len();
            let tag = [&keys[from].0[..], &keys[to].0, &(round as u64).to_be_bytes()].concat();
            peer.packet(keys[to], tag).await;
        }
    }
    let mut seen = 0;
    for peer in &mut peers {
        peer.send(Frame::Ping(*b"the last")).await;
    }
    for peer in &mut peers {
        // Pongs overtake packets, so count: the tags say what is due.
        let mut pongs = 0;
        let mut mine = 0;
        while pongs == 0 || mine < 50 {
            match peer.next().await {
                Frame::Pong(_) => pongs += 1,
                Frame::RecvPacket { from, data } => {
                    assert_eq!(data[..32], from.0, "the sender is the one who sent");
                    assert_eq!(data[32..64], peer.key.0, "the receiver is the one who was named");
                    mine += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        seen += mine;
    }
    assert_eq!(seen, 20 * 50);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_stops_nobody_else_and_is_cut() {
    let relay = relay();
    let (mut a, mut b, stuck) = (Peer::new(&relay, 1).await, Peer::new(&relay, 2).await, Peer::new(&relay, 3).await);
    for number in 0..2_000_u32 {
        a.packet(stuck.key, vec![0; 1_300]).await;
        if number % 20 == 0 {
            a.packet(b.key, number.to_be_bytes().to_vec()).await;
            let data = number.to_be_bytes().to_vec().into();
            assert_eq!(b.next().await, Frame::RecvPacket { from: a.key, data });
        }
    }
    assert!(relay.counters.dropped.load(Ordering::Relaxed) > 500);
    // Its socket took nothing for 2 s of virtual time.
    stuck.served.await.unwrap().unwrap();
    assert_eq!(relay.client_count(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_heard_of_a_client_are_told_when_it_goes() {
    let relay = relay();
    let (mut a, mut b, mut c) = (Peer::new(&relay, 1).await, Peer::new(&relay, 2).await, Peer::new(&relay, 3).await);
    a.packet(b.key, "hello").await;
    b.next().await;
    let gone = a.key;
    drop(a.socket);
    a.served.await.unwrap().unwrap();
    assert_eq!(b.next().await, Frame::PeerGone(gone, GoneReason::Disconnected));
    c.settle().await;
}

#[tokio::test(start_paused = true)]
async fn only_disco_to_an_unknown_key_is_answered_and_not_too_often() {
    let relay = relay();
    let mut a = Peer::new(&relay, 1).await;
    let nobody = |number: u8| NodePublic([100 + number; 32]);
    a.packet(nobody(0), "data").await;
    a.settle().await;
    for number in 0..10 {
        a.packet(nobody(number), disco()).await;
    }
    a.send(Frame::Ping(*b"enough??")).await;
    for number in 0..3 {
        assert_eq!(a.next().await, Frame::PeerGone(nobody(number), GoneReason::NotHere));
    }
    assert_eq!(a.next().await, Frame::Pong(*b"enough??"));
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_hears_from_the_relay_within_65_seconds() {
    let relay = relay();
    let mut a = Peer::new(&relay, 1).await;
    let before = tokio::time::Instant::now();
    assert_eq!(a.next().await, Frame::KeepAlive);
    assert_eq!(a.next().await, Frame::KeepAlive);
    let elapsed = before.elapsed().as_secs();
    assert!((120..=130).contains(&elapsed), "{elapsed}");
}

#[tokio::test(start_paused = true)]
async fn duplicates_get_the_packets_of_the_last_writer() {
    let relay = relay();
    let (mut old, mut new, mut sender) =
        (Peer::new(&relay, 1).await, Peer::new(&relay, 1).await, Peer::new(&relay, 2).await);
    sender.packet(old.key, "to the newer").await;
    assert_eq!(new.next().await, Frame::RecvPacket { from: sender.key, data: "to the newer".into() });
    old.settle().await;
    sender.packet(old.key, "to the writer").await;
    assert_eq!(old.next().await, Frame::RecvPacket { from: sender.key, data: "to the writer".into() });
    new.settle().await;
    old.settle().await;
    sender.packet(old.key, "to nobody").await;
    sender.settle().await;
    drop(old.socket);
    old.served.await.unwrap().unwrap();
    sender.packet(new.key, "to the one left").await;
    assert_eq!(new.next().await, Frame::RecvPacket { from: sender.key, data: "to the one left".into() });
}

#[tokio::test(start_paused = true)]
async fn who_does_not_prove_a_key_gets_nothing() {
    let private = NodePrivate::from_bytes([4; 32]);
    let info = ClientInfo::default();
    let sealed_for = |relay: &NodePublic| info.seal(&private, relay, [1; 24]).unwrap();
    let ours = relay().public_key();
    let stolen = match sealed_for(&ours) {
        Frame::ClientInfo { nonce, sealed, .. } => Frame::ClientInfo { key: NodePublic([8; 32]), nonce, sealed },
        other => other,
    };
    let rows: Vec<(&str, Vec<Frame>, &str)> = vec![
        ("nothing", vec![], "in time"),
        ("sealed for another relay", vec![sealed_for(&NodePublic([3; 32]))], "not sealed"),
        ("another's key", vec![stolen], "not sealed"),
        ("a packet first", vec![Frame::SendPacket { to: ours, data: "x".into() }], "first"),
        ("a ping first", vec![Frame::Ping([0; 8])], "first"),
    ];
    for (what, frames, text) in rows {
        let relay = relay();
        let (mut socket, served) = connect(&relay);
        for frame in frames {
            let mut out = BytesMut::new();
            frame.encode(&mut out).unwrap();
            socket.write_all(&out).await.unwrap();
        }
        let error = served.await.unwrap().unwrap_err();
        assert!(error.to_string().contains(text), "{what}: {error}");
        let mut all = Vec::new();
        socket.read_to_end(&mut all).await.unwrap();
        assert_eq!(all.len(), 45, "{what}: nothing but the relay's key");
        assert_eq!(relay.client_count(), 0, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn hostile_frames_cut_only_their_sender() {
    let relay = relay();
    let mut honest = Peer::new(&relay, 1).await;
    let header = |kind: u8, length: u32| [&[kind][..], &length.to_be_bytes()].concat();
    let rows = [
        header(0x04, u32::MAX),
        header(0x04, 3),
        header(0x0a, 70),
        header(0x10, 0),
        header(0x11, 32),
        header(0x12, 1 << 20),
        header(0x99, (1 << 20) + 1),
    ];
    for (number, bytes) in rows.into_iter().enumerate() {
        let mut hostile = Peer::new(&relay, 50).await;
        hostile.socket.write_all(&bytes).await.unwrap();
        while hostile.try_next().await.is_some() {}
        hostile.served.await.unwrap().unwrap();
        assert_eq!(relay.client_count(), 1, "row {number}");
    }
    // A frame of an unknown type is skipped, however long, and byte by byte.
    let mut odd = Peer::new(&relay, 51).await;
    odd.socket.write_all(&header(0x99, 1 << 20)).await.unwrap();
    for _ in 0..1 << 10 {
        odd.socket.write_all(&[0; 1 << 10]).await.unwrap();
    }
    let mut out = BytesMut::new();
    Frame::SendPacket { to: honest.key, data: "still here".into() }.encode(&mut out).unwrap();
    for byte in out {
        odd.socket.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(honest.next().await, Frame::RecvPacket { from: odd.key, data: "still here".into() });
}
