//! Fuzz target of `tests::decoders::stun`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::stun(data));
