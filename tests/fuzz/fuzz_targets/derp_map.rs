//! Fuzz target of `tests::decoders::derp_map`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::derp_map(data));
