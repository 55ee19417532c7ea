//! Fuzz target of the `disco` decoder; the entry is `tests::decoders::disco`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::disco(data));
