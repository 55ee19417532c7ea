//! One SSH connection: answers what the client asks, one method per request of the wire, and starts the tasks of its
//! channels. Not for the tasks themselves.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use russh::keys::Certificate;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Response, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty, Sig};
use tokio::time::timeout;

use crate::os::pty::Size;
use crate::session::SessionContext;

use super::channels::Channels;
use super::forward::{self, Listeners, Place};
use super::session::{self, Preparing, Purpose, Remote, Terminal};
use super::signal;

/// Longest host name or socket path of a forwarding request: DNS names end at 253, socket paths at 108.
const NAME_LIMIT: usize = 1024;
/// Longest command line; the kernel takes no longer argument.
const COMMAND_LIMIT: usize = 128 * 1024;
/// How long arriving data may wait for readers while the connection's backlog is full. Short, because nothing else of the
/// connection moves meanwhile; not zero, because it is what slows a client down that the window alone does not.
const CONGESTION_PAUSE: Duration = Duration::from_millis(20);

/// The state of one connection.
pub struct Connection {
    pub context: Arc<SessionContext>,
    pub peer: Option<IpAddr>,
    pub channels: Arc<Channels>,
    /// Set once the client is let in.
    pub authenticated: Arc<AtomicBool>,
    preparing: HashMap<ChannelId, Preparing>,
    remotes: HashMap<ChannelId, Remote>,
    listeners: Listeners,
}

impl Connection {
    #[must_use]
    pub fn new(context: Arc<SessionContext>, peer: Option<IpAddr>, channels: Arc<Channels>) -> Self {
        Self {
            context,
            peer,
            channels,
            authenticated: Arc::default(),
            preparing: HashMap::new(),
            remotes: HashMap::new(),
            listeners: Listeners::default(),
        }
    }

    /// Answers a request about a channel that is still being prepared.
    fn answer(
        &mut self,
        id: ChannelId,
        session: &mut Session,
        apply: impl FnOnce(&mut Preparing) -> bool,
    ) -> Result<(), russh::Error> {
        match self.preparing.get_mut(&id) {
            Some(preparing) => {
                if apply(preparing) {
                    session.channel_success(id)
                } else {
                    session.channel_failure(id)
                }
            }
            None => session.channel_failure(id),
        }
    }

    fn start(&mut self, id: ChannelId, session: &mut Session, purpose: Purpose) -> Result<(), russh::Error> {
        let Some(preparing) = self.preparing.remove(&id) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let context = Arc::clone(&self.context);
        self.channels.tasks.spawn(session::run(context, self.peer, session.handle(), preparing, purpose));
        Ok(())
    }

    fn forget(&mut self, id: ChannelId) {
        self.preparing.remove(&id);
        self.remotes.remove(&id);
        self.channels.remove(id);
    }

    /// Programs that ended leave their controls behind, because the library does not tell of channels that we closed.
    fn forget_ended(&mut self) {
        let preparing = &self.preparing;
        self.remotes.retain(|id, remote| preparing.contains_key(id) || !remote.signals.is_closed());
    }
}

/// The mesh has already proven who is on the other side: every method lets in.
impl Handler for Connection {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_password(&mut self, _user: &str, _password: &str) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_publickey(&mut self, _user: &str, _key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_openssh_certificate(&mut self, _user: &str, _certificate: &Certificate) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        _response: Option<Response<'a>>,
    ) -> Result<Auth, Self::Error> {
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Self::Error> {
        self.authenticated.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.forget_ended();
        let id = channel.id();
        match self.channels.accept(channel) {
            Some(port) => {
                let (preparing, remote) = session::prepare(port);
                self.preparing.insert(id, preparing);
                self.remotes.insert(id, remote);
                reply.accept().await;
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _originator_address: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.context.policy.block_local_forwarding || host.len() > NAME_LIMIT {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        }
        match self.channels.accept(channel) {
            Some(channel) => {
                self.channels.tasks.spawn(forward::to_tcp(channel, reply, host.to_owned(), port));
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_open_direct_streamlocal(
        &mut self,
        channel: Channel<Msg>,
        path: &str,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.context.policy.block_local_forwarding || path.len() > NAME_LIMIT {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        }
        match self.channels.accept(channel) {
            Some(channel) => {
                self.channels.tasks.spawn(forward::to_unix(channel, reply, PathBuf::from(path)));
            }
            None => reply.reject(ChannelOpenFailure::ResourceShortage).await,
        }
        Ok(())
    }

    async fn channel_open_confirmation(
        &mut self,
        id: ChannelId,
        _max_packet_size: u32,
        _window_size: u32,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.confirmed(id);
        Ok(())
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.data(id, data);
        if self.channels.backlog.is_congested() {
            // Whether readers caught up or the pause is over, the connection goes on.
            let _ = timeout(CONGESTION_PAUSE, self.channels.backlog.shrunk()).await;
        }
        Ok(())
    }

    fn adjust_window(&mut self, _channel: ChannelId, _current: u32) -> u32 {
        self.channels.backlog.next_window()
    }

    async fn channel_eof(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.channels.eof(id);
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.forget(id);
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.answer(id, session, |preparing| preparing.set_variable(name, value))
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        name: &str,
        columns: u32,
        rows: u32,
        pixel_width: u32,
        pixel_height: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(remote) = self.remotes.get(&id) {
            remote.size.send_replace(Size::clamped(columns, rows, pixel_width, pixel_height));
        }
        let modes = modes.iter().map(|&(code, value)| (code as u8, value)).collect();
        let terminal = Terminal { name: name.to_owned(), modes };
        self.answer(id, session, |preparing| preparing.set_terminal(terminal))
    }

    async fn window_change_request(
        &mut self,
        id: ChannelId,
        columns: u32,
        rows: u32,
        pixel_width: u32,
        pixel_height: u32,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if let Some(remote) = self.remotes.get(&id) {
            remote.size.send_replace(Size::clamped(columns, rows, pixel_width, pixel_height));
        }
        Ok(())
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _single_connection: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        // Not offered: the session goes on without it.
        session.channel_failure(id)
    }

    async fn agent_request(&mut self, id: ChannelId, _session: &mut Session) -> Result<bool, Self::Error> {
        let Some(preparing) = self.preparing.get_mut(&id) else { return Ok(false) };
        preparing.agent_forwarding = true;
        Ok(true)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(id, session, Purpose::Shell)
    }

    async fn exec_request(&mut self, id: ChannelId, line: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        if line.len() > COMMAND_LIMIT {
            return session.channel_failure(id);
        }
        self.start(id, session, Purpose::Command(line.to_vec()))
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match name {
            "sftp" => self.start(id, session, Purpose::Sftp),
            _ => session.channel_failure(id),
        }
    }

    async fn signal(&mut self, id: ChannelId, wanted: Sig, _session: &mut Session) -> Result<(), Self::Error> {
        if let (Some(remote), Some(wanted)) = (self.remotes.get(&id), signal::from_wire(&wanted)) {
            // A full queue means a program that is not even started yet; one more signal says nothing new.
            let _ = remote.signals.try_send(wanted);
        }
        Ok(())
    }

    async fn tcpip_forward(
        &mut self,
        address: &str,
        port: &mut u32,
        session: &mut Session,
    ) -> Result<bool, Self::Error> {
        if self.context.policy.block_reverse_forwarding || address.len() > NAME_LIMIT {
            return Ok(false);
        }
        let listening = self.listeners.listen_tcp(address, *port, &session.handle(), &self.channels).await;
        match listening {
            Ok(bound) => {
                *port = bound;
                Ok(true)
            }
            Err(error) => {
                tracing::info!(%error, port, "refused to forward a port to the client");
                Ok(false)
            }
        }
    }

    async fn cancel_tcpip_forward(
        &mut self,
        address: &str,
        port: u32,
        _session: &mut Session,
    ) -> Result<bool, Self::Error> {
        Ok(self.listeners.cancel(&Place::Tcp(address.to_owned(), port)))
    }

    async fn streamlocal_forward(&mut self, path: &str, session: &mut Session) -> Result<bool, Self::Error> {
        if self.context.policy.block_reverse_forwarding || path.len() > NAME_LIMIT {
            return Ok(false);
        }
        let listening = self.listeners.listen_unix(path, &session.handle(), &self.channels);
        if let Err(error) = &listening {
            tracing::info!(%error, "refused to forward a unix socket to the client");
        }
        Ok(listening.is_ok())
    }

    async fn cancel_streamlocal_forward(&mut self, path: &str, _session: &mut Session) -> Result<bool, Self::Error> {
        Ok(self.listeners.cancel(&Place::Unix(path.to_owned())))
    }
}
