//! The tailnet API over pipes and over HTTP, with real callers.

mod endpoint;

use proto::id::{AgentId, PeerId, WorkspaceId};
use proto::tailnet::{
    CoordinateRequest, CoordinateResponse, Disconnect, Node, PeerUpdate, PeerUpdateKind, ReadyForHandshake, Tunnel,
    UpdateSelf, WorkspaceStatus, WorkspaceUpdate, WorkspaceUpdatesRequest, method,
};
use rpc::{CallReceiver, CallSender, Client, RpcError};
use uuid::Uuid;

use crate::net::coordinator::Access;
use crate::net::fixture::World;
use crate::state::Event;

fn node(number: u8, addresses: &[String]) -> Node {
    Node {
        id: i64::from(number),
        key: [b"np".as_slice(), &[number; 32]].concat(),
        disco: format!("discokey:{}", "0a".repeat(32)),
        preferred_derp: 999,
        addresses: addresses.to_vec(),
        allowed_ips: addresses.to_vec(),
        endpoints: vec![format!("192.0.2.{number}:41641")],
        ..Default::default()
    }
}

fn node_of_agent(agent: AgentId, number: u8) -> Node {
    let addresses: Vec<String> = proto::address::of_agent(agent.0).iter().map(|ip| format!("{ip}/128")).collect();
    node(number, &addresses)
}

struct Stream {
    sender: CallSender,
    receiver: CallReceiver,
}

impl Stream {
    async fn open(client: &Client) -> Self {
        let (sender, receiver) = client.stream(method::COORDINATE).await.unwrap();
        Self { sender, receiver }
    }

    async fn publish(&mut self, node: Node) {
        let update_self = Some(UpdateSelf { node: Some(node) });
        self.sender.send(&CoordinateRequest { update_self, ..Default::default() }).await.unwrap();
    }

    async fn tunnel(&mut self, agent: AgentId) {
        let add_tunnel = Some(Tunnel { id: agent.to_wire() });
        self.sender.send(&CoordinateRequest { add_tunnel, ..Default::default() }).await.unwrap();
    }

    async fn next(&mut self) -> CoordinateResponse {
        self.receiver.next().await.unwrap().expect("the stream ended")
    }

    async fn update(&mut self) -> PeerUpdate {
        let mut response = self.next().await;
        assert_eq!((response.peer_updates.len(), response.error.as_str()), (1, ""));
        response.peer_updates.remove(0)
    }
}

#[tokio::test]
async fn a_client_and_a_daemon_learn_of_each_other() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let id = daemon.agent.id;
    let peer = PeerId(Uuid::from_u128(77));
    let (agent, client) =
        (world.connect_agent(&daemon.agent), world.connect_client(&owner.user, peer, Access::OneAgent(id)));
    let (mut of_agent, mut of_client) = (Stream::open(&agent).await, Stream::open(&client).await);

    of_client.publish(node(2, &["fd60:627a:a42b::9/128".into()])).await;
    of_client.tunnel(id).await;
    of_agent.publish(node_of_agent(id, 1)).await;
    let update = of_client.update().await;
    assert_eq!((update.id, update.node.unwrap().id), (id.to_wire(), 1));
    let update = of_agent.update().await;
    assert_eq!((update.id, update.node.unwrap().id), (peer.to_wire(), 2));
    assert!(world.state.net.coordinator.node(id.into()).is_some());

    let ready_for_handshake = vec![ReadyForHandshake { id: peer.to_wire() }];
    of_agent.sender.send(&CoordinateRequest { ready_for_handshake, ..Default::default() }).await.unwrap();
    let update = of_client.update().await;
    assert_eq!((update.id, update.kind), (id.to_wire(), PeerUpdateKind::ReadyForHandshake.into()));

    let disconnect = Some(Disconnect {});
    of_client.sender.send(&CoordinateRequest { disconnect, ..Default::default() }).await.unwrap();
    assert_eq!(of_agent.update().await.kind, i32::from(PeerUpdateKind::Disconnected));
    assert!(of_client.receiver.next::<CoordinateResponse>().await.unwrap().is_none(), "the server closes the stream");

    // A client that just goes is lost, not gone.
    let again = world.connect_client(&owner.user, peer, Access::OneAgent(id));
    let mut stream = Stream::open(&again).await;
    stream.publish(node(3, &[])).await;
    stream.tunnel(id).await;
    assert_eq!(of_agent.update().await.node.unwrap().id, 3);
    again.close();
    assert_eq!(of_agent.update().await.kind, i32::from(PeerUpdateKind::Lost));
}

#[tokio::test]
async fn a_user_reaches_own_daemons_and_no_others() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let (mine, foreign) = (world.workspace(&ann.user, "dev").await, world.workspace(&bob.user, "dev").await);
    let retired = world.workspace(&ann.user, "old").await;
    world.retire(retired.agent.id).await;
    let rows = [
        (Access::Reachable, mine.agent.id, true),
        (Access::Reachable, foreign.agent.id, false),
        (Access::Reachable, retired.agent.id, false),
        (Access::Reachable, AgentId(Uuid::from_u128(404)), false),
        (Access::OneAgent(mine.agent.id), mine.agent.id, true),
        (Access::OneAgent(mine.agent.id), retired.agent.id, false),
    ];
    for (number, (access, agent, allowed)) in rows.into_iter().enumerate() {
        let client = world.connect_client(&ann.user, PeerId(Uuid::new_v4()), access);
        let mut stream = Stream::open(&client).await;
        stream.tunnel(agent).await;
        if allowed {
            stream.publish(node(1, &[])).await;
            let disconnect = Some(Disconnect {});
            stream.sender.send(&CoordinateRequest { disconnect, ..Default::default() }).await.unwrap();
        } else {
            let error = stream.next().await.error;
            assert!(error.contains("not authorized"), "row {number}: {error}");
        }
        assert!(stream.receiver.next::<CoordinateResponse>().await.unwrap().is_none(), "row {number}");
    }
}

#[tokio::test]
async fn a_revoked_key_ends_the_connection_and_daemons_forget_the_client() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let daemon = world.workspace(&owner.user, "dev").await;
    let agent = world.connect_agent(&daemon.agent);
    let client = world.connect_client(&owner.user, PeerId(Uuid::new_v4()), Access::Reachable);
    let (mut of_agent, mut of_client) = (Stream::open(&agent).await, Stream::open(&client).await);
    of_agent.publish(node_of_agent(daemon.agent.id, 1)).await;
    of_client.publish(node(2, &[])).await;
    of_client.tunnel(daemon.agent.id).await;
    assert_eq!(of_agent.update().await.kind, i32::from(PeerUpdateKind::Node));
    world.revoke(&owner.user).await;
    assert_eq!(of_agent.update().await.kind, i32::from(PeerUpdateKind::Disconnected));
    client.closed().await;
    // The key is gone: a connection that was being opened meanwhile ends as well.
    world.connect_client(&owner.user, PeerId(Uuid::new_v4()), Access::Reachable).closed().await;
}

#[tokio::test]
async fn the_relay_map_is_streamed_with_what_go_needs() {
    let world = World::new().await;
    let owner = world.person("ann").await;
    let client = world.connect_client(&owner.user, PeerId(Uuid::new_v4()), Access::Reachable);
    let (mut sender, mut receiver) = client.stream(method::STREAM_DERP_MAPS).await.unwrap();
    sender.send(&proto::wkt::Empty {}).await.unwrap();
    sender.finish().await.unwrap();
    let map: proto::tailnet::DerpMap = receiver.next().await.unwrap().unwrap();
    assert!(map.home_params.is_some());
    assert_eq!(map.regions[&999].nodes[0].stun_port, -1);
}

fn says(update: &WorkspaceUpdate) -> String {
    let workspaces = update.upserted_workspaces.iter().map(|w| format!("+{}:{}", w.name, w.status));
    let agents = update.upserted_agents.iter().map(|a| format!("+agent {}", a.name));
    let gone = update.deleted_workspaces.iter().map(|w| format!("-{}", w.name));
    let gone_agents = update.deleted_agents.iter().map(|a| format!("-agent {}", a.name));
    workspaces.chain(agents).chain(gone).chain(gone_agents).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn workspaces_are_followed_from_a_snapshot() {
    let world = World::new().await;
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let client = world.connect_client(&ann.user, PeerId(Uuid::new_v4()), Access::Reachable);
    let follow = async |owner: Vec<u8>| {
        let (mut sender, receiver) = client.stream(method::WORKSPACE_UPDATES).await.unwrap();
        sender.send(&WorkspaceUpdatesRequest { workspace_owner_id: owner }).await.unwrap();
        sender.finish().await.unwrap();
        receiver
    };
    for owner in [bob.user.id.to_wire(), vec![1; 15], Vec::new()] {
        let error = follow(owner).await.next::<WorkspaceUpdate>().await.unwrap_err();
        assert!(matches!(error, RpcError::Remote { code: 0, .. }), "{error}");
    }
    let mut updates = follow(ann.user.id.to_wire()).await;
    let first: WorkspaceUpdate = updates.next().await.unwrap().unwrap();
    assert_eq!(first, WorkspaceUpdate::default(), "an empty snapshot is still said");

    let tell = |workspace: WorkspaceId| world.state.events.send(Event::Workspace { workspace, owner: ann.user.id });
    let running = i32::from(WorkspaceStatus::Running);
    let daemon = world.workspace(&ann.user, "dev").await;
    let workspace = daemon.agent.workspace_id;
    world.workspace(&bob.user, "foreign").await;
    tell(workspace);
    let update: WorkspaceUpdate = updates.next().await.unwrap().unwrap();
    assert_eq!(says(&update), format!("+dev:{running}, +agent main"));

    // A daemon that connects changes nothing that is said here: the next change is the first to be heard of.
    world.state.events.send(Event::Agent { agent: daemon.agent.id, workspace });
    let rename = |name: &'static str| {
        world.rows(move |db| {
            db.execute("UPDATE workspaces SET name = ?1 WHERE id = ?2", [name.to_owned(), workspace.to_string()])?;
            Ok(())
        })
    };
    rename("renamed").await;
    tell(workspace);
    let update: WorkspaceUpdate = updates.next().await.unwrap().unwrap();
    assert_eq!(says(&update), format!("+renamed:{running}"));

    world.retire(daemon.agent.id).await;
    let update: WorkspaceUpdate = updates.next().await.unwrap().unwrap();
    assert_eq!(says(&update), "-agent main");

    world
        .rows(move |db| {
            db.execute("UPDATE workspaces SET deleted = 1 WHERE id = ?1", [workspace.to_string()])?;
            Ok(())
        })
        .await;
    tell(workspace);
    let update: WorkspaceUpdate = updates.next().await.unwrap().unwrap();
    assert_eq!(says(&update), "-renamed");
}
