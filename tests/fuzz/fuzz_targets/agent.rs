//! Fuzz target of `tests::decoders::agent`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::agent(data));
