//! Fuzz target of `tests::decoders::ipc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::ipc(data));
