//! Load on a relay, ours or the peer's: pairs of clients on the raw wire, one sends as fast as the relay takes it, the
//! other counts. A relay may drop; what arrived is what counts, and it must have come from the right key.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use proto::derp::login::ClientInfo;
use proto::derp::{Decoder, Frame, send_packet_header};
use proto::key::{NodePrivate, NodePublic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of one relayed packet: a full inner packet and what WireGuard adds.
pub const PACKET: usize = 1312;

/// A logged-in relay client.
pub struct Client {
    key: NodePublic,
    stream: TcpStream,
    decoder: Decoder,
}

impl Client {
    /// Upgrades and logs in with a fresh key.
    pub async fn connect(relay: SocketAddr) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(relay).await?;
        stream.set_nodelay(true)?;
        let request = format!("GET /derp HTTP/1.1\r\nHost: {relay}\r\nUpgrade: DERP\r\nConnection: Upgrade\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut decoder = Decoder::new();
        let head_end = loop {
            let read = stream.read_buf(decoder.buffer()).await?;
            ensure!(read > 0, "the relay hung up during the upgrade");
            if let Some(end) = decoder.buffer().windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = decoder.buffer().split_to(head_end);
        ensure!(head.starts_with(b"HTTP/1.1 101"), "the relay refused: {}", String::from_utf8_lossy(&head));
        let mut random = [0; 32 + 24];
        getrandom::fill(&mut random).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let mut secret = [0; 32];
        secret.copy_from_slice(&random[..32]);
        let private = NodePrivate::from_bytes(secret);
        let mut client = Self { key: private.public(), stream, decoder };
        let Frame::ServerKey(relay_key) = client.next().await? else { bail!("the relay did not say its key") };
        let mut nonce = [0; 24];
        nonce.copy_from_slice(&random[32..]);
        let greeting = ClientInfo { can_ack_pings: true, ..ClientInfo::default() }.seal(&private, &relay_key, nonce)?;
        let mut out = BytesMut::new();
        greeting.encode(&mut out)?;
        client.stream.write_all(&out).await?;
        let Frame::ServerInfo { .. } = client.next().await? else { bail!("the relay did not greet back") };
        Ok(client)
    }

    async fn next(&mut self) -> anyhow::Result<Frame> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                return Ok(frame);
            }
            let read = self.stream.read_buf(self.decoder.buffer()).await?;
            ensure!(read > 0, "the relay hung up");
        }
    }
}

/// Megabits per second that arrive over `pairs` pairs during `span`.
pub async fn throughput(relay: SocketAddr, pairs: usize, span: Duration) -> anyhow::Result<f64> {
    let mut receivers = tokio::task::JoinSet::new();
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..pairs {
        let sender = Client::connect(relay).await.context("sender")?;
        let receiver = Client::connect(relay).await.context("receiver")?;
        let (from, to) = (sender.key, receiver.key);
        senders.spawn(send(sender, to, span));
        receivers.spawn(receive(receiver, from, span));
    }
    let mut bytes = 0;
    while let Some(received) = receivers.join_next().await {
        bytes += received??;
    }
    senders.abort_all();
    #[allow(clippy::cast_precision_loss)] // A rate for people.
    Ok(bytes as f64 * 8.0 / 1e6 / span.as_secs_f64())
}

async fn send(client: Client, to: NodePublic, span: Duration) -> anyhow::Result<()> {
    let header = send_packet_header(&to, PACKET).context("packet too long")?;
    let one = [header.as_slice(), &[0x5a; PACKET]].concat();
    let burst = one.repeat(16);
    let (mut reader, mut writer) = client.stream.into_split();
    // What the relay says to the sender must be read, or its queue for us fills.
    let drain = tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
    let end = Instant::now() + span;
    while Instant::now() < end {
        writer.write_all(&burst).await?;
    }
    drain.abort();
    Ok(())
}

async fn receive(mut client: Client, from: NodePublic, span: Duration) -> anyhow::Result<u64> {
    let end = tokio::time::Instant::now() + span;
    let mut bytes = 0;
    while let Ok(frame) = tokio::time::timeout_at(end, client.next()).await {
        if let Frame::RecvPacket { from: sender, data } = frame? {
            ensure!(sender == from && data.len() == PACKET, "a packet of somebody else arrived");
            bytes += data.len() as u64;
        }
    }
    Ok(bytes)
}
