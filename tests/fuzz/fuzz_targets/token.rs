//! Fuzz target of `tests::decoders::token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::token(data));
