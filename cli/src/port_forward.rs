//! `homeport port-forward`: ports of this computer that lead into a workspace.

mod spec;
mod tcp;
mod udp;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::{TcpListener, UdpSocket};

use crate::failure::failure;
use crate::global::Global;
use crate::reach::{self, Policy, Wait};
use crate::session;
use crate::target::Target;
use crate::terminal::progress;
use spec::Forward;

/// Options of `port-forward`.
#[derive(clap::Args)]
pub struct Args {
    /// The workspace, as `[owner/]name[.daemon]`.
    workspace: String,
    /// TCP ports: 8080, 8080:80, 8000-8010:9000-9010, 127.0.0.1:8080:80; may be repeated.
    #[arg(short = 'p', long, env = "CODER_PORT_FORWARD_TCP", value_name = "PORTS")]
    tcp: Vec<String>,
    /// UDP ports, in the same form.
    #[arg(long, env = "CODER_PORT_FORWARD_UDP", value_name = "PORTS")]
    udp: Vec<String>,
    /// Do not start a stopped workspace.
    #[arg(long, env = "CODER_SSH_DISABLE_AUTOSTART", value_parser = clap::builder::FalseyValueParser::new())]
    disable_autostart: bool,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<u8> {
    let target = Target::parse(&args.workspace)?;
    let (tcp, udp) = (parse(&args.tcp)?, parse(&args.udp)?);
    if tcp.is_empty() && udp.is_empty() {
        return Err(failure("no port was named", "add `--tcp 8080` or `--udp 53`"));
    }
    // Before anything is started remotely: a taken port is the likeliest mistake.
    let mut tcp_listeners = Vec::new();
    for forward in tcp {
        tcp_listeners
            .push((TcpListener::bind(forward.local).await.map_err(|error| taken(error, forward.local))?, forward));
    }
    let mut udp_sockets = Vec::new();
    for forward in udp {
        udp_sockets.push((UdpSocket::bind(forward.local).await.map_err(|error| taken(error, forward.local))?, forward));
    }

    let deployment = global.deployment().await?;
    let starting = session::begin(&deployment, global.disable_direct_connections);
    let policy = Policy { wait: Wait::Auto, autostart: !args.disable_autostart, quiet: false };
    let (workspace, agent) = reach::agent(&deployment, &target, policy).await?;
    let mut session = starting.attach(agent.id).await?;
    session.reachable().await?;
    let _usage = crate::ssh::usage::report(&deployment, workspace.id, agent.id, Some("ssh"));

    let session = Arc::new(session);
    let mut tasks = tokio::task::JoinSet::new();
    for (listener, forward) in tcp_listeners {
        progress(&format!("{} leads to port {} of {target}", forward.local, forward.remote));
        tasks.spawn(tcp::serve(listener, forward, Arc::clone(&session)));
    }
    for (socket, forward) in udp_sockets {
        progress(&format!("{} (UDP) leads to port {} of {target}", forward.local, forward.remote));
        tasks.spawn(udp::serve(socket, forward, Arc::clone(&session)));
    }
    progress("Ready. Ctrl-C ends it.");
    tokio::select! {
        ended = tasks.join_next() => ended.context("nothing is forwarded")??.map(|()| 0),
        stopped = tokio::signal::ctrl_c() => {
            stopped?;
            session.mesh.disconnect();
            session.mesh.shutdown().await;
            Ok(0)
        }
    }
}

fn parse(words: &[String]) -> anyhow::Result<Vec<Forward>> {
    let mut all = Vec::new();
    for word in words {
        all.extend(spec::parse(word)?);
    }
    Ok(all)
}

fn taken(error: std::io::Error, local: SocketAddr) -> anyhow::Error {
    let next = match error.kind() {
        std::io::ErrorKind::AddrInUse => "choose another local port, as in 18080:8080",
        std::io::ErrorKind::PermissionDenied => "choose a local port above 1023, as in 8080:80",
        _ => "choose another local address",
    };
    failure(format!("cannot listen on {local}: {error}"), next)
}

#[cfg(test)]
mod tests;
