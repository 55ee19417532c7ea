//! The SSH server of a workspace, one connection per call. Not for listening or authenticating: the mesh does both.
//!
//! ```text
//!  stream ─ transport ─ russh ─ connection ┬ session ─ program (pipes or terminal), sftp, agent
//!                                          ├ forward  (-L, -R, unix sockets)
//!                                          └ channels + inbox (what arrived, who is told of the end)
//! ```
//! When a connection ends, for whatever reason, `serve` returns after everything it started is gone.

mod agent;
mod channels;
mod connection;
mod forward;
mod greeting;
mod host_key;
mod inbox;
mod program;
mod session;
pub mod sftp;
mod signal;
mod transport;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::server::{self, Config};
use russh::{MethodSet, Preferred, SshId};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use crate::session::SessionContext;

use self::channels::Channels;
use self::connection::Connection;
use self::transport::Transport;

pub(crate) use self::program::hang_up;

/// How long a client may take until it is let in.
const LOGIN_DEADLINE: Duration = Duration::from_secs(10);
/// Probes a silent client may leave unanswered; the interval is a third of the context's limit.
const KEEPALIVE_MISSES: usize = 3;
/// Data per packet we take: what OpenSSH sends at most.
const PACKET_SIZE: u32 = 32 * 1024;
/// Messages from our tasks to the connection, each at most one packet. Small, because it is memory per connection.
const EVENT_QUEUE: usize = 32;
/// The library's own queue of a channel, which is not used: see `inbox`.
const CHANNEL_QUEUE: usize = 8;

/// Serves one SSH connection until it ends; `peer` is the address inside the mesh.
pub async fn serve<S>(stream: S, peer: Option<IpAddr>, context: Arc<SessionContext>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let cut = CancellationToken::new();
    // Also when the caller drops this future, the library's task and ours must end.
    let _guard = cut.clone().drop_guard();
    let channels = Channels::new(cut.child_token());
    let connection = Connection::new(Arc::clone(&context), peer, Arc::clone(&channels));
    let authenticated = Arc::clone(&connection.authenticated);
    let deadline = tokio::time::Instant::now() + LOGIN_DEADLINE;

    let starting = server::run_stream(Arc::new(config(&context)), Transport::new(stream, &cut), connection);
    let session = match tokio::time::timeout_at(deadline, starting).await {
        Ok(Ok(session)) => session,
        Ok(Err(error)) => return tracing::debug!(%error, "an SSH connection did not begin"),
        Err(_) => return tracing::debug!("an SSH client did not introduce itself in time"),
    };
    tokio::pin!(session);
    let ended = tokio::select! {
        ended = &mut session => ended,
        () = tokio::time::sleep_until(deadline) => {
            if !authenticated.load(Ordering::Relaxed) {
                tracing::debug!("an SSH client did not log in in time");
                cut.cancel();
            }
            session.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an SSH connection ended with an error");
    }
    channels.end().await;
}

fn config(context: &SessionContext) -> Config {
    let facts = context.facts();
    Config {
        server_id: SshId::Standard(Cow::Borrowed(concat!("SSH-2.0-Homeport_", env!("CARGO_PKG_VERSION")))),
        methods: MethodSet::server_supported(),
        auth_rejection_time: Duration::ZERO,
        keys: vec![host_key::derive(&facts.owner, &facts.workspace_name, &facts.agent_name)],
        window_size: inbox::WINDOW,
        maximum_packet_size: PACKET_SIZE,
        channel_buffer_size: CHANNEL_QUEUE,
        event_buffer_size: EVENT_QUEUE,
        // Compression would let a small packet become a large one, and the mesh carries bytes as they are.
        preferred: Preferred { compression: Cow::Borrowed(&[russh::compression::NONE]), ..Preferred::default() },
        inactivity_timeout: None,
        keepalive_interval: Some(context.ssh_max_timeout / 3),
        keepalive_max: KEEPALIVE_MISSES,
        nodelay: true,
        ..Config::default()
    }
}

#[cfg(test)]
mod tests;
