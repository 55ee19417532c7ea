//! Which TCP ports of this machine a person could open through the mesh, and what listens there. Read at most once a
//! second, and only when somebody asks.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use proto::rest::agent::ListeningPort;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::os::sockets;

/// How long an answer stays good.
const FRESH: Duration = Duration::from_secs(1);
/// Ports below are our own services in the mesh.
const FIRST_PORT: u16 = 9;

/// The last answer.
#[derive(Debug, Default)]
pub struct ListeningPorts(Mutex<Option<(Instant, Vec<ListeningPort>)>>);

impl ListeningPorts {
    /// The ports, at most a second old.
    ///
    /// # Errors
    /// When the operating system does not say.
    pub async fn list(&self) -> io::Result<Vec<ListeningPort>> {
        // Held while reading: those who ask at the same time get the same answer instead of reading again.
        let mut last = self.0.lock().await;
        if let Some((at, ports)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(ports.clone());
        }
        let ports = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)??;
        *last = Some((Instant::now(), ports.clone()));
        Ok(ports)
    }
}

fn read() -> io::Result<Vec<ListeningPort>> {
    let listeners: Vec<Listener> = sockets::tcp_tables()?.iter().flat_map(|table| parse(table)).collect();
    let inodes = listeners.iter().map(|listener| listener.inode).collect();
    Ok(reachable(&listeners, &sockets::owners(&inodes)))
}

/// A listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listener {
    address: IpAddr,
    port: u16,
    inode: u64,
}

/// The listening sockets of `/proc/net/tcp` or `tcp6`; lines that are none are skipped.
fn parse(table: &str) -> Vec<Listener> {
    table.lines().skip(1).filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Listener> {
    let mut words = line.split_ascii_whitespace();
    let local = words.nth(1)?;
    // `0A` is TCP_LISTEN.
    if words.nth(1)? != "0A" {
        return None;
    }
    let inode = words.nth(5)?.parse().ok()?;
    let (address, port) = local.split_once(':')?;
    Some(Listener { address: parse_address(address)?, port: u16::from_str_radix(port, 16).ok()?, inode })
}

/// Words of four bytes in the machine's byte order, in hex.
fn parse_address(text: &str) -> Option<IpAddr> {
    if !text.is_ascii() {
        return None;
    }
    let word = |index: usize| {
        let word = text.get(index * 8..index * 8 + 8)?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    };
    match text.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for index in 0..4 {
                bytes[index * 4..index * 4 + 4].copy_from_slice(&word(index)?);
            }
            Some(Ipv6Addr::from(bytes).to_canonical())
        }
        _ => None,
    }
}

/// What the mesh can splice to: sockets on loopback or on every address, each port once.
fn reachable(listeners: &[Listener], owners: &BTreeMap<u64, String>) -> Vec<ListeningPort> {
    let mut ports: BTreeMap<u16, String> = BTreeMap::new();
    for listener in listeners {
        let open = listener.address.is_loopback() || listener.address.is_unspecified();
        if !open || listener.port < FIRST_PORT {
            continue;
        }
        let name = ports.entry(listener.port).or_default();
        if name.is_empty() {
            *name = owners.get(&listener.inode).cloned().unwrap_or_default();
        }
    }
    let port = |(port, process_name)| ListeningPort { process_name, network: "tcp".to_owned(), port };
    ports.into_iter().map(port).collect()
}

#[cfg(test)]
mod tests;
