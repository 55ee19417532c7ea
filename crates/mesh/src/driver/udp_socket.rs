//! UDP sockets inside the mesh, as programs hold them.

use std::net::SocketAddrV6;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

use super::MeshError;
use super::under_lock::Shared;
use crate::stack::{MAX_DATAGRAM, UdpId};

/// A UDP socket in the mesh.
pub struct UdpSocket {
    pub(super) shared: Arc<Shared>,
    pub(super) id: UdpId,
    pub(super) port: u16,
}

impl UdpSocket {
    /// Sends one datagram (at most 1232 bytes; longer ones are refused).
    ///
    /// # Errors
    /// When the datagram is too long or the mesh is stopped.
    #[allow(clippy::unused_async)]
    pub async fn send_to(&self, data: &[u8], to: SocketAddrV6) -> Result<(), MeshError> {
        let mut net = self.shared.lock();
        if self.shared.is_stopped() {
            return Err(MeshError::Stopped);
        }
        if data.len() > MAX_DATAGRAM {
            return Err(MeshError::TooLong(data.len()));
        }
        net.stack.send_udp(self.id, to, data);
        self.shared.kick_if(&net);
        Ok(())
    }

    /// The next datagram.
    ///
    /// # Errors
    /// When the mesh is stopped.
    pub async fn recv_from(&self) -> Result<(Bytes, SocketAddrV6), MeshError> {
        std::future::poll_fn(|cx| {
            let mut net = self.shared.lock();
            if self.shared.is_stopped() {
                return Poll::Ready(Err(MeshError::Stopped));
            }
            let received = net.stack.receive_udp(self.id);
            if received.is_pending() {
                let waiting = net.waiting_udp.entry(self.id).or_default();
                waiting.retain(|waker| !waker.will_wake(cx.waker()));
                waiting.push(cx.waker().clone());
            }
            received.map(|datagram| datagram.ok_or(MeshError::Stopped))
        })
        .await
    }

    /// Our end's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for UdpSocket {
    fn drop(&mut self) {
        let mut net = self.shared.lock();
        net.waiting_udp.remove(&self.id);
        net.stack.close_udp(self.id);
    }
}
