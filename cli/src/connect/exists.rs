//! Whether the tunnel of this computer knows a host name. SSH configurations ask it on every connection, so it does as
//! little as possible, and it never lets a name of ours reach a foreign resolver:
//!
//! ```text
//!  does our prefix have a route of the tunnel? ── no ──► it does not exist (no packet was sent)
//!  does the tunnel's own DNS know the name?    ── no ──► it does not exist (no packet left this computer)
//!  was the system's resolver told of our names? ─ no ──► other programs could not connect
//!  does the system's resolver say the same?    ── no ──► other programs could not connect
//! ```
//!
//! A name that does not exist is answered without a runtime, whose start would cost more than the answer.

use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use proto::address::{DNS_SERVER, is_in_tunnel};
use proto::dns::{self, HeardError, Name};
use proto::ipc::{Call, Event, NameService};

use crate::diagnose::resolver;
use crate::resolved;

/// Our DNS answers in microseconds.
const OWN_LIMIT: Duration = Duration::from_millis(250);
/// A resolver that takes longer does not have the name in the tunnel.
const SYSTEM_LIMIT: Duration = Duration::from_secs(2);
const DNS_PORT: u16 = 53;

/// Whether programs of this computer reach the host through the tunnel. Blocks for as long as it takes.
pub fn exists(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    is_on() && matches!(ask_own(host), Ok(Some(_))) && is_told() != Some(false) && is_resolved(host)
}

/// Whether the service told the system's resolver of our names; `None` when it does not talk to us. Where it did not,
/// asking the resolver would carry the name to foreign servers.
fn is_told() -> Option<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let asked = async {
        let mut tunnel = super::modes::open(super::modes::Mode::System).await.ok()?;
        tunnel.call(Call::Watch).await.ok()?;
        loop {
            if let Event::Service(service) = tunnel.next().await.ok()? {
                return Some(reaches_programs(service.names));
            }
        }
    };
    runtime.block_on(async { tokio::time::timeout(OWN_LIMIT, asked).await.ok().flatten() })
}

/// Whether programs hear of our names when the service told them in this way: what systemd-resolved knows helps only
/// programs that are led to it.
pub fn reaches_programs(names: Option<NameService>) -> bool {
    match names {
        None | Some(NameService::None) => false,
        Some(NameService::Resolved) => resolver::look().leads_to_resolved(),
        Some(_) => true,
    }
}

/// Whether the system sends packets for our prefix through the tunnel: it would use a source address of the prefix
/// then. Nothing is sent.
pub fn is_on() -> bool {
    let source = || {
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?;
        socket.connect((DNS_SERVER, DNS_PORT))?;
        socket.local_addr()
    };
    source().is_ok_and(|address: std::net::SocketAddr| is_in_tunnel(address.ip()))
}

/// Why the tunnel's own DNS has no answer.
#[derive(Debug, thiserror::Error)]
pub enum OwnError {
    /// The name cannot be one.
    #[error("this is no host name")]
    Name,
    /// Sending or receiving failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The answer is none.
    #[error(transparent)]
    Answer(HeardError),
}

/// Asks the tunnel's own DNS for a name; `None` when it does not exist.
pub fn ask_own(host: &str) -> Result<Option<Ipv6Addr>, OwnError> {
    let name = Name::parse(host).map_err(|_| OwnError::Name)?;
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?;
    socket.connect((DNS_SERVER, DNS_PORT))?;
    socket.set_read_timeout(Some(OWN_LIMIT))?;
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|error| std::io::Error::other(error.to_string()))?;
    let id = u16::from_be_bytes(id);
    socket.send(&dns::ask(id, &name))?;
    let mut bytes = [0; 4096];
    // The socket hears the server's address only; a few stray answers are waited past.
    for _ in 0..8 {
        let length = socket.recv(&mut bytes)?;
        match dns::hear(&bytes[..length], id, &name) {
            Ok(heard) => return Ok(heard.addresses.into_iter().find(|address| is_in_tunnel(*address))),
            Err(HeardError::Foreign) => {}
            Err(error) => return Err(OwnError::Answer(error)),
        }
    }
    Err(OwnError::Answer(HeardError::Foreign))
}

/// Whether the operating system resolves the host to an address of the tunnel.
pub fn is_resolved(host: &str) -> bool {
    ask_system(host).is_some_and(|addresses| addresses.into_iter().any(is_in_tunnel))
}

/// What the operating system says; `None` when it does not answer in time.
pub fn ask_system(host: &str) -> Option<Vec<IpAddr>> {
    let (say, heard) = mpsc::channel();
    // With the final dot no search domain is appended, which would carry the name to foreign servers.
    let absolute = format!("{host}.");
    let plain = host.to_owned();
    std::thread::spawn(move || {
        // A static program cannot load the C library's module for systemd-resolved; dynamic ones ask it like this, and
        // nobody else when it answers.
        let by_module = if resolved::is_asked_first() { resolved::ask(&plain) } else { None };
        let found: Vec<IpAddr> = match by_module {
            Some(found) => found.into_iter().map(IpAddr::V6).collect(),
            None => {
                let found = (absolute.as_str(), 22).to_socket_addrs();
                found.map(|all| all.map(|address| address.ip()).collect()).unwrap_or_default()
            }
        };
        // Nobody listens any more when it took too long.
        let _ = say.send(found);
    });
    heard.recv_timeout(SYSTEM_LIMIT).ok()
}

#[cfg(test)]
mod tests;
