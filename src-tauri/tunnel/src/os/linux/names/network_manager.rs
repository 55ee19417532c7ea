//! NetworkManager with `dns=dnsmasq`: a file of ours that sends our suffixes to us, and a word to restart its dnsmasq.

use std::io;
use std::path::Path;

use mesh::names::Suffix;
use proto::address::DNS_SERVER;
use zbus::Connection;
use zbus::zvariant::OwnedValue;

use super::own_file;
use crate::os::linux::bus::BUDGET;

const FILE: &str = "/etc/NetworkManager/dnsmasq.d/homeport.conf";
const SERVICE: &str = "org.freedesktop.NetworkManager";
const PATH: &str = "/org/freedesktop/NetworkManager";
/// Flag of `Reload`: start the DNS plugin anew, which reads its folder again.
const DNS_FULL: u32 = 4;
/// First line of the file; a file without it is not ours.
const MARKER: &str = "# Made by homeport-tunnel, and removed when it stops.";

/// Whether NetworkManager runs a dnsmasq.
pub async fn is_there(bus: &Connection) -> bool {
    let place = "/org/freedesktop/NetworkManager/DnsManager";
    let property = ("org.freedesktop.NetworkManager.DnsManager", "Mode");
    let ask = bus.call_method(Some(SERVICE), place, Some("org.freedesktop.DBus.Properties"), "Get", &property);
    let Ok(Ok(answer)) = tokio::time::timeout(BUDGET, ask).await else { return false };
    let mode: Option<OwnedValue> = answer.body().deserialize().ok();
    mode.and_then(|mode| String::try_from(mode).ok()).is_some_and(|mode| mode == "dnsmasq")
}

/// Writes the file and restarts the dnsmasq.
///
/// # Errors
/// The file cannot be written, or NetworkManager refuses.
pub async fn tell(bus: &Connection, suffixes: &[Suffix]) -> io::Result<()> {
    let lines = suffixes.iter().map(|suffix| format!("server=/{suffix}/{DNS_SERVER}\n"));
    let text = format!("{MARKER}\n{}", lines.collect::<String>());
    if std::fs::read_to_string(FILE).is_ok_and(|old| old == text) {
        return Ok(());
    }
    own_file::replace(Path::new(FILE), text.as_bytes(), 0o644)?;
    reload(bus).await
}

/// Whether our file is still there.
pub fn is_told() -> bool {
    own_file::read(Path::new(FILE)).is_ok_and(|text| text.starts_with(MARKER))
}

/// Removes the file and restarts the dnsmasq.
///
/// # Errors
/// The file cannot be removed. A NetworkManager that is gone is no error.
pub async fn untell(bus: Option<&Connection>) -> io::Result<()> {
    if !own_file::remove(Path::new(FILE), MARKER)? {
        return Ok(());
    }
    if let Some(bus) = bus
        && let Err(error) = reload(bus).await
    {
        tracing::debug!(%error, "NetworkManager does not restart its dnsmasq");
    }
    Ok(())
}

async fn reload(bus: &Connection) -> io::Result<()> {
    let ask = bus.call_method(Some(SERVICE), PATH, Some(SERVICE), "Reload", &(DNS_FULL,));
    match tokio::time::timeout(BUDGET, ask).await {
        Ok(answer) => answer.map(|_| ()).map_err(io::Error::other),
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
