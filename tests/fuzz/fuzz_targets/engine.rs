//! Fuzz target of `tests::decoders::engine`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::engine(data));
