//! The way to a workspace through the tunnel of this computer, when it is on for that workspace: plain TCP to the SSH
//! port of its address. The name that says that the tunnel is on decides, and the daemon's own name (spec
//! `coder-connect.md` 5).

use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use mesh::names::{ENABLED, Suffix};
use proto::rest::agent::Agent;
use proto::rest::workspace::Workspace;
use tokio::net::TcpStream;

use super::PORT;
use crate::connect::exists;
use crate::terminal::progress;

/// The tunnel answers a SYN within a second or two even over a distant relay; after this our own mesh is the better try.
const LIMIT: Duration = Duration::from_secs(10);

/// A connection through the tunnel, or `None` when another way must be taken.
pub async fn connect(workspace: &Workspace, agent: &Agent, suffix: &str) -> Option<TcpStream> {
    let suffix = if suffix.is_empty() { Suffix::DEFAULT } else { suffix };
    let name = format!("{}.{}.{}.{suffix}", agent.name, workspace.name, workspace.owner_name);
    let enabled = format!("{ENABLED}.{suffix}");
    let found = tokio::task::spawn_blocking(move || find(&enabled, &name.to_ascii_lowercase())).await;
    let address = found.ok().flatten()?;
    let connecting = TcpStream::connect(SocketAddrV6::new(address, PORT, 0, 0));
    match tokio::time::timeout(LIMIT, connecting).await {
        Ok(Ok(stream)) => {
            // Keystrokes must not wait for company; without it they only come later.
            let _ = stream.set_nodelay(true);
            Some(stream)
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "no connection through the tunnel");
            None
        }
        Err(_) => {
            progress("The tunnel of this computer does not reach the workspace; opening an own one.");
            None
        }
    }
}

/// The address of a name, when the tunnel is on and knows it. Its own DNS is asked and no other: no name leaves this
/// computer, and it works where the system's resolver could not be told of our names.
fn find(enabled: &str, name: &str) -> Option<Ipv6Addr> {
    let ask = |name| exists::ask_own(name).ok().flatten();
    ask(enabled).and_then(|_| ask(name))
}
