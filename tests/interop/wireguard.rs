//! Our engine against wireguard-go with its netstack over loopback UDP: handshake, data with checksums, three rekeys in
//! virtual time, roaming of either side. Streams are in `gigabyte`.
//!
//! wireguard-go speaks no disco, so to the engine the loopback socket is a relay: it carries the same WireGuard messages.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use mesh::engine::{Engine, EngineConfig, NetcheckReport, Output, RelayEvent, RelayLatency, Role};
use proto::address;
use proto::derp_map::{DerpMap, Node, Region};
use proto::id::PeerId;
use proto::key::{DiscoPrivate, NodePrivate, NodePublic};
use proto::tailnet::{CoordinateResponse, PeerUpdate, PeerUpdateKind};
use uuid::Uuid;

const REGION: i32 = 1;
pub const OURS: PeerId = PeerId(Uuid::from_bytes([1; 16]));
pub const THEIRS: PeerId = PeerId(Uuid::from_bytes([2; 16]));
/// What one datagram carries: a full inner packet.
const PAYLOAD: usize = 1280 - 48;
/// Datagrams under way at once; a default socket buffer holds them.
const WINDOW: u32 = 64;
/// Packets that are worked on between two looks at the timers.
const BATCH: usize = 128;

/// The Go program, ended when this is dropped.
pub struct Echo {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    key: NodePublic,
    pub port: u16,
}

impl Echo {
    pub fn start(key: NodePublic) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let binary = folder.path().join("wgecho");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
        let built = Command::new("go").args(["build", "-o"]).arg(&binary).arg("./wgecho").current_dir(source).status();
        assert!(built.expect("make interop needs Go").success(), "wgecho does not build");
        let [ours, theirs] = [OURS, THEIRS].map(|id| address::under(address::PREFIX, id.0).to_string());
        let mut child = Command::new(&binary)
            .args([hex(&key.0), ours, theirs])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut echo = Self { child, input, output, key: NodePublic([0; 32]), port: 0 };
        echo.listen();
        echo
    }

    fn listen(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        self.key = format!("nodekey:{}", said["public_key"].as_str().unwrap()).parse().unwrap();
        self.port = said["port"].as_str().unwrap().parse().unwrap();
    }

    /// Moves it to another port, from which it says a word.
    pub fn rebind(&mut self) {
        let before = self.port;
        self.input.write_all(b"rebind\n").unwrap();
        self.listen();
        assert_ne!(self.port, before);
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A UDP socket that a thread empties, so that bursts do not depend on the size of its buffer.
struct Wire {
    socket: Arc<UdpSocket>,
    incoming: Receiver<(Vec<u8>, SocketAddr)>,
    is_closed: Arc<AtomicBool>,
}

/// Datagrams that wait to be worked on.
const WAITING: usize = 8192;

impl Wire {
    fn bind(address: &str) -> Self {
        let socket = Arc::new(UdpSocket::bind(address).unwrap());
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let (sender, incoming) = sync_channel(WAITING);
        let is_closed = Arc::new(AtomicBool::new(false));
        let (reader, closed) = (socket.clone(), is_closed.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !closed.load(Ordering::Relaxed) {
                let Ok((length, from)) = reader.recv_from(&mut buffer) else { continue };
                if let Err(TrySendError::Disconnected(_)) = sender.try_send((buffer[..length].to_vec(), from)) {
                    return;
                }
            }
        });
        Self { socket, incoming, is_closed }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// Our side: an engine whose only relay is a loopback socket.
pub struct Ours {
    pub engine: Engine,
    wire: Wire,
    /// Where the last packet came from: like every WireGuard device, we follow our peer.
    pub peer: SocketAddr,
    peer_key: NodePublic,
    started: Instant,
    /// How far the engine's clock is ahead.
    pub ahead: Duration,
    pub handshakes: usize,
    pub received: Vec<Vec<u8>>,
}

impl Ours {
    pub fn new(echo: &Echo, node_key: NodePrivate) -> Self {
        let now = Instant::now();
        let config = EngineConfig {
            node_key,
            disco_key: DiscoPrivate::from_bytes([4; 32]),
            node_id: 1,
            addresses: vec![address::under(address::PREFIX, OURS.0)],
            role: Role::Client,
            block_endpoints: true,
            force_websockets: false,
            seed: [5; 32],
        };
        let engine = Engine::new(config, now, SystemTime::now());
        let peer = SocketAddr::from(([127, 0, 0, 1], echo.port));
        let mut ours = Self {
            engine,
            wire: Wire::bind("127.0.0.1:0"),
            peer,
            peer_key: echo.key,
            started: now,
            ahead: Duration::ZERO,
            handshakes: 0,
            received: Vec::new(),
        };
        ours.begin();
        ours
    }

    pub fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }

    fn begin(&mut self) {
        let now = self.now();
        let node = Node { name: "1a".into(), region_id: REGION, host_name: "relay".into(), ..Default::default() };
        let region = Region { region_id: REGION, nodes: vec![node], ..Default::default() };
        self.engine.set_derp_map(DerpMap { regions: [(REGION, region)].into(), ..Default::default() }, now);
        let latency = RelayLatency { region: REGION, v4: Some(Duration::from_millis(1)), v6: None };
        self.engine.handle_netcheck(NetcheckReport { stun: Vec::new(), relays: vec![latency] }, now);
        self.engine.handle_relay_event(REGION, RelayEvent::Connected, now);
        self.engine.handle_coordination_started(now);
        self.engine.add_tunnel(THEIRS, now);
        let theirs = format!("{}/128", address::under(address::PREFIX, THEIRS.0));
        let node = proto::tailnet::Node {
            key: self.peer_key.to_wire(),
            disco: DiscoPrivate::from_bytes([6; 32]).public().to_string(),
            preferred_derp: REGION,
            addresses: vec![theirs.clone()],
            allowed_ips: vec![theirs],
            ..Default::default()
        };
        for (kind, node) in [(PeerUpdateKind::Node, Some(node)), (PeerUpdateKind::ReadyForHandshake, None)] {
            let update = PeerUpdate { id: THEIRS.to_wire(), node, kind: kind.into(), reason: String::new() };
            self.engine
                .handle_coordination(CoordinateResponse { peer_updates: vec![update], error: String::new() }, now);
        }
        self.drain();
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Relay { data, .. } => {
                    self.handshakes += usize::from(data.first() == Some(&1));
                    self.wire.socket.send_to(&data, self.peer).unwrap();
                }
                Output::Inner(packet) => self.received.push(packet.to_vec()),
                _ => {}
            }
        }
    }

    /// Works on what has come, waiting for so long for the first packet.
    pub fn read(&mut self, wait: Duration) {
        let mut next = match wait {
            Duration::ZERO => self.wire.incoming.try_recv().ok(),
            wait => self.wire.incoming.recv_timeout(wait).ok(),
        };
        let mut count = 0;
        while let Some((mut packet, from)) = next {
            self.peer = from;
            let now = self.now();
            self.engine.handle_relay(REGION, self.peer_key, &mut packet, now);
            count += 1;
            next = (count < BATCH).then(|| self.wire.incoming.try_recv().ok()).flatten();
        }
        let now = self.now();
        self.engine.handle_timeout(now);
        self.drain();
    }

    /// Moves to another port and address.
    pub fn roam(&mut self, address: &str) {
        self.wire = Wire::bind(address);
    }

    /// Sends so many datagrams of pseudo-random bytes and checks that every echo is what was sent.
    fn exchange(&mut self, count: u32) {
        let (mut sent, mut answered) = (0, 0);
        let mut is_answered = vec![false; usize::try_from(count).unwrap()];
        let deadline = Instant::now() + Duration::from_secs(120);
        while answered < count {
            assert!(Instant::now() < deadline, "{answered} of {count} after {:?}", self.started.elapsed());
            while sent < count && sent < answered + WINDOW {
                let packet = datagram(sent);
                let now = self.now();
                self.engine.handle_inner(&packet, now);
                sent += 1;
            }
            self.drain();
            self.read(Duration::from_millis(1));
            for packet in std::mem::take(&mut self.received) {
                let payload = &packet[48..];
                let number = u32::from_be_bytes(payload[..4].try_into().unwrap());
                assert_eq!(payload, &datagram(number)[48..], "the echo of {number}");
                assert_eq!(checksum(&packet), 0, "the UDP checksum of the echo of {number}");
                answered += u32::from(!std::mem::replace(&mut is_answered[number as usize], true));
            }
        }
    }
}

/// A full inner UDP packet to the echo port whose payload follows from its number.
fn datagram(number: u32) -> Vec<u8> {
    let [ours, theirs]: [Ipv6Addr; 2] = [OURS, THEIRS].map(|id| address::under(address::PREFIX, id.0));
    let length = u16::try_from(PAYLOAD + 8).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], 17, 64];
    packet.extend_from_slice(&ours.octets());
    packet.extend_from_slice(&theirs.octets());
    packet.extend_from_slice(&[0x12, 0x34, 0, 7, length[0], length[1], 0, 0]);
    packet.extend_from_slice(&number.to_be_bytes());
    let mut state = u64::from(number) + 1;
    packet.resize_with(40 + 8 + PAYLOAD, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    });
    let sum = checksum(&packet);
    packet[46..48].copy_from_slice(&sum.to_be_bytes());
    packet
}

/// The UDP checksum over pseudo header and datagram (RFC 8200, 8.1); 0 when the packet carries the right one.
fn checksum(packet: &[u8]) -> u16 {
    let words = packet[8..].chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)])));
    let mut sum = words.sum::<u32>() + 17 + u32::try_from(packet.len() - 40).unwrap();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

#[test]
#[ignore = "needs Go: make interop"]
fn wireguard_go_takes_handshakes_data_rekeys_and_roaming() {
    let key = NodePrivate::from_bytes([3; 32]);
    let mut echo = Echo::start(key.public());
    let mut ours = Ours::new(&echo, key);
    ours.exchange(2_000);
    assert_eq!(ours.handshakes, 1);
    for rekey in 1..=3 {
        ours.ahead += Duration::from_secs(121);
        ours.exchange(1_000);
        assert_eq!(ours.handshakes, 1 + rekey);
    }
    ours.roam("127.0.0.1:0");
    ours.exchange(1_000);
    echo.rebind();
    ours.peer.set_port(echo.port);
    ours.exchange(1_000);
    assert_eq!(ours.handshakes, 4, "roaming needs no handshake");
}
