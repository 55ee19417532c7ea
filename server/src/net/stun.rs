//! The STUN server: tells peers from which address their datagrams arrive (spec `derp-disco-stun.md` 7).
//!
//! One UDP socket, no state. It answers only requests that carry the field's SOFTWARE value and a right FINGERPRINT, one
//! short answer each, to where the request came from: not worth abusing as an amplifier. Not here: the wire
//! ([`proto::stun`]).

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;

use proto::stun;
use tokio::net::UdpSocket;
use tokio_util::sync::CancellationToken;

/// Opens the socket.
///
/// # Errors
/// Why the address cannot be used; the caller says so and goes on without STUN.
pub async fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address).await
}

/// Answers until `stop`.
pub async fn serve(socket: UdpSocket, stop: CancellationToken) {
    let mut packet = [0; stun::MAX_PACKET + 1];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut packet) => received,
            () = stop.cancelled() => return,
        };
        // An error here is about an earlier answer (its receiver is gone); the socket is as good as before.
        let Ok((length, source)) = received else { continue };
        if let Some(answer) = answer(&packet[..length], source) {
            let _ = socket.try_send_to(&answer, source);
        }
    }
}

/// The answer to a datagram, if it deserves one.
fn answer(packet: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    let tx_id = stun::parse_request(packet).ok()?;
    // Port 0 cannot be answered.
    (source.port() != 0).then(|| stun::response(tx_id, source))
}
