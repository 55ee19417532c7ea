//! Opens a byte stream to a relay node: addresses in a race or a proxy on the way, TLS where the node wants it, the head
//! of an HTTP/1.1 answer. Shared by the relay client and the latency probe. Not here: what is said over the stream.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{FuturesUnordered, StreamExt};
use proto::derp_map::Node;
use proto::proxy::connect::{Denied, Passage};
use proto::proxy::{Proxy, ProxyError, with_port};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::config::RelayTransport;

/// One TCP attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
/// The next address is tried this much later, while the former ones go on.
const STAGGER: Duration = Duration::from_millis(200);
/// Longest segment on a connection to a relay: its packets have at most 1000 bytes, whatever the address family. Where
/// longer ones vanish without a word, TCP would stand still, and the relay is what helps there. It costs two per cent.
const SEGMENT: u32 = 1000 - 60;
/// Most addresses of a node that are tried.
const MAX_ADDRESSES: usize = 8;
/// Longest head of an HTTP answer: what servers of the field send is a tenth of it.
const MAX_HEAD: usize = 16 << 10;
const MAX_HEADERS: usize = 64;

/// A byte stream, whatever is below it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Why a relay node could not be reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Its name has no address.
    #[error("cannot find the address of relay {0}")]
    Resolve(String, #[source] Option<io::Error>),
    /// No address of it answered.
    #[error("cannot connect to relay {0}")]
    Connect(String, #[source] Option<io::Error>),
    /// TLS failed.
    #[error("cannot agree on encryption with {0}")]
    Tls(String, #[source] io::Error),
    /// Somebody else answers, or somebody whose certificate nobody here vouches for.
    #[error("{0} showed a certificate that this computer does not trust")]
    Certificate(String, #[source] rustls::Error),
    /// The variables name no usable proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The proxy is not there.
    #[error("cannot connect to the HTTP proxy {0}")]
    ProxyConnect(String, #[source] Box<DialError>),
    /// The proxy is there and does not lead to the relay.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// TLS cannot be set up.
    #[error("cannot set up encryption")]
    Setup(#[source] io::Error),
    /// Its name cannot be a certificate name.
    #[error("relay name {0} cannot be verified")]
    Name(String),
    /// The stream broke or the answer is no HTTP.
    #[error("the relay's answer cannot be read")]
    Answer(#[source] io::Error),
    /// Another HTTP status than expected.
    #[error("the relay answered with HTTP status {0}")]
    Status(u16),
}

/// Families to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    Both,
    OnlyV4,
    OnlyV6,
}

/// Scheme and authority of a node's URLs.
pub fn authority(node: &Node) -> String {
    let (default, port) = (if node.force_http { 80 } else { 443 }, port(node));
    let full = with_port(&node.host_name, port);
    if port == default { full.trim_end_matches(&format!(":{port}")).to_owned() } else { full }
}

/// `DERPPort` with its default.
pub fn port(node: &Node) -> u16 {
    u16::try_from(node.derp_port).ok().filter(|port| *port != 0).unwrap_or(443)
}

/// Opens streams by the ways of one mesh.
pub struct Dialer {
    transport: RelayTransport,
    /// Made at the first need: the system's certificates do not change under a running program often enough to matter.
    tls: OnceLock<Arc<rustls::ClientConfig>>,
}

impl Dialer {
    pub fn new(transport: RelayTransport) -> Self {
        Self { transport, tls: OnceLock::new() }
    }

    /// Opens the stream that the node's scheme asks for, within the caller's time limit.
    pub async fn open(&self, node: &Node, families: Families) -> Result<Box<dyn Stream>, DialError> {
        let port = port(node);
        let stream = match self.transport.proxies.of(&node.host_name, port, !node.force_http)? {
            // What lies behind a proxy has no family of its own: it is looked at once, as the older one.
            Some(_) if families == Families::OnlyV6 => return Err(DialError::Resolve(node.host_name.clone(), None)),
            Some(proxy) => self.pass(proxy, &node.host_name, port).await?,
            None => {
                let addresses = resolve(&node.host_name, &node.ipv4, &node.ipv6, families).await?;
                connect(&node.host_name, addresses, port).await?
            }
        };
        if node.force_http {
            return Ok(stream);
        }
        let name = if node.cert_name.is_empty() { &node.host_name } else { &node.cert_name };
        self.encrypt(stream, name).await
    }

    /// Opens a way through a proxy.
    async fn pass(&self, proxy: &Proxy, host: &str, port: u16) -> Result<Box<dyn Stream>, DialError> {
        let passage = Passage::new(proxy, host, port)?;
        let mut stream = async {
            let addresses = resolve(proxy.host(), "", "", Families::Both).await?;
            let stream = connect(proxy.host(), addresses, proxy.port()).await?;
            if proxy.is_encrypted() { self.encrypt(stream, proxy.host()).await } else { Ok(stream) }
        }
        .await
        .map_err(|error| DialError::ProxyConnect(proxy.name(), Box::new(error)))?;
        let broken = |error| DialError::ProxyConnect(proxy.name(), Box::new(DialError::Answer(error)));
        stream.write_all(passage.request().expose().as_bytes()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;
        let mut answer = BytesMut::new();
        while !passage.is_open(&answer)? {
            if stream.read_buf(&mut answer).await.map_err(broken)? == 0 {
                return Err(passage.broken().into());
            }
        }
        Ok(stream)
    }

    async fn encrypt(&self, stream: Box<dyn Stream>, host: &str) -> Result<Box<dyn Stream>, DialError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| DialError::Name(host.to_owned()))?;
        let connector = TlsConnector::from(self.tls_config()?);
        let tls = connector.connect(name, stream).await.map_err(|error| {
            let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            match cause {
                Some(cause @ rustls::Error::InvalidCertificate(_)) => {
                    DialError::Certificate(host.to_owned(), cause.clone())
                }
                _ => DialError::Tls(host.to_owned(), error),
            }
        })?;
        Ok(Box::new(tls))
    }

    fn tls_config(&self) -> Result<Arc<rustls::ClientConfig>, DialError> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let mut roots = rustls::RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs().certs;
        let extra = self.transport.extra_roots.iter().map(|root| CertificateDer::from(root.clone()));
        let (_, unusable) = roots.add_parsable_certificates(system.into_iter().chain(extra));
        if unusable > 0 {
            tracing::debug!(unusable, "some root certificates cannot be used");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| DialError::Setup(io::Error::other(error)))?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(self.tls.get_or_init(|| Arc::new(config)).clone())
    }
}

/// Connects to the first of some addresses that answers.
async fn connect(name: &str, addresses: Vec<IpAddr>, port: u16) -> Result<Box<dyn Stream>, DialError> {
    let mut attempts: FuturesUnordered<_> = addresses
        .into_iter()
        .take(MAX_ADDRESSES)
        .zip(0u32..)
        .map(|(address, place)| async move {
            tokio::time::sleep(STAGGER * place).await;
            let attempt = connect_to(SocketAddr::new(address, port));
            tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
        .collect();
    let mut last = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(tcp) => {
                let _ = tcp.set_nodelay(true);
                // What is not sent when we give a connection up must never arrive: a machine that comes back to an address
                // would say the rest of its former connection there, and the relay take that for a second program with
                // our key, and give packets to neither.
                let _ = socket2::SockRef::from(&tcp).set_linger(Some(Duration::ZERO));
                return Ok(Box::new(tcp));
            }
            Err(error) => last = Some(error),
        }
    }
    Err(DialError::Connect(name.to_owned(), last))
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // The other end is told as well, so it holds for both directions. A system that refuses has its own way.
    if !address.ip().is_loopback() {
        let _ = socket2::SockRef::from(&socket).set_tcp_mss(SEGMENT);
    }
    socket.connect(address).await
}

/// Addresses of a name. `v4` and `v6` are the map's fixed addresses: empty means ask the resolver, a text that is no
/// address of that family turns the family off.
pub async fn resolve(name: &str, v4: &str, v6: &str, families: Families) -> Result<Vec<IpAddr>, DialError> {
    let wants = |address: &IpAddr| match families {
        Families::Both => true,
        Families::OnlyV4 => address.is_ipv4(),
        Families::OnlyV6 => address.is_ipv6(),
    };
    let mut found: Vec<IpAddr> = Vec::new();
    found.extend(v4.parse::<Ipv4Addr>().map(IpAddr::V4));
    found.extend(v6.parse::<Ipv6Addr>().map(IpAddr::V6));
    if (v4.is_empty() || v6.is_empty()) && found.is_empty() {
        found = look_up(name).await?;
        found.retain(|address| if address.is_ipv4() { v4.is_empty() } else { v6.is_empty() });
    }
    found.retain(wants);
    if found.is_empty() { Err(DialError::Resolve(name.to_owned(), None)) } else { Ok(found) }
}

async fn look_up(name: &str) -> Result<Vec<IpAddr>, DialError> {
    if let Ok(address) = name.trim_matches(['[', ']']).parse() {
        return Ok(vec![address]);
    }
    if name.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    let addresses = tokio::net::lookup_host((name, 0)).await;
    let addresses = addresses.map_err(|error| DialError::Resolve(name.to_owned(), Some(error)))?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// Status and headers of an HTTP answer; what came behind the head stays in the buffer.
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, String)>,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Reads the head of an HTTP/1.1 answer.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<Head, DialError> {
    let broken = |kind: io::ErrorKind| DialError::Answer(kind.into());
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(buffer).map_err(|_| broken(io::ErrorKind::InvalidData))?;
        if let httparse::Status::Complete(length) = parsed {
            let status = response.code.unwrap_or_default();
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = response.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
            let _ = buffer.split_to(length);
            return Ok(Head { status, headers });
        }
        if buffer.len() >= MAX_HEAD {
            return Err(broken(io::ErrorKind::InvalidData));
        }
        if stream.read_buf(buffer).await.map_err(DialError::Answer)? == 0 {
            return Err(broken(io::ErrorKind::UnexpectedEof));
        }
    }
}
