//! Tests of file requests that OpenSSH's own client does not make.

use super::*;
use bytes::Bytes;

fn session(name: &str) -> (Files, PathBuf) {
    let home = std::env::temp_dir().join(format!("homeport-sftp-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    let account = Account { name: "x".into(), uid: 0, gid: 0, home: home.clone(), shell: None };
    (Files::new(&account), home)
}

/// Kind and, for a status, its code.
fn kind(reply: &[u8]) -> (u8, u32) {
    let code = u32::from_be_bytes(reply[9..13].try_into().unwrap());
    (reply[4], if reply[4] == 101 { code } else { 0 })
}

fn path(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[test]
fn names_that_are_not_text_work() {
    let (mut files, home) = session("bytes");
    let name = Bytes::from_static(b"\xff\xfe");
    let open = Request::Open { path: name.clone(), flags: WRITE | CREATE, attributes: Attributes::default() };
    assert_eq!(kind(&files.answer(1, open)).0, 102);
    assert_eq!(kind(&files.answer(2, Request::Write { handle: 0, offset: 0, data: path("x") })), (101, 0));
    assert_eq!(kind(&files.answer(3, Request::OpenDirectory(path("")))).0, 102);
    let listing = files.answer(4, Request::ReadDirectory(1));
    assert!(listing.windows(6).any(|bytes| bytes == [0, 0, 0, 2, 0xff, 0xfe]));
    assert_eq!(kind(&files.answer(5, Request::ReadDirectory(1))), (101, 1));
    assert_eq!(kind(&files.answer(6, Request::Remove(name))), (101, 0));
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn refusals_have_the_status_clients_expect() {
    let (mut files, home) = session("refusals");
    fs::write(home.join("a"), "a").unwrap();
    fs::write(home.join("b"), "b").unwrap();
    let mut check = |request: Request, status: Status| {
        let text = format!("{request:?}");
        assert_eq!(kind(&files.answer(1, request)), (101, status as u32), "{text}");
    };
    check(Request::Stat(path("missing")), Status::NoSuchFile);
    check(Request::Stat(path("a/below")), Status::NoSuchFile);
    check(Request::Rename { from: path("a"), to: path("b") }, Status::Failure);
    check(Request::PosixRename { from: path("a"), to: path("b") }, Status::Ok);
    check(Request::RemoveDirectory(path("b")), Status::NoSuchFile);
    check(Request::Close(99), Status::Failure);
    check(Request::Read { handle: 99, offset: 0, length: 1 }, Status::Failure);
    check(Request::ReadDirectory(99), Status::Failure);
    check(Request::ExpandPath(path("~other/x")), Status::NoSuchFile);
    check(Request::Unknown, Status::Unsupported);
    check(Request::MakeDirectory { path: path("b"), attributes: Attributes::default() }, Status::Failure);
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn open_files_are_limited_and_handles_are_not_reused_while_open() {
    let (mut files, home) = session("limit");
    for n in 0..HANDLE_LIMIT {
        assert_eq!(kind(&files.answer(1, Request::OpenDirectory(path("")))).0, 102, "{n}");
    }
    assert_eq!(kind(&files.answer(1, Request::OpenDirectory(path("")))), (101, Status::Failure as u32));
    assert_eq!(kind(&files.answer(1, Request::Close(3))), (101, 0));
    files.next = 2;
    assert_eq!(files.answer(1, Request::OpenDirectory(path("")))[13..17], [0, 0, 0, 3]);
    fs::remove_dir_all(home).unwrap();
}

#[test]
fn a_pipe_without_a_partner_does_not_hold_the_session() {
    let (mut files, home) = session("pipe");
    nix::unistd::mkfifo(&home.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let open = |flags| Request::Open { path: path("pipe"), flags, attributes: Attributes::default() };
    assert_eq!(kind(&files.answer(1, open(READ))).0, 102);
    assert_eq!(
        kind(&files.answer(2, Request::Read { handle: 0, offset: 0, length: 1 })),
        (101, Status::Failure as u32)
    );
    assert_eq!(kind(&files.answer(3, Request::Close(0))), (101, 0));
    assert_eq!(kind(&files.answer(4, open(WRITE))), (101, Status::Failure as u32));
    fs::remove_dir_all(home).unwrap();
}
