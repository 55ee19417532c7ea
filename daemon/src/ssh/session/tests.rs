//! Tests of what a session decides before it starts.

use super::*;

#[test]
fn file_transfers_are_recognised() {
    let check = |command: &[u8], expect: bool| {
        assert_eq!(is_transfer(&Purpose::Command(command.to_vec())), expect, "{}", String::from_utf8_lossy(command));
    };
    check(b"scp -t /tmp", true);
    check(b"/usr/bin/rsync --server", true);
    check(b"'/usr/bin/scp' -f x", true);
    check(b"nc localhost 22", true);
    check(b"echo scp", false);
    check(b"", false);
    check(b"\xff\xfe", false);
    check(b"scpx", false);
    assert!(is_transfer(&Purpose::Sftp));
    assert!(!is_transfer(&Purpose::Shell));
}
