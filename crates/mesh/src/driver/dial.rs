//! Opens a byte stream to a relay node: addresses in a race, TLS where the node wants it, the head of an HTTP/1.1 answer.
//! Shared by the relay client and the latency probe. Not here: what is said over the stream.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{FuturesUnordered, StreamExt};
use proto::derp_map::Node;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// One TCP attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1500);
/// The next address is tried this much later, while the former ones go on.
const STAGGER: Duration = Duration::from_millis(200);
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
    #[error("cannot agree on encryption with relay {0}")]
    Tls(String, #[source] io::Error),
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
    let host = match node.host_name.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => node.host_name.clone(),
    };
    if port == default { host } else { format!("{host}:{port}") }
}

/// `DERPPort` with its default.
pub fn port(node: &Node) -> u16 {
    u16::try_from(node.derp_port).ok().filter(|port| *port != 0).unwrap_or(443)
}

/// Opens the stream that the node's scheme asks for, within the caller's time limit.
pub async fn open(node: &Node, families: Families) -> Result<Box<dyn Stream>, DialError> {
    let tcp = connect(node, families).await?;
    if node.force_http {
        return Ok(Box::new(tcp));
    }
    let name = if node.cert_name.is_empty() { &node.host_name } else { &node.cert_name };
    let name = ServerName::try_from(name.clone()).map_err(|_| DialError::Name(name.clone()))?;
    let connector = TlsConnector::from(tls_config()?);
    let tls = connector.connect(name, tcp).await.map_err(|error| DialError::Tls(node.host_name.clone(), error))?;
    Ok(Box::new(tls))
}

async fn connect(node: &Node, families: Families) -> Result<TcpStream, DialError> {
    let addresses = resolve(&node.host_name, &node.ipv4, &node.ipv6, families).await?;
    let port = port(node);
    let mut attempts: FuturesUnordered<_> = addresses
        .into_iter()
        .take(MAX_ADDRESSES)
        .zip(0u32..)
        .map(|(address, place)| async move {
            tokio::time::sleep(STAGGER * place).await;
            let attempt = TcpStream::connect(SocketAddr::new(address, port));
            tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
        .collect();
    let mut last = None;
    while let Some(attempt) = attempts.next().await {
        match attempt {
            Ok(tcp) => {
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(DialError::Connect(node.host_name.clone(), last))
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

/// Read once: the system's certificates do not change under a running program often enough to matter.
fn tls_config() -> Result<Arc<rustls::ClientConfig>, DialError> {
    static CONFIG: OnceLock<Arc<rustls::ClientConfig>> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    let mut roots = rustls::RootCertStore::empty();
    let (_, unusable) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if unusable > 0 {
        tracing::debug!(unusable, "some certificates of the system cannot be used");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| DialError::Setup(io::Error::other(error)))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(CONFIG.get_or_init(|| Arc::new(config)).clone())
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
