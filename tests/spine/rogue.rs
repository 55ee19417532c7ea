//! A09: peers that the coordinator did not bring together with a daemon exchange no inner packet with it, whatever they
//! know. Every rogue has the daemon's true record (keys, relay, endpoints), as if it had stolen it.
//!
//! `HOMEPORT_TEST_SABOTAGE=A09` lets each rogue have its tunnel by asking for it properly.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::BytesMut;
use client::Deployment;
use client::control::{self, Coordination, Fed, Follower, Scope};
use mesh::driver::{Batch, Device, Outward, RelayTransport, Role, Unhandled};
use mesh::{Mesh, MeshConfig};
use proto::address::{LEGACY_PREFIX, PREFIX, under};
use proto::derp_map::DerpMap;
use proto::id::AgentId;
use proto::key::{DiscoPrivate, NodePrivate};
use proto::secret::Secret;
use proto::tailnet::{CoordinateResponse, PeerUpdate};
use tests::host::{Host, Setup};
use tests::sabotaged;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use uuid::Uuid;

/// An authorised peer answers within a tenth of this; a rogue has all of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// A datagram that arrives is there long before.
const SOON: Duration = Duration::from_millis(20);
const DEADLINE: Duration = Duration::from_secs(30);

/// A client of the mesh, and what passes between it and the coordinator.
struct Peer {
    mesh: Mesh,
    outward: Outward,
    /// What it may call itself.
    address: Ipv6Addr,
    tap: Tap,
    control: Option<AbortHandle>,
}

/// The coordination of one mesh, overheard, with words put in.
#[derive(Clone)]
struct Tap {
    mesh: Mesh,
    heard: mpsc::UnboundedSender<PeerUpdate>,
    /// Where its coordinator speaks to it.
    say: Arc<Mutex<Option<mpsc::Sender<CoordinateResponse>>>>,
    /// The only address that its coordinator is told.
    address: Ipv6Addr,
}

impl Fed for Tap {
    fn coordinate(&self) -> Coordination {
        let mesh::driver::Coordination { mut requests, responses } = self.mesh.coordinate();
        *self.say.lock().unwrap() = Some(responses.clone());
        let ((to_server, forward), (back, mut from_server)) = (mpsc::channel(64), mpsc::channel(64));
        let (heard, only) = (self.heard.clone(), format!("{}/128", self.address));
        tokio::spawn(async move {
            while let Some(mut request) = requests.recv().await {
                if let Some(node) = request.update_self.as_mut().and_then(|update| update.node.as_mut()) {
                    node.addresses = vec![only.clone()];
                    node.allowed_ips = vec![only.clone()];
                }
                if to_server.send(request).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn(async move {
            while let Some(response) = from_server.recv().await {
                let response: CoordinateResponse = response;
                response.peer_updates.iter().for_each(|update| drop(heard.send(update.clone())));
                if responses.send(response).await.is_err() {
                    return;
                }
            }
        });
        Coordination { requests: forward, responses: back }
    }

    fn set_derp_map(&self, map: DerpMap) {
        self.mesh.set_derp_map(map);
    }
}

/// Nobody follows.
struct Nobody;
impl Follower for Nobody {}

/// What comes in is of no interest.
struct Sink;
impl Device for Sink {
    fn deliver(&mut self, packets: &mut Vec<BytesMut>) {
        packets.clear();
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// A mesh with fresh keys; it may also send as `also`, which it is not.
async fn peer(deployment: &Deployment, also: Option<Ipv6Addr>) -> (Peer, mpsc::UnboundedReceiver<PeerUpdate>) {
    let info = deployment.connection_info().await.unwrap();
    let address = under(PREFIX, Uuid::from_bytes(random()));
    let config = MeshConfig {
        node_key: NodePrivate::from_bytes(random()),
        disco_key: DiscoPrivate::from_bytes(random()),
        node_id: i64::from_be_bytes(random()) & i64::MAX,
        addresses: std::iter::once(address).chain(also).collect(),
        role: Role::Client,
        unhandled: Unhandled::Refuse,
        udp_port: 0,
        block_endpoints: false,
        force_websockets: false,
        relay_headers: Vec::new(),
        relay_transport: RelayTransport::default(),
        derp_map: info.derp_map.unwrap(),
    };
    let (mesh, outward) = Mesh::start_on_device(config, Box::new(Sink)).await.unwrap();
    let (heard, listen) = mpsc::unbounded_channel();
    let tap = Tap { mesh: mesh.clone(), heard, say: Arc::default(), address };
    (Peer { mesh, outward, address, tap, control: None }, listen)
}

impl Peer {
    /// Asks the coordinator for a tunnel, as every client does.
    fn join(&mut self, deployment: &Deployment, agent: AgentId) {
        self.mesh.add_tunnel(agent.into());
        let running =
            control::run(self.tap.clone(), deployment.clone(), Scope::Daemon(agent), Nobody, Arc::new(Notify::new()));
        self.control = Some(tokio::spawn(running).abort_handle());
    }

    /// Believes in a daemon of which no coordinator told it.
    async fn learn(&self, update: &PeerUpdate) {
        if self.tap.say.lock().unwrap().is_none() {
            // A coordinator that hears nothing and says nothing.
            let mesh::driver::Coordination { mut requests, responses } = self.mesh.coordinate();
            *self.tap.say.lock().unwrap() = Some(responses);
            tokio::spawn(async move { while requests.recv().await.is_some() {} });
        }
        let say = self.tap.say.lock().unwrap().clone().unwrap();
        self.mesh.add_tunnel(proto::id::PeerId(Uuid::from_slice(&update.id).unwrap()));
        let response = CoordinateResponse { peer_updates: vec![update.clone()], error: String::new() };
        say.send(response).await.unwrap();
    }

    /// Sends a datagram inside the tunnel, from any address.
    fn send(&self, from: Ipv6Addr, to: SocketAddrV6, data: &[u8]) {
        let mut batch = Batch::default();
        batch.push(&datagram(from, to, data));
        assert!(self.outward.send(batch));
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(control) = &self.control {
            control.abort();
        }
    }
}

/// UDP in IPv6 (RFC 768, RFC 8200).
fn datagram(from: Ipv6Addr, to: SocketAddrV6, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + data.len()).unwrap();
    let mut udp = [5353u16.to_be_bytes(), to.port().to_be_bytes(), length.to_be_bytes(), [0; 2]].concat();
    udp.extend_from_slice(data);
    let mut pseudo = [&from.octets()[..], &to.ip().octets()].concat();
    pseudo.extend_from_slice(&[0, 0]);
    pseudo.extend_from_slice(&length.to_be_bytes());
    pseudo.extend_from_slice(&[0, 0, 0, 17]);
    pseudo.extend_from_slice(&udp);
    let sum: u32 = pseudo.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
    udp[6..8].copy_from_slice(&sum.to_be_bytes());
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[17, 64]);
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.ip().octets());
    packet.extend_from_slice(&udp);
    packet
}

/// The next datagram at the workspace's port, if one comes soon.
async fn heard(service: &UdpSocket) -> Option<String> {
    let mut buffer = [0; 64];
    let count = tokio::time::timeout(SOON, service.recv(&mut buffer)).await.ok()?.unwrap();
    Some(String::from_utf8_lossy(&buffer[..count]).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn rogue_peers_bring_nothing_in() {
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    assert!(host.homeport(&["ssh", "box", "--", "true"]).status().unwrap().success());
    assert!(host.homeport(&["create", "lab", "--template", "process", "--yes"]).status().unwrap().success());
    assert!(host.homeport(&["ssh", "lab", "--", "true"]).status().unwrap().success());
    let (url, token) = host.session();
    let deployment = Deployment::new(url.parse().unwrap(), Secret::new(token)).unwrap();
    let daemon_of = async |name: &str| {
        let workspace = deployment.workspace_of("me", name).await.unwrap();
        workspace.latest_build.resources.iter().flat_map(|resource| &resource.agents).next().unwrap().id
    };
    let (agent, other) = (daemon_of("box").await, daemon_of("lab").await);
    let address = under(LEGACY_PREFIX, agent.0);
    let service = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let to = SocketAddrV6::new(address, service.local_addr().unwrap().port(), 0, 0);

    // An honest one: how it looks when it works, and what the daemon's record is.
    let (mut honest, mut listen) = peer(&deployment, None).await;
    honest.join(&deployment, agent);
    honest.mesh.await_reachable(address, DEADLINE).await.unwrap();
    let wanted = agent.0.as_bytes().to_vec();
    let mut record = None;
    while let Ok(update) = listen.try_recv() {
        record = Some(update).filter(|update| update.id == wanted && update.node.is_some()).or(record);
    }
    let record = record.expect("the daemon's record was heard");
    let arrives = async |sender: &Peer, from: Ipv6Addr, word: &str| {
        let wait = async {
            loop {
                sender.send(from, to, word.as_bytes());
                if heard(&service).await.is_some_and(|heard| heard == word) {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.is_ok()
    };
    assert!(arrives(&honest, honest.address, "honest").await, "the control: an honest datagram arrives");

    let knock = async |rogue: &mut Peer, word: &str| {
        match sabotaged("A09") {
            true => rogue.join(&deployment, agent),
            false => rogue.learn(&record).await,
        }
        let answered = rogue.mesh.await_reachable(address, PATIENCE).await.is_ok();
        let arrived = arrives(rogue, rogue.address, word).await;
        assert!(!answered && !arrived, "{word}: answered {answered}, arrived {arrived}");
    };
    // A key that nobody knows.
    knock(&mut peer(&deployment, None).await.0, "unknown").await;
    // A key that the server knows well, for another workspace.
    let (mut neighbour, _listen) = peer(&deployment, None).await;
    neighbour.join(&deployment, other);
    neighbour.mesh.await_reachable(under(LEGACY_PREFIX, other.0), DEADLINE).await.unwrap();
    knock(&mut neighbour, "neighbour").await;
    // A key that was good: its owner said goodbye. Its session is as good as it was, on its own side.
    let (mut former, _listen) = peer(&deployment, None).await;
    former.join(&deployment, agent);
    former.mesh.await_reachable(address, DEADLINE).await.unwrap();
    assert!(arrives(&former, former.address, "was good").await);
    former.mesh.disconnect();
    gone(&service, &former, to).await;
    if let Some(control) = former.control.take() {
        control.abort();
    }
    *former.tap.say.lock().unwrap() = None;
    knock(&mut former, "former").await;

    // A good key with somebody else's address inside: the honest one's, and one of nobody.
    for foreign in [honest.address, under(PREFIX, Uuid::from_bytes(random()))] {
        let (mut spoofer, _listen) = peer(&deployment, Some(foreign)).await;
        spoofer.join(&deployment, agent);
        spoofer.mesh.await_reachable(address, DEADLINE).await.unwrap();
        assert!(arrives(&spoofer, spoofer.address, "as itself").await);
        let from = if sabotaged("A09") { spoofer.address } else { foreign };
        assert!(!arrives(&spoofer, from, "as another").await, "a datagram with a foreign source came in");
    }
    assert!(arrives(&honest, honest.address, "still honest").await);
}

/// Waits until the daemon has forgotten a peer that left: its datagrams do not arrive any more.
async fn gone(service: &UdpSocket, peer: &Peer, to: SocketAddrV6) {
    let forgotten = async {
        let mut silent = 0;
        while silent < 10 {
            peer.send(peer.address, to, b"goodbye");
            silent = if heard(service).await.is_none() { silent + 1 } else { 0 };
        }
    };
    tokio::time::timeout(DEADLINE, forgotten).await.expect("the daemon remembers who left");
}
