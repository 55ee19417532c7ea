//! `homeport connect exists`: whether the tunnel of this computer knows a host name. SSH configurations ask it on
//! every connection, so it does one look-up and nothing else.

use std::net::IpAddr;
use std::time::Duration;

/// A resolver that takes longer does not have the name in the tunnel, which answers in microseconds.
const LIMIT: Duration = Duration::from_secs(2);

/// Options of `connect`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Exit code 0 when the tunnel resolves this host, 1 otherwise; prints nothing.
    Exists {
        /// The host name.
        host: String,
    },
}

pub async fn run(args: Args) -> anyhow::Result<u8> {
    let Action::Exists { host } = args.action;
    Ok(if exists(&host).await { 0 } else { 1 })
}

/// Whether the operating system resolves the host to an address of the mesh.
pub async fn exists(host: &str) -> bool {
    let Ok(Ok(addresses)) = tokio::time::timeout(LIMIT, tokio::net::lookup_host((host, 22))).await else {
        return false;
    };
    addresses.map(|address| address.ip()).any(is_in_tunnel)
}

/// Names resolve to the newer prefix only; the older one is shared with another product.
fn is_in_tunnel(address: IpAddr) -> bool {
    match address {
        IpAddr::V6(address) => address.octets().starts_with(&proto::address::PREFIX),
        IpAddr::V4(_) => false,
    }
}

#[cfg(test)]
mod tests;
