//! The instruments of the big tests: our binaries as a user runs them, network namespaces, ledgers. No product code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A test that cannot set up its stage must fail.

pub mod bare;
pub mod bench;
pub mod binary;
/// The service that the tests of `rpc` use, too.
#[path = "../../crates/rpc/src/tests/fixture.rs"]
pub mod calls;
pub mod decoders;
pub mod desk;
pub mod host;
pub mod lab;
pub mod openssh;
pub mod payload;
pub mod resolver;
mod sabotage;
pub mod sim;

pub use sabotage::sabotaged;
