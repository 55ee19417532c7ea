//! Fuzz target of the `derp` decoder; the entry is `tests::decoders::derp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::derp(data));
