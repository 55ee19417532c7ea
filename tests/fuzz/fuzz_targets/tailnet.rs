//! Fuzz target of `tests::decoders::tailnet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::tailnet(data));
