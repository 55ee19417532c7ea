//! The byte stream under a websocket to a deployment: straight, or through the HTTP proxy that the environment names, as
//! plain requests (`reqwest`) and relays (`mesh`) go. Not here: TLS to the deployment and what is said.

use std::io;
use std::time::Duration;

use proto::proxy::connect::{Denied, Passage};
use proto::proxy::{Proxies, Proxy, ProxyError};
use rpc::Io;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::cause::Cause;
use crate::tls;

#[cfg(test)]
mod tests;

/// A proxy that takes longer to be reached and to answer is as good as away; it connects to the deployment meanwhile.
const PROXY_LIMIT: Duration = Duration::from_secs(20);

/// Longest segment: packets have at most 1000 bytes, whatever the address family. Where longer ones vanish without a word,
/// the connection that says how to go round would stand still.
const SEGMENT: u32 = 1000 - 60;

/// Any of the streams.
pub(crate) type Stream = Box<dyn Io>;

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error("the URL has no host")]
    Host,
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error(transparent)]
    Variable(#[from] ProxyError),
    #[error("cannot connect to the HTTP proxy {0}")]
    Proxy(String, #[source] io::Error),
    #[error(transparent)]
    Denied(#[from] Denied),
}

/// Opens it, by the proxies of the environment as it is now.
pub(crate) async fn open(url: &Url) -> Result<Stream, StreamError> {
    open_by(url, &of_environment()).await
}

/// A failure of the HTTP library, which goes by the same proxies and does not say whom it did not reach.
pub(crate) fn by_proxy(url: &Url, error: reqwest::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let proxies = of_environment();
    let proxy = to(url).ok().and_then(|(host, port)| {
        proxies.of(&host, port, matches!(url.scheme(), "https")).ok().flatten().map(Proxy::name)
    });
    match proxy {
        Some(name) if error.is_connect() && Cause::of(&error).is_about_the_way() => {
            Box::new(StreamError::Proxy(name, io::Error::other(error)))
        }
        _ => Box::new(error),
    }
}

fn of_environment() -> Proxies {
    Proxies::from_variables(|name| std::env::var(name).ok())
}

fn to(url: &Url) -> Result<(String, u16), StreamError> {
    let host = match url.host().ok_or(StreamError::Host)? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    Ok((host, url.port_or_known_default().ok_or(StreamError::Host)?))
}

async fn open_by(url: &Url, proxies: &Proxies) -> Result<Stream, StreamError> {
    let (host, port) = to(url)?;
    match proxies.of(&host, port, matches!(url.scheme(), "https" | "wss"))? {
        None => Ok(Box::new(connect(&host, port).await.map_err(StreamError::Connect)?)),
        Some(proxy) => match tokio::time::timeout(PROXY_LIMIT, pass(proxy, &host, port)).await {
            Ok(passed) => passed,
            Err(_) => Err(StreamError::Proxy(proxy.name(), io::ErrorKind::TimedOut.into())),
        },
    }
}

async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::NotFound.into();
    for address in tokio::net::lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A system that refuses has its own way.
        if !address.ip().is_loopback() {
            let _ = socket2::SockRef::from(&socket).set_tcp_mss(SEGMENT);
        }
        match socket.connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn pass(proxy: &Proxy, host: &str, port: u16) -> Result<Stream, StreamError> {
    let passage = Passage::new(proxy, host, port)?;
    let broken = |error| StreamError::Proxy(proxy.name(), error);
    let stream = connect(proxy.host(), proxy.port()).await.map_err(broken)?;
    let mut stream: Stream =
        if proxy.is_encrypted() { encrypt(stream, proxy.host()).await.map_err(broken)? } else { Box::new(stream) };
    stream.write_all(passage.request().expose().as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut answer = Vec::new();
    while !passage.is_open(&answer)? {
        if stream.read_buf(&mut answer).await.map_err(broken)? == 0 {
            return Err(passage.broken().into());
        }
    }
    Ok(stream)
}

async fn encrypt(stream: TcpStream, host: &str) -> io::Result<Stream> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(std::sync::Arc::new(tls::trusting_the_system()));
    Ok(Box::new(connector.connect(name, stream).await?))
}
