//! Asks systemd-resolved for a name over its Varlink socket, as the C library's own module does in dynamic programs.
//! Not for telling it anything: that is the tunnel service's work.

use std::io::{Read, Write};
use std::net::Ipv6Addr;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde::Deserialize;

const SOCKET: &str = "/run/systemd/resolve/io.systemd.Resolve";
const LIMIT: Duration = Duration::from_secs(2);
/// An answer with many addresses has some hundred bytes each.
const MAX_ANSWER: u64 = 64 * 1024;
/// The kernel's number for IPv6.
const FAMILY: u8 = 10;

/// Whether the C library's dynamic programs ask systemd-resolved before DNS.
pub fn is_asked_first() -> bool {
    std::fs::read_to_string("/etc/nsswitch.conf").is_ok_and(|text| comes_first(&text))
}

/// Whether the line of hosts names `resolve` before `dns`.
pub fn comes_first(nsswitch: &str) -> bool {
    let hosts = nsswitch.lines().find_map(|line| line.trim_start().strip_prefix("hosts:")).unwrap_or_default();
    let first = hosts.split_whitespace().find(|word| matches!(*word, "resolve" | "dns"));
    first == Some("resolve")
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    addresses: Vec<Address>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Address {
    address: Vec<u8>,
}

/// The IPv6 addresses of a name; empty when it does not exist, `None` when nobody answers.
pub fn ask(host: &str) -> Option<Vec<Ipv6Addr>> {
    let mut stream = UnixStream::connect(SOCKET).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    stream.set_write_timeout(Some(LIMIT)).ok()?;
    let parameters = serde_json::json!({ "name": host, "family": FAMILY });
    let call = serde_json::json!({ "method": "io.systemd.Resolve.ResolveHostname", "parameters": parameters });
    stream.write_all(call.to_string().as_bytes()).and_then(|()| stream.write_all(&[0])).ok()?;
    read(stream.take(MAX_ANSWER))
}

fn read(from: impl Read) -> Option<Vec<Ipv6Addr>> {
    let mut message = Vec::new();
    std::io::BufRead::read_until(&mut std::io::BufReader::new(from), 0, &mut message).ok()?;
    let message = message.strip_suffix(&[0])?;
    let answer: Answer = serde_json::from_slice(message).ok()?;
    let octets = |address: Address| <[u8; 16]>::try_from(address.address).ok().map(Ipv6Addr::from);
    Some(answer.parameters.addresses.into_iter().filter_map(octets).collect())
}

#[cfg(test)]
mod tests;
