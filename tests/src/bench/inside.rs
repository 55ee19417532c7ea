//! What must be measured from inside the near namespace: `bench` runs itself there, and these print one number each.

use std::net::{Ipv6Addr, SocketAddrV6};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use client::tunnel::Tunnel;
use proto::address::DNS_SERVER;
use proto::dns::{Name, ask, hear};
use proto::ipc::{Call, Description};
use proto::secret::Secret;
use tokio::net::UdpSocket;

/// Questions per second.
const RATE: u32 = 1000;
/// Longest wait for a first name.
const LIMIT: Duration = Duration::from_secs(20);

fn server() -> SocketAddrV6 {
    SocketAddrV6::new(DNS_SERVER, 53, 0, 0)
}

/// Asks for a name a thousand times a second for so many seconds; the 99th percentile of the answers in milliseconds. An
/// answer that does not come counts as a second.
pub async fn dns(name: &str, seconds: u32) -> anyhow::Result<f64> {
    let name = Name::parse(name)?;
    let count = u16::try_from(RATE * seconds).context("too long for the ids of DNS")?;
    let socket = Arc::new(UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?);
    socket.connect(server()).await?;
    let sent = Arc::new(Mutex::new(Vec::with_capacity(count.into())));
    let heard = {
        let (socket, sent, name) = (socket.clone(), sent.clone(), name.clone());
        tokio::spawn(async move {
            let (mut times, mut bytes) = (Vec::with_capacity(count.into()), [0; 1500]);
            while times.len() < count.into() {
                let Ok(length) = socket.recv(&mut bytes).await else { continue };
                let now = Instant::now();
                let id = u16::from_be_bytes([bytes[0], bytes[1]]);
                let is_answer = hear(&bytes[..length], id, &name).is_ok_and(|heard| !heard.addresses.is_empty());
                let sent: Option<Instant> = locked(&sent).get(usize::from(id)).copied();
                if let Some(sent) = sent.filter(|_| is_answer) {
                    times.push(now - sent);
                }
            }
            times
        })
    };
    let mut pace = tokio::time::interval(Duration::from_secs(1) / RATE);
    for id in 0..count {
        pace.tick().await;
        let question = ask(id, &name);
        locked(&sent).push(Instant::now());
        socket.send(&question).await?;
    }
    let lost = Duration::from_secs(1);
    let mut times = tokio::time::timeout(lost, heard).await.context("some questions were not answered")??;
    times.sort_unstable();
    Ok(times[times.len() * 99 / 100].as_secs_f64() * 1000.0)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds from `connect` on the service's socket to the first answer with an address; disconnects afterwards. The
/// token comes on standard input.
pub async fn first_name(name: &str, socket: &Path, url: &str) -> anyhow::Result<f64> {
    let token = std::io::read_to_string(std::io::stdin())?;
    let description = Description { url: url.to_owned(), token: Secret::new(token), is_local: true };
    let name = Name::parse(name)?;
    let start = Instant::now();
    let mut tunnel = Tunnel::open(socket).await?;
    tunnel.call(Call::Connect(description)).await?;
    let answered = tokio::time::timeout(LIMIT, async {
        loop {
            if asked_once(&name).await {
                return start.elapsed();
            }
        }
    });
    let answered = answered.await.context("no name was answered")?;
    tunnel.call(Call::Disconnect { url: None }).await?;
    let gone = async {
        while nix::net::if_::if_nametoindex("homeport0").is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.context("the device did not go")?;
    Ok(answered.as_secs_f64() * 1000.0)
}

/// A question on a socket of its own, because the route may be new; waits a moment for the answer.
async fn asked_once(name: &Name) -> bool {
    let pause = Duration::from_millis(2);
    let asked = async {
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await?;
        socket.connect(server()).await?;
        socket.send(&ask(1, name)).await?;
        let mut bytes = [0; 1500];
        let length = socket.recv(&mut bytes).await?;
        std::io::Result::Ok(hear(&bytes[..length], 1, name).is_ok_and(|heard| !heard.addresses.is_empty()))
    };
    let is_answered = tokio::time::timeout(pause, asked).await;
    if !matches!(is_answered, Ok(Ok(true))) {
        tokio::time::sleep(Duration::from_millis(1)).await;
        return false;
    }
    true
}
