//! Fuzz target of `tests::decoders::stack`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::stack(data));
