//! Fuzz target of `tests::decoders::drpc_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::drpc_session(data));
