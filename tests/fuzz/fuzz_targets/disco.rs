//! Fuzz target of `tests::decoders::disco`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::disco(data));
