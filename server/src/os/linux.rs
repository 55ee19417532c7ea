//! Linux: the C library's allocator.
#![allow(unsafe_code)] // Reason: `mallopt` has no safe form, and a static program cannot be told by its environment.

/// Blocks from this size on are mapped by themselves and go back to the system when they are freed: the queues of relay
/// clients, read buffers, answers. Without a fixed value the library raises it with the first large block that is freed.
#[cfg(target_env = "gnu")]
const MAPPED_FROM: i32 = 64 * 1024;
/// Free memory at the end of a heap that is kept.
#[cfg(target_env = "gnu")]
const KEPT: i32 = 128 * 1024;
/// Heaps: each keeps what was freed in it, and by default there are eight per core.
#[cfg(target_env = "gnu")]
const HEAPS: i32 = 2;

/// Makes the allocator give memory back after a busy time. Call it before any thread is started.
pub fn return_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: `mallopt` takes two numbers and changes settings of the allocator under its own lock. An unknown setting is
    // refused by its result, which leaves the defaults.
    unsafe {
        use nix::libc::{M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, mallopt};
        mallopt(M_ARENA_MAX, HEAPS);
        mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
        mallopt(M_TRIM_THRESHOLD, KEPT);
    }
}
