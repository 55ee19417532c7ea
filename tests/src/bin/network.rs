//! `network`: the tunnel's network without the rest of the service, moved by lines on standard input. Every packet that
//! enters the device comes back out of it with its two addresses exchanged. Not a product: an instrument of
//! `tests/tunnel.rs`.
//!
//! ```text
//!   up ADDRESS · names SUFFIX… · down · health      in, one line each
//!   = answer                                        out, one per line in
//!   ! change                                        out, whenever something happened
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)] // An instrument of tests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Instant;

use bytes::BytesMut;
use mesh::names::Suffix;
use proto::ipc::{Health, NameService};
use tokio::io::{AsyncBufReadExt, BufReader};
use tunnel::network::{Change, Network, Settings};
use tunnel::os::Tun;

const USAGE: &str = "usage: network STATE-FOLDER [resolv-conf] | network carry OURS PEER BYTES";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["carry", ours, peer, bytes] => carry(ours, peer, bytes.parse().expect(USAGE)),
        [state_dir] => serve(state_dir.into(), false),
        [state_dir, "resolv-conf"] => serve(state_dir.into(), true),
        _ => panic!("{USAGE}"),
    }
}

/// A TCP connection to `peer`, which the mirror of another process turns into one to `ours`: bytes there, compared.
fn carry(ours: &str, peer: &str, bytes: usize) {
    let listener = TcpListener::bind((ours, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let sent = tests::payload::bytes(7, bytes);
    let start = Instant::now();
    let received = std::thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            let mut received = Vec::with_capacity(bytes);
            listener.accept().unwrap().0.read_to_end(&mut received).unwrap();
            received
        });
        TcpStream::connect((peer, port)).unwrap().write_all(&sent).unwrap();
        receiver.join().unwrap()
    });
    assert!(received == sent, "{} of {} bytes came, or others", received.len(), sent.len());
    println!("whole {:.3} s", start.elapsed().as_secs_f64());
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn serve(state_dir: PathBuf, resolv_conf: bool) {
    let settings = Settings { device: "homeport0".into(), state_dir, resolv_conf, bus: None };
    let mut network = match Network::recover(settings).await {
        Ok(network) => network,
        Err(error) => return println!("= error {:?} {error}", error.health().code),
    };
    println!("= ready");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line.unwrap() else { return };
                println!("= {}", answer(&mut network, &line).await);
            }
            change = network.next() => println!("! {}", told(change)),
        }
    }
}

async fn answer(network: &mut Network, line: &str) -> String {
    let mut words = line.split(' ');
    match words.next() {
        Some("up") => match network.bring_up(words.next().unwrap().parse().unwrap()).await {
            Ok(tun) => {
                mirror(tun);
                "up".to_owned()
            }
            Err(error) => format!("error {:?} {error}", error.health().code),
        },
        Some("names") => {
            let suffixes: Vec<Suffix> = words.map(|word| Suffix::new(word, "example.test").unwrap()).collect();
            let way: NameService = network.set_names(&suffixes).await;
            format!("{way:?}")
        }
        Some("down") => {
            network.take_down().await;
            "down".to_owned()
        }
        Some("health") => {
            let show = |health: &Health| format!("{:?}({})", health.code, health.detail);
            network.health().iter().map(show).collect::<Vec<_>>().join(" ")
        }
        _ => panic!("unknown: {line}"),
    }
}

fn told(change: Change) -> &'static str {
    match change {
        Change::Moved => "moved",
        Change::Woke => "woke",
        Change::Offline => "offline",
        Change::Health => "health",
        Change::Device(tun) => {
            mirror(tun);
            "device"
        }
    }
}

/// Sends every packet back. Exchanging the addresses leaves the checksum right.
fn mirror(mut tun: Tun) {
    std::thread::spawn(move || {
        let mut packets = Vec::new();
        loop {
            let read = tun.reader.read(&mut |packet| {
                let mut back = BytesMut::from(packet);
                if back.len() >= 40 && back[0] >> 4 == 6 {
                    back[8..24].copy_from_slice(&packet[24..40]);
                    back[24..40].copy_from_slice(&packet[8..24]);
                    packets.push(back);
                }
            });
            if read.is_err() {
                return;
            }
            tun.writer.write(&mut packets);
        }
    });
}
