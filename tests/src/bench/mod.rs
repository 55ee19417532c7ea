//! What `make bench` measures, and how it is told: min/median/max of both sides of the same run, as ratios.

pub mod cipher;
pub mod device;
pub mod flow;
pub mod footprint;
pub mod inside;
pub mod peers;
pub mod relay;
pub mod stage;
pub mod table;
pub mod tray;
pub mod tunnel;
pub mod wireguard;
