//! Fuzz target of `tests::decoders::rest`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::rest(data));
