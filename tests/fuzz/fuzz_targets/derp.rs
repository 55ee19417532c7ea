//! Fuzz target of `tests::decoders::derp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::derp(data));
