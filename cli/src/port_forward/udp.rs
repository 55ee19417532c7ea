//! One forwarded UDP port: each sender here gets a port of its own in the mesh, so that answers find their way back.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::time::Duration;

use mesh::UdpSocket as MeshSocket;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::spec::Forward;
use crate::session::Session;

/// A sender that is silent for this long is forgotten.
const IDLE: Duration = Duration::from_secs(120);
/// Senders at a time.
const MAX_SENDERS: usize = 256;
/// Longest datagram of UDP; the mesh refuses those that do not fit into one packet.
const MAX_DATAGRAM: usize = 65_536;

/// Serves until the process ends.
pub async fn serve(socket: UdpSocket, forward: Forward, session: Arc<Session>) -> anyhow::Result<()> {
    let socket = Arc::new(socket);
    let to = SocketAddrV6::new(session.address, forward.remote, 0, 0);
    let (ended, mut ends) = mpsc::channel::<SocketAddr>(MAX_SENDERS);
    let mut senders: HashMap<SocketAddr, mpsc::Sender<Vec<u8>>> = HashMap::new();
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        tokio::select! {
            Some(from) = ends.recv() => {
                senders.remove(&from);
            }
            received = socket.recv_from(&mut buffer) => {
                // An ICMP answer to an earlier datagram shows up here; the next datagram is not concerned.
                let Ok((length, from)) = received else { continue };
                if !senders.contains_key(&from) {
                    if senders.len() >= MAX_SENDERS {
                        continue;
                    }
                    let mesh = session.mesh.bind_udp(0).await?;
                    let (queue, datagrams) = mpsc::channel(64);
                    senders.insert(from, queue);
                    tokio::spawn(carry(mesh, to, datagrams, Arc::clone(&socket), from, ended.clone()));
                }
                if let Some(queue) = senders.get(&from) {
                    // A full queue loses the datagram, as a full link does.
                    let _ = queue.try_send(buffer[..length].to_vec());
                }
            }
        }
    }
}

async fn carry(
    mesh: MeshSocket,
    to: SocketAddrV6,
    mut datagrams: mpsc::Receiver<Vec<u8>>,
    socket: Arc<UdpSocket>,
    from: SocketAddr,
    ended: mpsc::Sender<SocketAddr>,
) {
    loop {
        tokio::select! {
            datagram = datagrams.recv() => {
                let Some(datagram) = datagram else { break };
                if let Err(error) = mesh.send_to(&datagram, to).await {
                    tracing::debug!(%error, "a datagram was not sent");
                }
            }
            answer = mesh.recv_from() => {
                let Ok((answer, sender)) = answer else { break };
                if sender.ip() == to.ip() {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
            () = tokio::time::sleep(IDLE) => break,
        }
    }
    let _ = ended.send(from).await;
}
