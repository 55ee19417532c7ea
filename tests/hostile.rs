//! Hostile bytes: every decoder of the wires meets its corpus (seeds and whatever a fuzzer once found) and seeded
//! mutants of it. No panic, no stall. Not here: hand-written hostile cases with expected errors, which stand beside
//! each decoder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::decoders::DECODERS;

/// Mutants of each corpus file in one run.
const MUTANTS: u64 = 300;
/// No input may take longer (promise K7 says 100 ms of CPU; the rest is for a machine that does other things).
const LONGEST: Duration = Duration::from_millis(1000);

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
fn replay(decoder: fn(&[u8]), files: &[(PathBuf, Vec<u8>)], seed: u64) -> Result<usize, String> {
    let mut inputs = 0;
    for (path, bytes) in files {
        let mut mutator = Mutator(seed);
        let mutants = (0..MUTANTS).map(|_| mutator.mutate(bytes));
        for input in std::iter::once(bytes.clone()).chain(mutants) {
            let start = Instant::now();
            if std::panic::catch_unwind(|| decoder(&input)).is_err() {
                return Err(format!("{} (seed {seed}): panic on {input:02x?}", path.display()));
            }
            if start.elapsed() > LONGEST {
                return Err(format!("{} (seed {seed}): {:?} on {input:02x?}", path.display(), start.elapsed()));
            }
            inputs += 1;
        }
    }
    Ok(inputs)
}

#[test]
fn no_decoder_panics_on_its_corpus_or_mutants_of_it() {
    let seed = std::env::var("HOMEPORT_SEED").map_or(0x9e37_79b9_7f4a_7c15, |text| text.parse().unwrap());
    for (name, decoder) in DECODERS {
        let files = corpus(name);
        assert!(files.len() >= 2, "{name} has no corpus");
        let inputs = replay(*decoder, &files, seed).unwrap_or_else(|broken| panic!("{name}: {broken}"));
        assert!(inputs > 500, "{name}: only {inputs} inputs");
    }
}

#[test]
fn a_decoder_that_panics_is_seen() {
    let fragile: fn(&[u8]) = |bytes| assert!(bytes.first() != Some(&0xff), "sabotage");
    let files = [(PathBuf::from("control"), vec![0; 32])];
    assert!(replay(fragile, &files, 7).is_err());
}
