//! Every fuzz target in one binary, so that a long run links once: `HOMEPORT_TARGET` names the one to run.
#![no_main]

use std::sync::LazyLock;

static ENTRY: LazyLock<tests::decoders::Decode> = LazyLock::new(|| {
    let name = std::env::var("HOMEPORT_TARGET").expect("HOMEPORT_TARGET names a target");
    tests::decoders::TARGETS.iter().find(|target| target.name == name).expect("a target of this name").entry
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| ENTRY(data));
