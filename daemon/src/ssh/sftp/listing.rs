//! The lines of a directory listing, as `ls -l` prints them: OpenSSH's `ls -l` shows what the server wrote. Not for reading
//! directories.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use time::OffsetDateTime;

use crate::os::user;

/// Older files show their year instead of the time of day.
const RECENT_SECONDS: i64 = 182 * 24 * 3600;

/// User and group names, looked up once per session.
#[derive(Debug, Default)]
pub struct Names {
    users: HashMap<u32, String>,
    groups: HashMap<u32, String>,
}

impl Names {
    #[must_use]
    pub fn of_this_system() -> Self {
        Self { users: user::names(&user::read_passwd()), groups: user::names(&user::read_groups()) }
    }
}

/// The line for one file; `now` decides how its date is written.
#[must_use]
pub fn line(name: &[u8], metadata: &Metadata, names: &Names, now: OffsetDateTime) -> Vec<u8> {
    let owner = |names: &HashMap<u32, String>, id: u32| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let mut line = format!(
        "{} {:>4} {:<8} {:<8} {:>8} {} ",
        mode_text(metadata.mode()),
        metadata.nlink(),
        owner(&names.users, metadata.uid()),
        owner(&names.groups, metadata.gid()),
        metadata.size(),
        date(metadata.mtime(), now),
    )
    .into_bytes();
    line.extend_from_slice(name);
    line
}

fn mode_text(mode: u32) -> String {
    let kind = match mode & 0o170_000 {
        0o040_000 => 'd',
        0o120_000 => 'l',
        0o020_000 => 'c',
        0o060_000 => 'b',
        0o010_000 => 'p',
        0o140_000 => 's',
        _ => '-',
    };
    let triple = |shift: u32, special: u32, set: char, unset: char| {
        let bits = mode >> shift;
        let execute = match (mode & special != 0, bits & 1 != 0) {
            (false, false) => '-',
            (false, true) => 'x',
            (true, true) => set,
            (true, false) => unset,
        };
        [if bits & 4 != 0 { 'r' } else { '-' }, if bits & 2 != 0 { 'w' } else { '-' }, execute]
    };
    std::iter::once(kind)
        .chain(triple(6, 0o4000, 's', 'S'))
        .chain(triple(3, 0o2000, 's', 'S'))
        .chain(triple(0, 0o1000, 't', 'T'))
        .collect()
}

fn date(modified: i64, now: OffsetDateTime) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(modified) else { return "Jan  1  1970".to_owned() };
    let month = &at.month().to_string()[..3];
    let age = now.unix_timestamp() - modified;
    if (0..RECENT_SECONDS).contains(&age) {
        format!("{month} {:>2} {:02}:{:02}", at.day(), at.hour(), at.minute())
    } else {
        format!("{month} {:>2}  {}", at.day(), at.year())
    }
}

#[cfg(test)]
mod tests;
