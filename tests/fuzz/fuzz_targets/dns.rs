//! Fuzz target of `tests::decoders::dns`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::dns(data));
