//! Fuzz target of `tests::decoders::sftp`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::decoders::sftp(data));
