//! Fuzz target of `tests::decoders::websocket`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::websocket(data));
