//! Fuzz target of the `tailnet` decoder; the entry is `tests::decoders::tailnet`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::tailnet(data));
