//! Does what SFTP requests ask, with plain file operations that may block. Not for bytes on the wire.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, ReadDir};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};
use nix::sys::stat::{UtimensatFlags, futimens, utimensat};
use nix::sys::statvfs::{FsFlags, Statvfs, fstatvfs, statvfs};
use nix::sys::time::TimeSpec;
use time::OffsetDateTime;

use crate::os::user::Account;

use super::listing::{self, Names};
use super::wire::{
    self, APPEND, Attributes, CREATE, DATA_LIMIT, EXCLUSIVE, Handle, Name, PACKET_LIMIT, READ, Reply, Request, Status,
    TRUNCATE, WRITE,
};

/// Open files and directories of one session: clients use a few, and descriptors are shared by the whole daemon.
const HANDLE_LIMIT: usize = 256;
/// Entries per NAME reply: with the longest names still well below the packet limit.
const ENTRIES_PER_REPLY: usize = 100;
/// Permission bits a client may set.
const MODE_BITS: u32 = 0o7777;

/// The open files of one session.
#[derive(Debug)]
pub struct Files {
    /// Relative paths start here.
    home: PathBuf,
    open: HashMap<Handle, Open>,
    next: Handle,
    names: Option<Names>,
}

#[derive(Debug)]
enum Open {
    File { file: File, appends: bool },
    Directory { path: PathBuf, entries: ReadDir, dots: Vec<&'static str> },
}

type Answer = Result<Vec<u8>, Refusal>;

/// Why a request was not done.
enum Refusal {
    Status(Status, &'static str),
    System(io::Error),
}

impl<E: Into<io::Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::System(error.into())
    }
}

impl Files {
    #[must_use]
    pub fn new(account: &Account) -> Self {
        let home = if account.home.is_dir() { account.home.clone() } else { PathBuf::from("/") };
        Self { home, open: HashMap::new(), next: 0, names: None }
    }

    /// Does one request; the answer is always a packet.
    #[must_use]
    pub fn answer(&mut self, id: u32, request: Request) -> Vec<u8> {
        match self.perform(id, request) {
            Ok(reply) => reply,
            Err(Refusal::Status(status, text)) => Reply::status(id, status, text),
            Err(Refusal::System(error)) => Reply::status(id, status_of(&error), &error.to_string()),
        }
    }

    fn perform(&mut self, id: u32, request: Request) -> Answer {
        let done = || Ok(Reply::status(id, Status::Ok, ""));
        match request {
            Request::Init => Ok(Reply::version()),
            Request::Open { path, flags, attributes } => self.open_file(id, &path, flags, attributes),
            Request::OpenDirectory(path) => {
                let path = self.path(&path);
                let entries = fs::read_dir(&path)?;
                self.keep(id, Open::Directory { path, entries, dots: vec!["..", "."] })
            }
            Request::Close(handle) => {
                self.open.remove(&handle).ok_or(NOT_OPEN)?;
                done()
            }
            Request::Read { handle, offset, length } => {
                let (file, _) = self.file(handle)?;
                let data = Reply::data(id, length, |buffer| read_at(file, buffer, offset))?;
                data.ok_or(Refusal::Status(Status::EndOfFile, "end of file"))
            }
            Request::Write { handle, offset, data } => {
                let (file, appends) = self.file(handle)?;
                // Linux appends whatever the offset says; asking for the true end keeps other systems the same.
                let offset = if appends { file.metadata()?.len() } else { offset };
                file.write_all_at(&data, offset)?;
                done()
            }
            Request::Stat(path) => Ok(Reply::attributes(id, &attributes(&fs::metadata(self.path(&path))?))),
            Request::Lstat(path) => Ok(Reply::attributes(id, &attributes(&fs::symlink_metadata(self.path(&path))?))),
            Request::Fstat(handle) => Ok(Reply::attributes(id, &attributes(&self.metadata(handle)?))),
            Request::SetStat { path, attributes } => {
                set_path(&self.path(&path), &attributes)?;
                done()
            }
            Request::LinkSetStat { path, attributes } => {
                set_link(&self.path(&path), &attributes)?;
                done()
            }
            Request::FileSetStat { handle, attributes } => {
                match self.open.get(&handle).ok_or(NOT_OPEN)? {
                    Open::File { file, .. } => set_file(file, &attributes)?,
                    Open::Directory { path, .. } => set_path(path, &attributes)?,
                }
                done()
            }
            Request::ReadDirectory(handle) => self.read_directory(id, handle),
            Request::Remove(path) => fs::remove_file(self.path(&path)).map_err(Refusal::from).and_then(|()| done()),
            Request::RemoveDirectory(path) => {
                fs::remove_dir(self.path(&path)).map_err(Refusal::from).and_then(|()| done())
            }
            Request::MakeDirectory { path, attributes } => {
                let mode = attributes.mode.unwrap_or(0o777) & MODE_BITS;
                fs::DirBuilder::new().mode(mode).create(self.path(&path))?;
                done()
            }
            Request::Rename { from, to } => {
                rename_new(&self.path(&from), &self.path(&to))?;
                done()
            }
            Request::PosixRename { from, to } => {
                fs::rename(self.path(&from), self.path(&to))?;
                done()
            }
            Request::HardLink { from, to } => {
                fs::hard_link(self.path(&from), self.path(&to))?;
                done()
            }
            Request::Symlink { target, link } => {
                // The target is text of the link: it stays as it was sent, relative to the link.
                std::os::unix::fs::symlink(OsStr::from_bytes(&target), self.path(&link))?;
                done()
            }
            Request::ReadLink(path) => Ok(one_name(id, fs::read_link(self.path(&path))?)),
            Request::RealPath(path) => Ok(one_name(id, real_path(&self.path(&path))?)),
            Request::ExpandPath(path) => Ok(one_name(id, real_path(&self.expand(&path)?)?)),
            Request::Sync(handle) => {
                self.file(handle)?.0.sync_all()?;
                done()
            }
            Request::StatFileSystem(path) => Ok(file_system(id, &statvfs(&self.path(&path))?)),
            Request::StatFileSystemOf(handle) => Ok(file_system(id, &fstatvfs(self.file(handle)?.0.as_fd())?)),
            Request::Limits => {
                let data = u64::from(DATA_LIMIT);
                Ok(Reply::numbers(id, &[u64::from(PACKET_LIMIT), data, data, HANDLE_LIMIT as u64]))
            }
            Request::Unknown => Err(Refusal::Status(Status::Unsupported, "this server does not know that request")),
        }
    }

    fn open_file(&mut self, id: u32, path: &wire::Path, flags: u32, attributes: Attributes) -> Answer {
        let has = |flag: u32| flags & flag != 0;
        let file = fs::OpenOptions::new()
            .read(has(READ))
            .write(has(WRITE) && !has(APPEND))
            .append(has(WRITE) && has(APPEND))
            .create(has(WRITE) && has(CREATE))
            .create_new(has(WRITE) && has(CREATE) && has(EXCLUSIVE))
            .truncate(has(WRITE) && has(TRUNCATE) && !has(APPEND))
            .mode(attributes.mode.unwrap_or(0o666) & MODE_BITS)
            // A pipe without a partner must not hold a thread for ever, and no file becomes our terminal.
            .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
            .open(self.path(path))?;
        self.keep(id, Open::File { file, appends: has(APPEND) })
    }

    fn keep(&mut self, id: u32, open: Open) -> Answer {
        if self.open.len() >= HANDLE_LIMIT {
            return Err(Refusal::Status(Status::Failure, "too many open files in this session"));
        }
        while self.open.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let handle = self.next;
        self.next = self.next.wrapping_add(1);
        self.open.insert(handle, open);
        Ok(Reply::handle(id, handle))
    }

    fn file(&self, handle: Handle) -> Result<(&File, bool), Refusal> {
        match self.open.get(&handle).ok_or(NOT_OPEN)? {
            Open::File { file, appends } => Ok((file, *appends)),
            Open::Directory { .. } => Err(Refusal::Status(Status::Failure, "that handle is a directory")),
        }
    }

    fn metadata(&self, handle: Handle) -> Result<Metadata, Refusal> {
        Ok(match self.open.get(&handle).ok_or(NOT_OPEN)? {
            Open::File { file, .. } => file.metadata()?,
            Open::Directory { path, .. } => fs::metadata(path)?,
        })
    }

    fn read_directory(&mut self, id: u32, handle: Handle) -> Answer {
        let known = self.names.get_or_insert_with(Names::of_this_system);
        let Some(Open::Directory { path, entries, dots }) = self.open.get_mut(&handle) else { return Err(NOT_OPEN) };
        let now = OffsetDateTime::now_utc();
        let mut names = Vec::new();
        while names.len() < ENTRIES_PER_REPLY {
            let name = match (dots.pop(), entries.next()) {
                (Some(dot), None) => dot.into(),
                (Some(dot), Some(entry)) => {
                    // The dots come first; the entry read meanwhile follows them at once.
                    push_name(&mut names, path, OsStr::new(dot), known, now);
                    entry?.file_name()
                }
                (None, Some(entry)) => entry?.file_name(),
                (None, None) => break,
            };
            push_name(&mut names, path, &name, known, now);
        }
        if names.is_empty() {
            return Err(Refusal::Status(Status::EndOfFile, "end of directory"));
        }
        Ok(Reply::names(id, &names))
    }

    /// A path of the client, seen from home.
    fn path(&self, path: &wire::Path) -> PathBuf {
        if path.is_empty() {
            return self.home.clone();
        }
        self.home.join(OsStr::from_bytes(path))
    }

    fn expand(&self, path: &wire::Path) -> Result<PathBuf, Refusal> {
        match path.strip_prefix(b"~") {
            Some(b"") => Ok(self.home.clone()),
            Some([b'/', rest @ ..]) => Ok(self.home.join(OsStr::from_bytes(rest))),
            Some(_) => Err(Refusal::Status(Status::NoSuchFile, "only your own home folder is known here")),
            None => Ok(self.path(path)),
        }
    }
}

const NOT_OPEN: Refusal = Refusal::Status(Status::Failure, "that handle is not open");

fn push_name(names: &mut Vec<Name>, folder: &Path, name: &OsStr, known: &Names, now: OffsetDateTime) {
    // A file that vanished meanwhile is not in the folder any more.
    let Ok(metadata) = fs::symlink_metadata(folder.join(name)) else { return };
    let line = listing::line(name.as_bytes(), &metadata, known, now);
    names.push(Name { name: name.as_bytes().to_vec(), line, attributes: attributes(&metadata) });
}

/// Fills the buffer as far as the file goes: a short read means the end to some clients.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Version 3's rename refuses to replace; the kernel does that without a race where it can.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EINVAL | Errno::ENOSYS) if fs::symlink_metadata(to).is_err() => fs::rename(from, to),
        Err(Errno::EINVAL | Errno::ENOSYS) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(errno) => Err(errno.into()),
    }
}

/// The canonical path; its last part may not exist yet, because clients ask before they create.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    match (fs::canonicalize(path), path.parent(), path.file_name()) {
        (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            Ok(fs::canonicalize(parent)?.join(name))
        }
        (result, _, _) => result,
    }
}

fn one_name(id: u32, path: PathBuf) -> Vec<u8> {
    let bytes = path.into_os_string().into_vec();
    Reply::names(id, &[Name { name: bytes.clone(), line: bytes, attributes: Attributes::default() }])
}

fn attributes(metadata: &Metadata) -> Attributes {
    // Version 3 has 32 bits for a time; a file from outside shows the nearest one.
    let seconds = |time: i64| u32::try_from(time.max(0)).unwrap_or(u32::MAX);
    Attributes {
        size: Some(metadata.size()),
        owner: Some((metadata.uid(), metadata.gid())),
        mode: Some(metadata.mode()),
        times: Some((seconds(metadata.atime()), seconds(metadata.mtime()))),
    }
}

fn time_spec(seconds: u32) -> TimeSpec {
    TimeSpec::new(i64::from(seconds), 0)
}

fn set_path(path: &Path, attributes: &Attributes) -> io::Result<()> {
    if let Some(size) = attributes.size {
        fs::OpenOptions::new().write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?.set_len(size)?;
    }
    if let Some(mode) = attributes.mode {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & MODE_BITS))?;
    }
    if let Some((accessed, modified)) = attributes.times {
        utimensat(AT_FDCWD, path, &time_spec(accessed), &time_spec(modified), UtimensatFlags::FollowSymlink)?;
    }
    if let Some((user, group)) = attributes.owner {
        std::os::unix::fs::chown(path, Some(user), Some(group))?;
    }
    Ok(())
}

/// As [`set_path`] for the link itself, which has no mode or size to change.
fn set_link(path: &Path, attributes: &Attributes) -> io::Result<()> {
    if attributes.size.is_some() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if let Some(mode) = attributes.mode {
        if fs::symlink_metadata(path)?.is_symlink() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode & MODE_BITS))?;
    }
    if let Some((accessed, modified)) = attributes.times {
        utimensat(AT_FDCWD, path, &time_spec(accessed), &time_spec(modified), UtimensatFlags::NoFollowSymlink)?;
    }
    if let Some((user, group)) = attributes.owner {
        std::os::unix::fs::lchown(path, Some(user), Some(group))?;
    }
    Ok(())
}

fn set_file(file: &File, attributes: &Attributes) -> io::Result<()> {
    if let Some(size) = attributes.size {
        file.set_len(size)?;
    }
    if let Some(mode) = attributes.mode {
        file.set_permissions(fs::Permissions::from_mode(mode & MODE_BITS))?;
    }
    if let Some((accessed, modified)) = attributes.times {
        futimens(file, &time_spec(accessed), &time_spec(modified))?;
    }
    if let Some((user, group)) = attributes.owner {
        std::os::unix::fs::fchown(file, Some(user), Some(group))?;
    }
    Ok(())
}

fn file_system(id: u32, stat: &Statvfs) -> Vec<u8> {
    let flag = |set: FsFlags, bit: u64| if stat.flags().contains(set) { bit } else { 0 };
    let numbers = [
        stat.block_size(),
        stat.fragment_size(),
        stat.blocks(),
        stat.blocks_free(),
        stat.blocks_available(),
        stat.files(),
        stat.files_free(),
        stat.files_available(),
        stat.filesystem_id(),
        flag(FsFlags::ST_RDONLY, 1) | flag(FsFlags::ST_NOSUID, 2),
        stat.name_max(),
    ];
    Reply::numbers(id, &numbers)
}

fn status_of(error: &io::Error) -> Status {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Status::NoSuchFile,
        Some(Errno::EPERM | Errno::EACCES | Errno::EROFS) => Status::PermissionDenied,
        Some(Errno::ENAMETOOLONG | Errno::EINVAL) => Status::BadMessage,
        Some(Errno::ENOSYS | Errno::EOPNOTSUPP) => Status::Unsupported,
        Some(_) => Status::Failure,
        None => match error.kind() {
            io::ErrorKind::Unsupported => Status::Unsupported,
            io::ErrorKind::InvalidInput => Status::BadMessage,
            _ => Status::Failure,
        },
    }
}

#[cfg(test)]
mod tests;
