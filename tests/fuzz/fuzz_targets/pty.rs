//! Fuzz target of `tests::decoders::pty`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::pty(data));
