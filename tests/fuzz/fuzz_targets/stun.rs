//! Fuzz target of the `stun` decoder; the entry is `tests::decoders::stun`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::stun(data));
