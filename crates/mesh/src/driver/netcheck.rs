//! One look at the network: which STUN servers answer what, and how far each relay is (spec `derp-disco-stun.md` 6). The
//! requests leave from the loop's own UDP socket, because the answer is about that socket. What follows from the report
//! is the engine's business.
//!
//! STUN and HTTP run side by side, and the first check of a mesh reports its relays before STUN is through: a home relay
//! is needed before anything else can start, and in a closed network STUN only runs into its deadline.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::stream::{FuturesUnordered, StreamExt};
use proto::derp_map::{DerpMap, Node, Region};
use proto::stun::TxId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::clock;
use super::command::Command;
use super::dial::{self, DialError, Dialer, Families};
use crate::engine::{MAX_STUN_ANSWERS, NetcheckReport, RelayLatency, StunAnswer};

/// STUN requests to one server, when the former ones were not answered.
const TRIES: u32 = 3;
const TRY_EVERY: Duration = Duration::from_millis(250);
/// The whole STUN part, names included.
const STUN_TIMEOUT: Duration = Duration::from_secs(1);
/// One region's HTTP part.
const HTTP_TIMEOUT: Duration = Duration::from_secs(2);
/// After the first relay answered, others that are about as near get this long to be in the early report.
const EARLY_GRACE: Duration = Duration::from_millis(30);
/// Regions and servers that are looked at: no deployment has more, and a hostile map must not make us a flood.
const MAX_REGIONS: usize = 64;
const MAX_STUN_SERVERS: usize = 32;
/// STUN servers that are asked in a check that is not full.
const FEW: usize = 3;

/// Looks once, and reports by [`Command::Netcheck`].
pub async fn run(
    dialer: Arc<Dialer>,
    map: DerpMap,
    full: bool,
    early: bool,
    commands: mpsc::WeakUnboundedSender<Command>,
    answers: mpsc::Receiver<StunAnswer>,
) {
    let (stun, relays) =
        tokio::join!(ask_stun(&map, full, &commands, answers), measure_relays(&dialer, &map, early, &commands));
    tell(&commands, Command::Netcheck { report: NetcheckReport { stun, relays }, last: true });
}

/// The loop may be gone; then nobody wants to know.
fn tell(commands: &mpsc::WeakUnboundedSender<Command>, command: Command) {
    if let Some(commands) = commands.upgrade() {
        let _ = commands.send(command);
    }
}

/// Measures all relays at once; with `early`, reports those that answered soon.
async fn measure_relays(
    dialer: &Dialer,
    map: &DerpMap,
    early: bool,
    commands: &mpsc::WeakUnboundedSender<Command>,
) -> Vec<RelayLatency> {
    let with_relay = |region: &&Region| region.nodes.iter().any(|node| !node.stun_only);
    let mut running: FuturesUnordered<_> =
        map.regions.values().filter(with_relay).take(MAX_REGIONS).map(|region| measure(dialer, region)).collect();
    let mut relays = Vec::new();
    let mut report_at = None;
    loop {
        let due = async {
            match report_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            measured = running.next() => match measured {
                Some(Some(relay)) => {
                    if early && relays.is_empty() {
                        report_at = Some(Instant::now() + EARLY_GRACE);
                    }
                    relays.push(relay);
                }
                Some(None) => {}
                None => break,
            },
            () = due => {
                report_at = None;
                tell(commands, Command::Netcheck { report: report(&relays), last: false });
            }
        }
    }
    if report_at.is_some() {
        tell(commands, Command::Netcheck { report: report(&relays), last: false });
    }
    relays
}

fn report(relays: &[RelayLatency]) -> NetcheckReport {
    NetcheckReport { stun: Vec::new(), relays: relays.to_vec() }
}

/// Latency of a region over both families; `None` when neither answers.
async fn measure(dialer: &Dialer, region: &Region) -> Option<RelayLatency> {
    let over = async |families| {
        for node in region.nodes.iter().filter(|node| !node.stun_only) {
            if let Ok(Ok(latency)) = timeout(HTTP_TIMEOUT, latency(dialer, node, families)).await {
                return Some(latency);
            }
        }
        None
    };
    let (v4, v6) = tokio::join!(over(Families::OnlyV4), over(Families::OnlyV6));
    (v4.is_some() || v6.is_some()).then_some(RelayLatency { region: region.region_id, v4, v6 })
}

/// From the request written to the first byte of the answer, over a fresh connection.
async fn latency(dialer: &Dialer, node: &Node, families: Families) -> Result<Duration, DialError> {
    let mut stream = dialer.open(node, families).await?;
    let host = dial::authority(node);
    let request = format!(
        "GET /derp/latency-check HTTP/1.1\r\nHost: {host}\r\nUser-Agent: homeport\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(DialError::Answer)?;
    stream.flush().await.map_err(DialError::Answer)?;
    let asked = clock::now();
    let mut buffer = BytesMut::with_capacity(1024);
    stream.read_buf(&mut buffer).await.map_err(DialError::Answer)?;
    let latency = clock::now() - asked;
    let head = dial::read_head(&mut stream, &mut buffer).await?;
    if head.status == 200 { Ok(latency) } else { Err(DialError::Status(head.status)) }
}

async fn ask_stun(
    map: &DerpMap,
    full: bool,
    commands: &mpsc::WeakUnboundedSender<Command>,
    mut answers: mpsc::Receiver<StunAnswer>,
) -> Vec<StunAnswer> {
    let deadline = Instant::now() + STUN_TIMEOUT;
    let most = if full { MAX_STUN_SERVERS } else { FEW };
    let nodes = map.regions.values().flat_map(|region| &region.nodes).filter(|node| node.stun_port >= 0).take(most);
    let mut resolving: FuturesUnordered<_> = nodes.map(stun_servers).collect();
    let mut open: HashSet<(i32, SocketAddr)> = HashSet::new();
    let mut found: Vec<StunAnswer> = Vec::new();
    let mut tries = 0;
    let mut next_try = Instant::now() + TRY_EVERY;
    loop {
        if resolving.is_empty() && open.is_empty() || found.len() >= MAX_STUN_ANSWERS {
            return found;
        }
        tokio::select! {
            () = sleep_until(deadline) => return found,
            Some(servers) = resolving.next(), if !resolving.is_empty() => {
                for server in servers {
                    ask(commands, server);
                    open.insert(server);
                }
            }
            Some(answer) = answers.recv() => {
                open.remove(&(answer.region, answer.server));
                found.push(answer);
            }
            () = sleep_until(next_try), if tries + 1 < TRIES => {
                tries += 1;
                next_try += TRY_EVERY;
                open.iter().for_each(|server| ask(commands, *server));
            }
        }
    }
}

fn ask(commands: &mpsc::WeakUnboundedSender<Command>, (region, server): (i32, SocketAddr)) {
    if let Ok(random) = clock::random() {
        tell(commands, Command::Stun { region, server, tx_id: TxId(random) });
    }
}

/// Where a node's STUN server is; nowhere when its name is unknown.
async fn stun_servers(node: &Node) -> Vec<(i32, SocketAddr)> {
    let port = u16::try_from(node.stun_port).ok().filter(|port| *port != 0).unwrap_or(3478);
    let addresses = match node.stun_test_ip.parse::<IpAddr>() {
        Ok(address) => vec![address],
        Err(_) => dial::resolve(&node.host_name, &node.ipv4, &node.ipv6, Families::Both).await.unwrap_or_default(),
    };
    // One of each family: a server's addresses are the same server.
    let v4 = addresses.iter().find(|address| address.is_ipv4());
    let v6 = addresses.iter().find(|address| address.is_ipv6());
    v4.into_iter().chain(v6).map(|address| (node.region_id, SocketAddr::new(*address, port))).collect()
}
