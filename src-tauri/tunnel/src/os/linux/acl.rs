//! A POSIX access list on a file: its owner, its group, and some users besides. The mode stays as it was: where there are
//! such users, its group bits are the most that any of them gets (acl(5)).

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::XattrFlags;

const NAME: &str = "system.posix_acl_access";
/// Version of the form below (`linux/posix_acl_xattr.h`).
const VERSION: u32 = 2;
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const GROUP: u16 = 0x04;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;
/// The id of entries that name nobody.
const NOBODY: u32 = u32::MAX;

/// Lets these users do with a file what its mode lets its group do.
///
/// # Errors
/// The file system's; it may have no access lists.
pub fn admit(path: &Path, users: &BTreeSet<u32>) -> io::Result<()> {
    let mode = std::fs::symlink_metadata(path)?.mode();
    if users.is_empty() {
        return match rustix::fs::removexattr(path, NAME) {
            // The mode keeps what the mask was, which is what the group had.
            Ok(()) | Err(rustix::io::Errno::NODATA | rustix::io::Errno::NOTSUP) => Ok(()),
            Err(error) => Err(error.into()),
        };
    }
    Ok(rustix::fs::setxattr(path, NAME, &encode(mode, users), XattrFlags::empty())?)
}

/// The list as the kernel takes it: little-endian, entries by kind and then by user.
fn encode(mode: u32, users: &BTreeSet<u32>) -> Vec<u8> {
    let bits = |shift: u32| u16::try_from((mode >> shift) & 7).unwrap_or_default();
    let (owner, group, others) = (bits(6), bits(3), bits(0));
    let mut entries = vec![(OWNER, owner, NOBODY)];
    entries.extend(users.iter().map(|user| (USER, group, *user)));
    entries.extend([(GROUP, group, NOBODY), (MASK, group, NOBODY), (OTHERS, others, NOBODY)]);
    let mut bytes = VERSION.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
