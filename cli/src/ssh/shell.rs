//! Our own SSH client over a mesh connection: opens the session as wanted and hands it to the pump. The mesh is the
//! lock: the peer's key was checked by WireGuard, so host keys add nothing and no login is needed.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use russh::client::{ChannelOpenHandle, Config, Handler, Msg};
use russh::keys::PublicKeyOrCertificate;
use russh::{Channel, ChannelMsg};
use tokio::io::{AsyncRead, AsyncWrite};

use super::pump::{self, Streams};
use super::raw_mode;
use crate::failure::failure;

/// What the person wants.
#[derive(Default)]
pub struct Wanted {
    /// The command, or a login shell.
    pub command: Option<String>,
    /// Whether the session has a terminal.
    pub terminal: bool,
    /// The SSH agent that the workspace may use.
    pub agent_socket: Option<PathBuf>,
    /// Variables of the session.
    pub variables: Vec<(String, String)>,
}

/// A daemon that is silent this long on an idle session is asked whether it lives; three misses end the session.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Window of the session: the mesh carries 1 MiB in flight, so the SSH window must not be the narrow place.
const WINDOW: u32 = 4 * 1024 * 1024;
/// Bytes of one SSH packet's data.
const PACKET: u32 = 32 * 1024;

struct Events {
    agent_socket: Option<PathBuf>,
}

impl Handler for Events {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut russh::client::Session,
    ) -> Result<(), Self::Error> {
        // Only what was asked for: a workspace must not reach an agent that nobody lent to it.
        let Some(path) = self.agent_socket.clone() else { return Ok(()) };
        let Ok(mut agent) = tokio::net::UnixStream::connect(path).await else { return Ok(()) };
        reply.accept().await;
        tokio::spawn(async move {
            let mut channel = channel.into_stream();
            let _ = tokio::io::copy_bidirectional(&mut channel, &mut agent).await;
        });
        Ok(())
    }
}

/// Runs a session over a connection; returns the exit code of the other end.
pub async fn run<S, O, E>(stream: S, wanted: Wanted, streams: Streams<O, E>) -> anyhow::Result<u8>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    O: Write,
    E: Write,
{
    let config = Config {
        client_id: russh::SshId::Standard(concat!("SSH-2.0-Homeport_", env!("CARGO_PKG_VERSION")).into()),
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        keepalive_interval: Some(KEEPALIVE),
        ..Config::default()
    };
    let events = Events { agent_socket: wanted.agent_socket.clone() };
    let mut handle = russh::client::connect_stream(Arc::new(config), stream, events)
        .await
        .context("the SSH connection to the workspace failed")?;
    let user = std::env::var("USER").unwrap_or_else(|_| "homeport".into());
    if !handle.authenticate_none(user).await.context("the workspace's SSH server broke the login off")?.success() {
        return Err(failure(
            "the workspace's SSH server wants a login",
            "look at `homeport show` for its daemon's version",
        ));
    }
    let mut channel = handle.channel_open_session().await.context("the workspace's SSH server opens no session")?;
    for (name, value) in &wanted.variables {
        channel.set_env(false, name.as_str(), value.as_str()).await?;
    }
    if wanted.agent_socket.is_some() {
        channel.agent_forward(false).await?;
    }
    if wanted.terminal {
        let term = std::env::var("TERM").unwrap_or_else(|_| "xterm-256color".into());
        let (columns, rows) = raw_mode::size();
        channel.request_pty(false, &term, columns, rows, 0, 0, &[]).await?;
    }
    match &wanted.command {
        Some(command) => channel.exec(true, command.as_bytes()).await?,
        None => channel.request_shell(true).await?,
    }
    accepted(&mut channel).await?;
    pump::run(channel, wanted.terminal, streams).await
}

/// Waits for the answer to `exec` or `shell`; only then the person's keys belong to the other end.
async fn accepted(channel: &mut Channel<Msg>) -> anyhow::Result<()> {
    loop {
        match channel.wait().await {
            Some(ChannelMsg::Success) => return Ok(()),
            Some(ChannelMsg::WindowAdjusted { .. }) => {}
            Some(ChannelMsg::Failure) => {
                return Err(failure("the workspace refuses to start that", "look at its daemon's log"));
            }
            _ => return Err(failure("the workspace closed the session", "try again; `homeport show` tells its state")),
        }
    }
}

#[cfg(test)]
mod tests;
