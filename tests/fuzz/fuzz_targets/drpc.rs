//! Fuzz target of `tests::decoders::drpc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::drpc(data));
