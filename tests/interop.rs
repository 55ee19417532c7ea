//! Our wires against their Go originals (`make interop`); needs Go and the modules pinned in `tests/peers`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // A peer that does not start is a failed test.

#[path = "interop/drpc.rs"]
mod drpc;
#[path = "interop/gigabyte.rs"]
mod gigabyte;
#[path = "interop/peer.rs"]
mod peer;
#[path = "interop/relay.rs"]
mod relay;
#[path = "interop/stun.rs"]
mod stun;
#[path = "interop/wireguard.rs"]
mod wireguard;
#[path = "interop/yamux.rs"]
mod yamux;
