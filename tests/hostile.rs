//! Hostile bytes: every decoder and session of the wires meets its corpus (seeds and whatever a fuzzer once found) and
//! seeded mutants of it. No panic, no stall. Not here: hand-written hostile cases with expected errors, which stand beside
//! each decoder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::decoders::{TARGETS, Target};

/// No input may take longer (promise K7 says 100 ms of CPU; the rest is for a machine that does other things).
const LONGEST: Duration = Duration::from_millis(1000);
/// A session takes in many messages, each of which may take as long as that promise says.
const LONGEST_SESSION: Duration = Duration::from_secs(10);

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A small generator of mutants; the same seed gives the same mutants.
struct Mutator(u64);

impl Mutator {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below.max(1)).unwrap()).unwrap()
    }

    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.next(4) {
            let at = self.next(bytes.len());
            match self.next(6) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.next(8),
                1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.next(5)],
                2 => bytes.truncate(at),
                3 => bytes.insert(at, u8::try_from(self.next(256)).unwrap()),
                4 => bytes.extend_from_within(at..),
                _ => {
                    let end = (at + 4).min(bytes.len());
                    bytes[at..end].fill(0xff);
                }
            }
            bytes.truncate(1 << 16);
        }
        bytes
    }
}

/// Runs one decoder over its corpus and mutants; returns how many inputs it met, or the first that broke it.
fn replay(target: &Target, files: &[(PathBuf, Vec<u8>)], seed: u64) -> Result<usize, String> {
    let longest = if target.is_session { LONGEST_SESSION } else { LONGEST };
    let mut inputs = 0;
    for (path, bytes) in files {
        let mut mutator = Mutator(seed);
        let mutants = (0..target.mutants).map(|_| mutator.mutate(bytes));
        for input in std::iter::once(bytes.clone()).chain(mutants) {
            let start = Instant::now();
            if std::panic::catch_unwind(|| (target.entry)(&input)).is_err() {
                return Err(format!("{} (seed {seed}): panic on {input:02x?}", path.display()));
            }
            if start.elapsed() > longest {
                return Err(format!("{} (seed {seed}): {:?} on {input:02x?}", path.display(), start.elapsed()));
            }
            inputs += 1;
        }
    }
    Ok(inputs)
}

/// What a fuzzer or a seed broke once, and must not break again (all in the corpora, replayed below):
/// - `rest/deadline-before-utc-ends.json`, `rest/deadline-before-utc-begins.json`: a time whose offset leads out of the
///   calendar was read, and could not be written any more.
/// - `yamux/client-opens-and-lingers` (its mutants): a stream that was let go after the goodbye said its end after it.
/// - `yamux/syn-with-oversized-data-cve-2026-32314`: what brought down another implementation.
#[test]
fn no_decoder_panics_on_its_corpus_or_mutants_of_it() {
    let seed = std::env::var("HOMEPORT_SEED").map_or(0x9e37_79b9_7f4a_7c15, |text| text.parse().unwrap());
    let only = std::env::var("HOMEPORT_TARGET").ok();
    for target in TARGETS.iter().filter(|target| only.as_ref().is_none_or(|only| only == target.name)) {
        let (name, start) = (target.name, Instant::now());
        let files = corpus(name);
        assert!(files.len() >= 2, "{name} has no corpus");
        let inputs = replay(target, &files, seed).unwrap_or_else(|broken| panic!("{name}: {broken}"));
        assert!(inputs >= 30, "{name}: only {inputs} inputs");
        eprintln!("{name}: {inputs} inputs in {:?}", start.elapsed());
    }
}

#[test]
fn a_decoder_that_panics_is_seen() {
    let fragile: fn(&[u8]) = |bytes| assert!(bytes.first() != Some(&0xff), "sabotage");
    let target = Target { name: "control", entry: fragile, mutants: 300, is_session: false };
    assert!(replay(&target, &[(PathBuf::from("control"), vec![0; 32])], 7).is_err());
}

/// A service that answers something else than it was asked.
struct Liar;

impl rpc::Service for Liar {
    fn call(
        &self,
        mut call: rpc::Call,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), rpc::RpcError>> + Send + '_>> {
        Box::pin(async move { call.sender.send(&tests::calls::blob(b"something else")).await })
    }
}

/// A body that loses what it was given.
#[derive(serde::Serialize, serde::Deserialize)]
struct Forgetful {
    #[serde(skip_deserializing)]
    kept: u8,
}

/// Each property that the sessions are held to, broken on purpose.
#[test]
fn every_property_can_fail() {
    use rpc::yamux::Usage;
    use tests::decoders::{check_delivered, check_usage, drpc_session_with, same_again};
    let (peer, stranger) = (std::net::Ipv6Addr::LOCALHOST, std::net::Ipv6Addr::UNSPECIFIED);
    let from = |source: std::net::Ipv6Addr| [&[0x60; 8][..], &source.octets(), &[0; 16]].concat();
    let rows: [(&str, Box<dyn Fn() + std::panic::UnwindSafe + std::panic::RefUnwindSafe>); 8] = [
        ("streams of theirs", Box::new(|| check_usage(Usage { remote_streams: 257, ..Usage::default() }))),
        ("streams of ours", Box::new(|| check_usage(Usage { own_streams: 257, ..Usage::default() }))),
        ("credit", Box::new(|| check_usage(Usage { largest_window: (1 << 20) + 1, ..Usage::default() }))),
        ("queues", Box::new(|| check_usage(Usage { queued: 10_000, ..Usage::default() }))),
        ("another call", Box::new(|| drpc_session_with(b"", std::sync::Arc::new(Liar)))),
        ("a foreign source", Box::new(move || check_delivered(&[from(stranger)], &[peer], 1))),
        ("a replay", Box::new(move || check_delivered(&[from(peer), from(peer)], &[peer], 1))),
        ("a body", Box::new(|| same_again(&Forgetful { kept: 1 }))),
    ];
    for (name, broken) in rows {
        assert!(std::panic::catch_unwind(broken).is_err(), "{name}: the check does not see it");
    }
    check_usage(Usage { remote_streams: 256, own_streams: 256, largest_window: 1 << 20, queued: 256 });
    check_delivered(&[from(peer)], &[peer], 1);
}
