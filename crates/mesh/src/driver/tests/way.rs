//! What may stand between a mesh and its relay: TLS with a certificate of its own, an HTTP proxy.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Takes TLS connections and hands their bytes on.
pub struct Sealed {
    pub address: SocketAddr,
    /// Root that vouches for it, DER.
    pub root: Vec<u8>,
    task: JoinHandle<()>,
}

impl Sealed {
    /// In front of `relay`, with a certificate for `name`.
    pub async fn start(relay: SocketAddr, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let root = made.cert.der().to_vec();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![CertificateDer::from(root.clone())], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust the certificate leaves in the middle of the greeting.
                    let Ok(mut inner) = acceptor.accept(stream).await else { return };
                    let mut outer = TcpStream::connect(relay).await.unwrap();
                    let _ = copy_bidirectional(&mut inner, &mut outer).await;
                });
            }
        });
        Self { address, root, task }
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An HTTP proxy that leads every name to one address, and counts.
pub struct TestProxy {
    pub address: SocketAddr,
    tunnels: Arc<AtomicUsize>,
    refusals: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// What a proxy answers.
#[derive(Clone, Copy)]
pub enum Mood {
    /// Leads everybody.
    Open,
    /// Leads those with this `Proxy-Authorization`.
    Login(&'static str),
    /// Refuses with this status.
    Closed(u16),
}

impl TestProxy {
    pub async fn start(to: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tunnels, refusals) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (tunnels.clone(), refusals.clone());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(lead(stream, to, mood, counters.clone()));
            }
        });
        Self { address, tunnels, refusals, task }
    }

    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Relaxed)
    }

    pub fn refusals(&self) -> usize {
        self.refusals.load(Ordering::Relaxed)
    }
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn lead(
    mut stream: TcpStream,
    to: SocketAddr,
    mood: Mood,
    (tunnels, refusals): (Arc<AtomicUsize>, Arc<AtomicUsize>),
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap() == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("CONNECT relay.test:"), "{head}");
    let refusal = match mood {
        Mood::Open => None,
        Mood::Login(login) if head.contains(&format!("\r\nProxy-Authorization: {login}\r\n")) => None,
        Mood::Login(_) => Some(407),
        Mood::Closed(status) => Some(status),
    };
    if let Some(status) = refusal {
        refusals.fetch_add(1, Ordering::Relaxed);
        let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    }
    tunnels.fetch_add(1, Ordering::Relaxed);
    let mut outer = TcpStream::connect(to).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut outer).await;
}
