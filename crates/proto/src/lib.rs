//! Bytes to types and back, for everything Homeport says on a wire. No IO, no clock, no async runtime, no randomness.
//!
//! One module per wire; each opens with its purpose, its flow and the reasons of its caps. `spec` in the comments means
//! the interface specification that the project is built from (`agent-rpc.md`, `tailnet.md`, `derp-disco-stun.md`, …).
#![deny(missing_docs)]
#![forbid(unsafe_code)]

pub mod address;
pub mod agent;
pub mod daemon_report;
pub mod derp;
pub mod derp_map;
pub mod disco;
pub mod dns;
pub mod drpc;
pub mod external_app;
pub mod id;
pub mod ipc;
pub mod key;
pub mod menu;
pub mod proxy;
pub mod rest;
pub mod secret;
pub mod stun;
pub mod tailnet;
pub mod wkt;
pub mod yamux;
