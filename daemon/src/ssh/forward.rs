//! Forwarded connections: `ssh -L` (from the client into the workspace) and `ssh -R` (from the workspace to the client),
//! over TCP and unix sockets. Not for who may forward what (see `connection`).

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::server::{ChannelOpenHandle, Handle, Msg};
use russh::{Channel, ChannelOpenFailure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::channels::{self, Channels, Port};

/// How long a destination may take to answer.
const CONNECT_DEADLINE: Duration = Duration::from_secs(30);
/// How long data that arrived before a channel was closed may take to reach its destination.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of descriptors), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);
/// One SSH packet of a usual client.
const CHUNK: usize = 32 * 1024;
/// Forwarded listeners of one connection; each may be two sockets.
const LISTENER_LIMIT: usize = 64;

/// Connects a client's channel to a TCP destination seen from the workspace.
pub async fn to_tcp(port: Port, reply: ChannelOpenHandle, host: String, number: u32) {
    let connecting = async {
        let number = u16::try_from(number).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        TcpStream::connect((host.trim_matches(['[', ']']), number)).await
    };
    match deadline(connecting).await {
        Ok(stream) => {
            // Interactive programs travel here too; a failure costs only latency.
            let _ = stream.set_nodelay(true);
            reply.accept().await;
            splice(port, stream).await;
        }
        Err(error) => refuse(&port, reply, &error).await,
    }
}

/// Connects a client's channel to a unix socket of the workspace.
pub async fn to_unix(port: Port, reply: ChannelOpenHandle, path: PathBuf) {
    match deadline(UnixStream::connect(path)).await {
        Ok(stream) => {
            reply.accept().await;
            splice(port, stream).await;
        }
        Err(error) => refuse(&port, reply, &error).await,
    }
}

async fn deadline<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_DEADLINE, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn refuse(port: &Port, reply: ChannelOpenHandle, error: &io::Error) {
    tracing::debug!(%error, "a forwarded connection found no destination");
    port.channels.remove(port.id);
    reply.reject(ChannelOpenFailure::ConnectFailed).await;
}

/// Serves a connection for which we opened a channel to the client.
pub async fn serve_opened(
    opened: Result<Channel<Msg>, russh::Error>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    channels: &Arc<Channels>,
) {
    match opened {
        Ok(channel) => match channels.opened(channel) {
            Some(port) => splice(port, stream).await,
            None => tracing::debug!("a channel was gone before it could be used"),
        },
        Err(error) => tracing::debug!(%error, "the client refused a forwarded connection"),
    }
}

/// Copies both ways, each until its own end, then closes the channel. Data that arrived is delivered even when the client
/// closes at once.
async fn splice(port: Port, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Port { write, mut inbox, closed, channels, .. } = port;
    let (mut from, mut to) = tokio::io::split(stream);
    let mut writer = write.make_writer();
    let up = async {
        while let Some(piece) = inbox.next().await {
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    let down = async {
        let mut buffer = vec![0; CHUNK];
        loop {
            match from.read(&mut buffer).await {
                Ok(0) => return write.eof().await.is_ok(),
                Ok(n) if writer.write_all(&buffer[..n]).await.is_ok() => {}
                _ => return false,
            }
        }
    };
    tokio::pin!(up, down);
    let mut up_open = true;
    let mut down_open = true;
    while up_open || down_open {
        tokio::select! {
            () = &mut up, if up_open => up_open = false,
            in_order = &mut down, if down_open => {
                down_open = false;
                if !in_order {
                    break;
                }
            }
            () = closed.cancelled() => {
                if up_open && timeout(DRAIN_DEADLINE, &mut up).await.is_err() {
                    tracing::debug!("gave up delivering the rest of a forwarded connection");
                }
                break;
            }
        }
    }
    channels::close(&write, &channels).await;
}

/// What to do after a failed accept: wait a little, for the usual cause is a lack of descriptors.
pub async fn accept_failed(error: &io::Error) {
    tracing::warn!(%error, "could not accept a connection to forward");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

/// Where a client asked us to listen, exactly as it will name it when it cancels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Tcp(String, u32),
    Unix(String),
}

/// The listeners of one connection; they end with it.
#[derive(Debug, Default)]
pub struct Listeners {
    open: HashMap<Place, Listening>,
}

#[derive(Debug)]
struct Listening {
    _accepting: Vec<AbortOnDropHandle<()>>,
    /// Removed with the listener, because a socket without one only refuses.
    socket: Option<PathBuf>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some(path) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

impl Listeners {
    /// Listens on a port of the workspace's loopback (0: any free one) and tells which. Other addresses are not offered:
    /// a daemon has no listener that other machines can reach.
    pub async fn listen_tcp(
        &mut self,
        address: &str,
        port: u32,
        handle: &Handle,
        channels: &Arc<Channels>,
    ) -> io::Result<u32> {
        self.check_room()?;
        let wanted = u16::try_from(port).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        if wanted != 0 && self.open.contains_key(&Place::Tcp(address.to_owned(), port)) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await;
        let (listeners, bound) = match first {
            Ok(first) => {
                let bound = first.local_addr()?.port();
                // The same port on IPv6 is a courtesy: it may be taken, or there may be no IPv6.
                let second = TcpListener::bind((Ipv6Addr::LOCALHOST, bound)).await.ok();
                (std::iter::once(first).chain(second).collect::<Vec<_>>(), bound)
            }
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                let only = TcpListener::bind((Ipv6Addr::LOCALHOST, wanted)).await?;
                let bound = only.local_addr()?.port();
                (vec![only], bound)
            }
            Err(error) => return Err(error),
        };
        let accept = |listener| {
            let task = accept_tcp(listener, address.to_owned(), bound, handle.clone(), Arc::clone(channels));
            AbortOnDropHandle::new(tokio::spawn(task))
        };
        let accepting = listeners.into_iter().map(accept).collect();
        self.open.insert(
            Place::Tcp(address.to_owned(), u32::from(bound)),
            Listening { _accepting: accepting, socket: None },
        );
        Ok(u32::from(bound))
    }

    /// Listens on a unix socket of the workspace.
    pub fn listen_unix(&mut self, path: &str, handle: &Handle, channels: &Arc<Channels>) -> io::Result<()> {
        self.check_room()?;
        let listener = UnixListener::bind(path)?;
        let accepting = tokio::spawn(accept_unix(listener, path.to_owned(), handle.clone(), Arc::clone(channels)));
        self.open.insert(
            Place::Unix(path.to_owned()),
            Listening { _accepting: vec![AbortOnDropHandle::new(accepting)], socket: Some(path.into()) },
        );
        Ok(())
    }

    /// Stops listening; false when there was no such listener.
    pub fn cancel(&mut self, place: &Place) -> bool {
        self.open.remove(place).is_some()
    }

    fn check_room(&self) -> io::Result<()> {
        if self.open.len() >= LISTENER_LIMIT {
            return Err(io::Error::other("too many forwarded ports"));
        }
        Ok(())
    }
}

async fn accept_tcp(listener: TcpListener, address: String, port: u16, handle: Handle, channels: Arc<Channels>) {
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                accept_failed(&error).await;
                continue;
            }
        };
        if !channels.has_room() {
            continue;
        }
        let _ = stream.set_nodelay(true);
        let (handle, channels, address) = (handle.clone(), Arc::clone(&channels), address.clone());
        let tasks = channels.tasks.clone();
        tasks.spawn(async move {
            let opened = handle
                .channel_open_forwarded_tcpip(address, u32::from(port), from.ip().to_string(), u32::from(from.port()))
                .await;
            serve_opened(opened, stream, &channels).await;
        });
    }
}

async fn accept_unix(listener: UnixListener, path: String, handle: Handle, channels: Arc<Channels>) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                accept_failed(&error).await;
                continue;
            }
        };
        if !channels.has_room() {
            continue;
        }
        let (handle, channels, path) = (handle.clone(), Arc::clone(&channels), path.clone());
        let tasks = channels.tasks.clone();
        tasks.spawn(async move {
            let opened = handle.channel_open_forwarded_streamlocal(path).await;
            serve_opened(opened, stream, &channels).await;
        });
    }
}
