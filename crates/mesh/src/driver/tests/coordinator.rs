//! A coordinator for two: what one peer says of itself, the other is told.

use proto::id::PeerId;
use proto::tailnet::{CoordinateRequest, CoordinateResponse, Node, PeerUpdate, PeerUpdateKind};
use tokio::sync::mpsc;

use crate::driver::Mesh;

/// Connects both for as long as their meshes live.
pub fn connect(a: &Mesh, a_id: PeerId, b: &Mesh, b_id: PeerId) {
    let (a, b) = (a.coordinate(), b.coordinate());
    tokio::spawn(forward(a_id, a.requests, b.responses));
    tokio::spawn(forward(b_id, b.requests, a.responses));
}

async fn forward(
    from: PeerId,
    mut requests: mpsc::Receiver<CoordinateRequest>,
    responses: mpsc::Sender<CoordinateResponse>,
) {
    let update = |kind: PeerUpdateKind, node: Option<Node>| PeerUpdate {
        id: from.to_wire(),
        node,
        kind: kind as i32,
        reason: String::new(),
    };
    while let Some(request) = requests.recv().await {
        let mut peer_updates = Vec::new();
        peer_updates.extend(request.update_self.map(|own| update(PeerUpdateKind::Node, own.node)));
        peer_updates.extend(request.disconnect.map(|_| update(PeerUpdateKind::Disconnected, None)));
        peer_updates
            .extend(request.ready_for_handshake.iter().map(|_| update(PeerUpdateKind::ReadyForHandshake, None)));
        let response = CoordinateResponse { peer_updates, error: String::new() };
        if !response.peer_updates.is_empty() && responses.send(response).await.is_err() {
            return;
        }
    }
}
