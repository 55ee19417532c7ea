//! Bytes <-> requests and replies of SFTP version 3 (draft-ietf-secsh-filexfer-02) with OpenSSH's extensions. Not for files.
//!
//! ```text
//!  packet  = u32 length | u8 kind | u32 id | fields      (INIT and VERSION carry a version instead of an id)
//!  string  = u32 length | bytes                          names are bytes: Linux does not promise that they are text
//! ```
//! Own codec, because the library's takes names only as UTF-8 and loses the id of a request it cannot read.

use bytes::{Buf, Bytes};

/// Largest packet: what OpenSSH allows on both sides, announced with `limits@openssh.com`.
pub const PACKET_LIMIT: u32 = 256 * 1024;
/// Largest read and write; the rest is room for the other fields.
pub const DATA_LIMIT: u32 = PACKET_LIMIT - 1024;
/// Longest path: the kernel's own limit.
const PATH_LIMIT: usize = 4096;
/// Our handles are four bytes; nobody else's are longer than the protocol's 256.
const HANDLE_LENGTH: usize = 4;

pub const READ: u32 = 0x01;
pub const WRITE: u32 = 0x02;
pub const APPEND: u32 = 0x04;
pub const CREATE: u32 = 0x08;
pub const TRUNCATE: u32 = 0x10;
pub const EXCLUSIVE: u32 = 0x20;

const HAS_SIZE: u32 = 0x01;
const HAS_OWNER: u32 = 0x02;
const HAS_MODE: u32 = 0x04;
const HAS_TIMES: u32 = 0x08;
const HAS_EXTENDED: u32 = 0x8000_0000;

/// The extensions we answer, as VERSION announces them.
const EXTENSIONS: [(&str, &str); 8] = [
    ("posix-rename@openssh.com", "1"),
    ("hardlink@openssh.com", "1"),
    ("fsync@openssh.com", "1"),
    ("statvfs@openssh.com", "2"),
    ("fstatvfs@openssh.com", "2"),
    ("lsetstat@openssh.com", "1"),
    ("limits@openssh.com", "1"),
    ("expand-path@openssh.com", "1"),
];

/// Why a packet is not a request.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum WireError {
    #[error("the packet ends inside a field")]
    Truncated,
    #[error("the path is too long")]
    PathTooLong,
    #[error("the path contains a zero byte")]
    ZeroByte,
    #[error("this is not a handle of ours")]
    NotAHandle,
}

/// What a file has or is to get; absent fields are unknown or to be left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pub size: Option<u64>,
    pub owner: Option<(u32, u32)>,
    pub mode: Option<u32>,
    /// Access and modification, seconds since 1970.
    pub times: Option<(u32, u32)>,
}

pub type Handle = u32;
pub type Path = Bytes;

#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    Init,
    Open { path: Path, flags: u32, attributes: Attributes },
    Close(Handle),
    Read { handle: Handle, offset: u64, length: u32 },
    Write { handle: Handle, offset: u64, data: Bytes },
    Lstat(Path),
    Fstat(Handle),
    SetStat { path: Path, attributes: Attributes },
    LinkSetStat { path: Path, attributes: Attributes },
    FileSetStat { handle: Handle, attributes: Attributes },
    OpenDirectory(Path),
    ReadDirectory(Handle),
    Remove(Path),
    MakeDirectory { path: Path, attributes: Attributes },
    RemoveDirectory(Path),
    RealPath(Path),
    Stat(Path),
    Rename { from: Path, to: Path },
    PosixRename { from: Path, to: Path },
    ReadLink(Path),
    Symlink { target: Path, link: Path },
    HardLink { from: Path, to: Path },
    Sync(Handle),
    StatFileSystem(Path),
    StatFileSystemOf(Handle),
    Limits,
    ExpandPath(Path),
    Unknown,
}

/// Reads one packet (without its length). The id is given back even when the rest makes no sense.
pub fn decode(mut packet: Bytes) -> Result<(u32, Result<Request, WireError>), WireError> {
    let kind = u8_of(&mut packet)?;
    let id = u32_of(&mut packet)?;
    Ok((id, request(kind, &mut packet)))
}

fn request(kind: u8, packet: &mut Bytes) -> Result<Request, WireError> {
    Ok(match kind {
        1 => Request::Init,
        3 => Request::Open { path: path_of(packet)?, flags: u32_of(packet)?, attributes: attributes_of(packet)? },
        4 => Request::Close(handle_of(packet)?),
        5 => Request::Read { handle: handle_of(packet)?, offset: u64_of(packet)?, length: u32_of(packet)? },
        6 => Request::Write { handle: handle_of(packet)?, offset: u64_of(packet)?, data: string_of(packet)? },
        7 => Request::Lstat(path_of(packet)?),
        8 => Request::Fstat(handle_of(packet)?),
        9 => Request::SetStat { path: path_of(packet)?, attributes: attributes_of(packet)? },
        10 => Request::FileSetStat { handle: handle_of(packet)?, attributes: attributes_of(packet)? },
        11 => Request::OpenDirectory(path_of(packet)?),
        12 => Request::ReadDirectory(handle_of(packet)?),
        13 => Request::Remove(path_of(packet)?),
        14 => Request::MakeDirectory { path: path_of(packet)?, attributes: attributes_of(packet)? },
        15 => Request::RemoveDirectory(path_of(packet)?),
        16 => Request::RealPath(path_of(packet)?),
        17 => Request::Stat(path_of(packet)?),
        18 => Request::Rename { from: path_of(packet)?, to: path_of(packet)? },
        19 => Request::ReadLink(path_of(packet)?),
        // OpenSSH sends the target first, against the draft, and every client follows it.
        20 => Request::Symlink { target: path_of(packet)?, link: path_of(packet)? },
        200 => extension(&string_of(packet)?, packet)?,
        _ => Request::Unknown,
    })
}

fn extension(name: &[u8], packet: &mut Bytes) -> Result<Request, WireError> {
    Ok(match name {
        b"posix-rename@openssh.com" => Request::PosixRename { from: path_of(packet)?, to: path_of(packet)? },
        b"hardlink@openssh.com" => Request::HardLink { from: path_of(packet)?, to: path_of(packet)? },
        b"fsync@openssh.com" => Request::Sync(handle_of(packet)?),
        b"statvfs@openssh.com" => Request::StatFileSystem(path_of(packet)?),
        b"fstatvfs@openssh.com" => Request::StatFileSystemOf(handle_of(packet)?),
        b"lsetstat@openssh.com" => Request::LinkSetStat { path: path_of(packet)?, attributes: attributes_of(packet)? },
        b"limits@openssh.com" => Request::Limits,
        b"expand-path@openssh.com" => Request::ExpandPath(path_of(packet)?),
        _ => Request::Unknown,
    })
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok = 0,
    EndOfFile = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    Unsupported = 8,
}

/// One entry of a NAME reply.
#[derive(Debug)]
pub struct Name {
    pub name: Vec<u8>,
    /// The line `ls -l` would print.
    pub line: Vec<u8>,
    pub attributes: Attributes,
}

/// Builds one reply, length included.
pub struct Reply {
    bytes: Vec<u8>,
}

impl Reply {
    #[must_use]
    pub fn version() -> Vec<u8> {
        let mut reply = Self::new(2, 3);
        for (name, value) in EXTENSIONS {
            reply.string(name.as_bytes());
            reply.string(value.as_bytes());
        }
        reply.finish()
    }

    #[must_use]
    pub fn status(id: u32, status: Status, message: &str) -> Vec<u8> {
        let mut reply = Self::new(101, id);
        reply.u32(status as u32);
        reply.string(message.as_bytes());
        reply.string(b"en");
        reply.finish()
    }

    #[must_use]
    pub fn handle(id: u32, handle: Handle) -> Vec<u8> {
        let mut reply = Self::new(102, id);
        reply.string(&handle.to_be_bytes());
        reply.finish()
    }

    /// A DATA reply filled in place by `read`, which returns how much it wrote; nothing is the end of the file.
    pub fn data<E>(
        id: u32,
        length: u32,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        let mut reply = Self::new(103, id);
        let length = length.min(DATA_LIMIT) as usize;
        reply.u32(0);
        let start = reply.bytes.len();
        reply.bytes.resize(start + length, 0);
        let n = read(&mut reply.bytes[start..])?.min(length);
        if n == 0 && length > 0 {
            return Ok(None);
        }
        reply.bytes.truncate(start + n);
        reply.bytes[start - 4..start].copy_from_slice(&(n as u32).to_be_bytes());
        Ok(Some(reply.finish()))
    }

    #[must_use]
    pub fn names(id: u32, names: &[Name]) -> Vec<u8> {
        let mut reply = Self::new(104, id);
        reply.u32(names.len() as u32);
        for name in names {
            reply.string(&name.name);
            reply.string(&name.line);
            reply.attributes_fields(&name.attributes);
        }
        reply.finish()
    }

    #[must_use]
    pub fn attributes(id: u32, attributes: &Attributes) -> Vec<u8> {
        let mut reply = Self::new(105, id);
        reply.attributes_fields(attributes);
        reply.finish()
    }

    /// An EXTENDED_REPLY of numbers.
    #[must_use]
    pub fn numbers(id: u32, numbers: &[u64]) -> Vec<u8> {
        let mut reply = Self::new(201, id);
        for number in numbers {
            reply.bytes.extend_from_slice(&number.to_be_bytes());
        }
        reply.finish()
    }

    fn new(kind: u8, id: u32) -> Self {
        let mut reply = Self { bytes: vec![0, 0, 0, 0, kind] };
        reply.u32(id);
        reply
    }

    fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.bytes.extend_from_slice(bytes);
    }

    fn attributes_fields(&mut self, attributes: &Attributes) {
        let flag = |present: bool, bit: u32| if present { bit } else { 0 };
        self.u32(
            flag(attributes.size.is_some(), HAS_SIZE)
                | flag(attributes.owner.is_some(), HAS_OWNER)
                | flag(attributes.mode.is_some(), HAS_MODE)
                | flag(attributes.times.is_some(), HAS_TIMES),
        );
        if let Some(size) = attributes.size {
            self.bytes.extend_from_slice(&size.to_be_bytes());
        }
        for (first, second) in attributes.owner.into_iter() {
            self.u32(first);
            self.u32(second);
        }
        if let Some(mode) = attributes.mode {
            self.u32(mode);
        }
        for (first, second) in attributes.times.into_iter() {
            self.u32(first);
            self.u32(second);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        let length = (self.bytes.len() - 4) as u32;
        self.bytes[..4].copy_from_slice(&length.to_be_bytes());
        self.bytes
    }
}

fn u8_of(packet: &mut Bytes) -> Result<u8, WireError> {
    packet.try_get_u8().map_err(|_| WireError::Truncated)
}

fn u32_of(packet: &mut Bytes) -> Result<u32, WireError> {
    packet.try_get_u32().map_err(|_| WireError::Truncated)
}

fn u64_of(packet: &mut Bytes) -> Result<u64, WireError> {
    packet.try_get_u64().map_err(|_| WireError::Truncated)
}

/// A string shares the packet's memory: a length that lies allocates nothing.
fn string_of(packet: &mut Bytes) -> Result<Bytes, WireError> {
    let length = u32_of(packet)? as usize;
    if length > packet.len() {
        return Err(WireError::Truncated);
    }
    Ok(packet.split_to(length))
}

fn path_of(packet: &mut Bytes) -> Result<Path, WireError> {
    let path = string_of(packet)?;
    if path.len() > PATH_LIMIT {
        return Err(WireError::PathTooLong);
    }
    if path.contains(&0) {
        return Err(WireError::ZeroByte);
    }
    Ok(path)
}

fn handle_of(packet: &mut Bytes) -> Result<Handle, WireError> {
    let bytes = string_of(packet)?;
    let bytes: [u8; HANDLE_LENGTH] = bytes.as_ref().try_into().map_err(|_| WireError::NotAHandle)?;
    Ok(u32::from_be_bytes(bytes))
}

fn attributes_of(packet: &mut Bytes) -> Result<Attributes, WireError> {
    let flags = u32_of(packet)?;
    let mut attributes = Attributes::default();
    if flags & HAS_SIZE != 0 {
        attributes.size = Some(u64_of(packet)?);
    }
    if flags & HAS_OWNER != 0 {
        attributes.owner = Some((u32_of(packet)?, u32_of(packet)?));
    }
    if flags & HAS_MODE != 0 {
        attributes.mode = Some(u32_of(packet)?);
    }
    if flags & HAS_TIMES != 0 {
        attributes.times = Some((u32_of(packet)?, u32_of(packet)?));
    }
    if flags & HAS_EXTENDED != 0 {
        // Pairs of strings that nobody has defined: read, so that what follows is understood, and ignored.
        for _ in 0..u32_of(packet)? {
            string_of(packet)?;
            string_of(packet)?;
        }
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests;
