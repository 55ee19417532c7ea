//! What `make bench` measures, and how it is told: min/median/max of both sides of the same run, as ratios.

pub mod footprint;
pub mod peers;
pub mod relay;
pub mod table;
pub mod tunnel;
