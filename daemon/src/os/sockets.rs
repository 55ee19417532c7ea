//! Who holds which socket, from `/proc`. Not for what that means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;

/// The kernel's tables of TCP sockets, as text.
pub fn tcp_tables() -> io::Result<Vec<String>> {
    let v4 = fs::read_to_string("/proc/net/tcp")?;
    // A kernel without IPv6 has no such file.
    Ok([Some(v4), fs::read_to_string("/proc/net/tcp6").ok()].into_iter().flatten().collect())
}

/// The names of the processes that hold these sockets, as far as we may look into them.
pub fn owners(sockets: &BTreeSet<u64>) -> BTreeMap<u64, String> {
    let mut owners = BTreeMap::new();
    for process in fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok) {
        if owners.len() == sockets.len() {
            break;
        }
        if !process.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
            continue;
        }
        let path = process.path();
        for descriptor in fs::read_dir(path.join("fd")).into_iter().flatten().filter_map(Result::ok) {
            let Ok(target) = fs::read_link(descriptor.path()) else { continue };
            let socket = target.to_str().and_then(socket_number).filter(|number| sockets.contains(number));
            if let Some(socket) = socket {
                let name = fs::read_to_string(path.join("comm")).unwrap_or_default();
                owners.entry(socket).or_insert_with(|| name.trim().to_owned());
            }
        }
    }
    owners
}

fn socket_number(target: &str) -> Option<u64> {
    target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}
