//! Fuzz target of `tests::decoders::yamux`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::yamux(data));
