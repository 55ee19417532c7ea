//! Fuzz target of `tests::decoders::name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::name(data));
