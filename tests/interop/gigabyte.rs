//! A gigabyte over TCP each way between our stack and engine and wireguard-go's netstack, with SHA-256 at both ends. In
//! the middle keys are renewed three times (the engine's clock jumps over their life) and either side moves to another
//! address. The streams keep the real clock: for them nothing happens but lost packets. Those are many while they send:
//! our socket has the system's small buffer on purpose, and every pause of our process empties whole bursts.

use std::net::SocketAddrV6;
use std::task::Poll;
use std::time::{Duration, Instant};

use mesh::stack::{FlowId, Stack, Stranger};
use proto::address;
use proto::key::NodePrivate;
use sha2::{Digest, Sha256};

use crate::wireguard::{Echo, OURS, Ours, THEIRS};

const LENGTH: u64 = 1 << 30;
const BLOCK: usize = 1 << 20;
/// Each direction takes some 30 s on two shared cores.
const LIMIT: Duration = Duration::from_secs(170);
/// A little more than the life of keys.
const KEY_LIFE: Duration = Duration::from_secs(121);

/// What happens at an eighth of the way, in either direction.
const TROUBLES: &[(u64, Trouble)] = &[
    (1, Trouble::NewKeys),
    (2, Trouble::WeMove),
    (4, Trouble::NewKeys),
    (5, Trouble::TheyMove),
    (6, Trouble::NewKeys),
];

#[derive(Debug, Clone, Copy)]
enum Trouble {
    NewKeys,
    WeMove,
    TheyMove,
}

struct Ends {
    echo: Echo,
    ours: Ours,
    stack: Stack,
    has_more: bool,
    troubles: &'static [(u64, Trouble)],
    started: Instant,
}

impl Ends {
    fn new() -> Self {
        let key = NodePrivate::from_bytes([3; 32]);
        let echo = Echo::start(key.public());
        let ours = Ours::new(&echo, key);
        let now = Instant::now();
        let stack = Stack::new(vec![address::under(address::PREFIX, OURS.0)], Stranger::Refuse, 7, now);
        Self { echo, ours, stack, has_more: false, troubles: &[], started: now }
    }

    fn dial(&mut self, port: u16) -> FlowId {
        (self.troubles, self.started) = (TROUBLES, Instant::now());
        let theirs = address::under(address::PREFIX, THEIRS.0);
        self.stack.dial(SocketAddrV6::new(theirs, port, 0, 0), self.started).unwrap()
    }

    /// Moves packets both ways; `done` is how much of the stream is through.
    fn turn(&mut self, done: u64) {
        assert!(self.started.elapsed() < LIMIT, "{done} of {LENGTH} bytes; to come: {:?}", self.troubles);
        if let Some(((eighth, trouble), others)) = self.troubles.split_first()
            && done >= LENGTH / 8 * eighth
        {
            self.troubles = others;
            self.make(*trouble);
        }
        self.ours.read(if self.has_more { Duration::ZERO } else { Duration::from_millis(1) });
        let (now, ahead) = (Instant::now(), self.ours.now());
        for packet in std::mem::take(&mut self.ours.received) {
            self.stack.handle_packet(&packet, now);
        }
        let engine = &mut self.ours.engine;
        self.has_more = self.stack.poll(now, &mut |packet| engine.handle_inner(packet, ahead));
        while self.stack.poll_event().is_some() {}
        self.ours.drain();
    }

    fn make(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::NewKeys => self.ours.ahead += KEY_LIFE,
            Trouble::WeMove => {
                self.ours.roam("127.0.0.2:0");
                // The engine says a word then; what the peer sends before it is lost.
                let now = self.ours.now();
                self.ours.engine.handle_network_changed(now);
            }
            Trouble::TheyMove => self.echo.rebind(),
        }
    }

    /// Both directions end with the digest that the other end sends.
    fn finish(&self, digest: &[u8], expect: &[u8], handshakes: usize) {
        assert_eq!(digest, expect, "SHA-256 of both ends");
        assert!(self.troubles.is_empty());
        assert_eq!(self.ours.handshakes, handshakes);
        assert_eq!(self.ours.peer.port(), self.echo.port, "we followed the peer");
        let (seconds, length) = (self.started.elapsed().as_secs_f64(), LENGTH as f64);
        eprintln!("{LENGTH} bytes in {seconds:.1} s, {:.0} Mbit/s", length * 8e-6 / seconds);
    }

    fn upload(&mut self) {
        let flow = self.dial(8);
        // Blocks that nobody can take for each other: each begins with its number.
        let mut block = vec![0; BLOCK];
        getrandom::fill(&mut block).unwrap();
        let (mut sum, mut sent, mut digest) = (Sha256::new(), 0_u64, Vec::new());
        let mut is_closed = false;
        loop {
            while sent < LENGTH {
                let start = usize::try_from(sent % BLOCK as u64).unwrap();
                if start == 0 {
                    block[..8].copy_from_slice(&sent.to_be_bytes());
                }
                match self.stack.write(flow, &block[start..]) {
                    Poll::Ready(written) => {
                        let written = written.unwrap();
                        sum.update(&block[start..start + written]);
                        sent += written as u64;
                    }
                    Poll::Pending => break,
                }
            }
            if sent == LENGTH && !std::mem::replace(&mut is_closed, true) {
                self.stack.close_write(flow);
            }
            let mut buffer = [0; 64];
            match self.stack.read(flow, &mut buffer, Instant::now()) {
                Poll::Ready(Ok(0)) => break,
                Poll::Ready(read) => digest.extend_from_slice(&buffer[..read.unwrap()]),
                Poll::Pending => {}
            }
            self.turn(sent);
        }
        self.stack.leave(flow, Instant::now());
        self.finish(&digest, &sum.finalize(), 4);
    }

    fn download(&mut self) {
        let flow = self.dial(9);
        let (mut sum, mut received, mut digest) = (Sha256::new(), 0_u64, Vec::new());
        let mut buffer = vec![0; BLOCK];
        let mut is_asked = false;
        loop {
            if !is_asked && let Poll::Ready(written) = self.stack.write(flow, &LENGTH.to_be_bytes()) {
                assert_eq!(written.unwrap(), 8);
                is_asked = true;
            }
            while let Poll::Ready(read) = self.stack.read(flow, &mut buffer, Instant::now()) {
                let read = read.unwrap();
                if read == 0 {
                    assert_eq!(received, LENGTH);
                    self.stack.close_write(flow);
                    self.stack.leave(flow, Instant::now());
                    // The first direction had the first handshake and three others.
                    return self.finish(&digest, &sum.finalize(), 7);
                }
                let body = usize::try_from((LENGTH - received).min(read as u64)).unwrap();
                sum.update(&buffer[..body]);
                digest.extend_from_slice(&buffer[body..read]);
                received += body as u64;
            }
            self.turn(received);
        }
    }
}

#[test]
#[ignore = "needs Go: make interop"]
fn a_gigabyte_survives_new_keys_and_moves_of_both_ends() {
    let mut ends = Ends::new();
    ends.upload();
    ends.download();
}
