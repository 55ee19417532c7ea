//! Takes the token out of this process's environment, which `ps e` and `/proc/<pid>/environ` show for as long as it runs.
//! A running process cannot rewrite what the kernel shows, so it starts itself again in place, the token in a nameless file.
#![allow(unsafe_code, reason = "a number on the command line becomes an owned descriptor again")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::memfd::{MFdFlags, memfd_create};

/// Largest token that is carried over.
const MAX_TOKEN: u64 = 4096;

/// Starts this program again, same process number, with `variable` in a descriptor that `flag` names instead of in the
/// environment. Returns only when that is not needed, or not possible: then the token stays where it is.
pub fn restart_without(executable: &Path, variable: &str, flag: &str) -> io::Result<()> {
    let Some(token) = std::env::var_os(variable).filter(|token| !token.is_empty()) else { return Ok(()) };
    // Without close-on-exec: it must arrive on the other side.
    let mut file = File::from(memfd_create("token", MFdFlags::empty())?);
    file.write_all(token.as_encoded_bytes())?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let error = Command::new(executable)
        .args(arguments)
        .arg(format!("{flag}={}", file.as_raw_fd()))
        .env_remove(variable)
        .exec();
    Err(error)
}

/// Reads what [`restart_without`] left and closes it, so that no child sees it.
pub fn take(descriptor: RawFd) -> io::Result<String> {
    if descriptor <= 2 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // The offset of the descriptor itself is at the end, and process 1 may have handed the same one to us before.
    let mut text = String::new();
    let read = File::open(format!("/proc/self/fd/{descriptor}"))?.take(MAX_TOKEN).read_to_string(&mut text);
    // SAFETY: the number comes from our own command line, where only `restart_without` puts it; nothing else owns it.
    drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
    read.map(|_| text)
}
