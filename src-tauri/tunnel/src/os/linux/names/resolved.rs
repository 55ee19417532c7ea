//! systemd-resolved over D-Bus: our server and our suffixes on our own link, where they vanish with it. Only names below
//! a suffix of ours are sent to us, and never anything else (`default route` off).

use mesh::names::Suffix;
use proto::address::DNS_SERVER;
use zbus::Connection;

use crate::os::linux::bus::{BUDGET, RESOLVED};

const PATH: &str = "/org/freedesktop/resolve1";
const MANAGER: &str = "org.freedesktop.resolve1.Manager";

/// Whether it answers.
pub async fn is_there(bus: &Connection) -> bool {
    let properties = "org.freedesktop.DBus.Properties";
    let ask = bus.call_method(Some(RESOLVED), PATH, Some(properties), "Get", &(MANAGER, "LLMNR"));
    matches!(tokio::time::timeout(BUDGET, ask).await, Ok(Ok(_)))
}

/// Sets server and suffixes on our link.
///
/// # Errors
/// It refuses one of the three settings that matter.
pub async fn tell(bus: &Connection, device: &str, suffixes: &[Suffix]) -> zbus::Result<()> {
    let index = nix::net::if_::if_nametoindex(device).map_err(|error| zbus::Error::Failure(error.to_string()))?;
    let link = i32::try_from(index).map_err(|error| zbus::Error::Failure(error.to_string()))?;
    if suffixes.is_empty() {
        call(bus, "RevertLink", &(link,)).await?;
        return flush(bus).await;
    }
    // Nobody is to be asked by multicast for our names, and there is nothing to sign or encrypt inside of the tunnel.
    for (method, value) in
        [("SetLinkLLMNR", "no"), ("SetLinkMulticastDNS", "no"), ("SetLinkDNSSEC", "no"), ("SetLinkDNSOverTLS", "no")]
    {
        if let Err(error) = call(bus, method, &(link, value)).await {
            tracing::debug!(%error, method, "the resolver does not take a setting that it can do without");
        }
    }
    // systemd 237 has no such method, and no such route either.
    match call(bus, "SetLinkDefaultRoute", &(link, false)).await {
        Err(error) if !is_unknown(&error) => return Err(error),
        _ => {}
    }
    let server = (nix::libc::AF_INET6, DNS_SERVER.octets().to_vec());
    let domains: Vec<(&str, bool)> = suffixes.iter().map(|suffix| (suffix.as_str(), true)).collect();
    // The domains first: a server without domains could be asked for anything.
    call(bus, "SetLinkDomains", &(link, domains)).await?;
    call(bus, "SetLinkDNS", &(link, vec![server])).await?;
    flush(bus).await
}

/// Makes it forget what it learnt before: that there is no such name, or that there is one.
///
/// # Errors
/// It does not take it.
pub async fn flush(bus: &Connection) -> zbus::Result<()> {
    call(bus, "FlushCaches", &()).await
}

async fn call<B>(bus: &Connection, method: &'static str, body: &B) -> zbus::Result<()>
where
    B: serde::Serialize + zbus::zvariant::DynamicType + Sync,
{
    let ask = bus.call_method(Some(RESOLVED), PATH, Some(MANAGER), method, body);
    match tokio::time::timeout(BUDGET, ask).await {
        Ok(answer) => answer.map(|_| ()),
        Err(_) => Err(zbus::Error::Failure(format!("{method} took longer than a second"))),
    }
}

fn is_unknown(error: &zbus::Error) -> bool {
    matches!(error, zbus::Error::MethodError(name, ..) if name.as_str().ends_with(".UnknownMethod"))
}
