//! How a person names ports to forward: `8080`, `8080:80`, `8000-8010:9000-9010`, `127.0.0.1:8080:80`,
//! `[::1]:8080:80`, several separated by commas.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Most ports in one specification: each listens on its own.
const MAX_PORTS: usize = 1024;

/// One forwarded port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Where we listen.
    pub local: SocketAddr,
    /// The port in the workspace.
    pub remote: u16,
}

/// Why the text is no specification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Not of the form.
    #[error("`{0}` does not name ports; write 8080, 8080:80, 8000-8010:9000-9010 or 127.0.0.1:8080:80")]
    Form(String),
    /// The two ranges differ in length, or one runs backwards.
    #[error("the ranges in `{0}` do not fit")]
    Range(String),
    /// Too many.
    #[error("`{0}` names more than {MAX_PORTS} ports")]
    TooMany(String),
}

/// Reads a specification.
pub fn parse(text: &str) -> Result<Vec<Forward>, SpecError> {
    let mut all = Vec::new();
    for part in text.split(',') {
        one(part.trim(), &mut all)?;
        if all.len() > MAX_PORTS {
            return Err(SpecError::TooMany(text.to_owned()));
        }
    }
    Ok(all)
}

fn one(text: &str, all: &mut Vec<Forward>) -> Result<(), SpecError> {
    let form = || SpecError::Form(text.to_owned());
    let (host, ports) = split_host(text).ok_or_else(form)?;
    let (local, remote) = match ports.split(':').collect::<Vec<_>>()[..] {
        [ports] => (ports, ports),
        [local, remote] => (local, remote),
        _ => return Err(form()),
    };
    let (local, remote) = (range(local).ok_or_else(form)?, range(remote).ok_or_else(form)?);
    let length = local.1.checked_sub(local.0);
    if length.is_none() || length != remote.1.checked_sub(remote.0) {
        return Err(SpecError::Range(text.to_owned()));
    }
    let pairs = (local.0..=local.1).zip(remote.0..=remote.1);
    all.extend(
        pairs.take(MAX_PORTS + 1).map(|(local, remote)| Forward { local: SocketAddr::new(host, local), remote }),
    );
    Ok(())
}

/// The address in front and the ports behind it. A sole number before a colon is a port, not a host.
fn split_host(text: &str) -> Option<(IpAddr, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, ports) = rest.split_once("]:")?;
        return Some((IpAddr::V6(host.parse().ok()?), ports));
    }
    let Some((host, ports)) = text.split_once(':') else { return Some((Ipv4Addr::LOCALHOST.into(), text)) };
    if host == "localhost" {
        return Some((Ipv4Addr::LOCALHOST.into(), ports));
    }
    if host == "*" {
        return Some((Ipv4Addr::UNSPECIFIED.into(), ports));
    }
    match host.parse::<Ipv4Addr>() {
        Ok(address) => Some((address.into(), ports)),
        Err(_) => Some((Ipv4Addr::LOCALHOST.into(), text)),
    }
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((port(first)?, port(last)?))
}

fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}
