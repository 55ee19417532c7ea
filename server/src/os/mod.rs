//! What the operating system must be told, one file per system with the same functions. No rules.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub use linux::return_memory;

/// Nothing is known to be needed elsewhere.
#[cfg(not(target_os = "linux"))]
pub fn return_memory() {}
