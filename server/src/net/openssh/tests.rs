//! The text forms, read back by OpenSSH itself.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use super::ed25519;

#[test]
fn openssh_reads_the_private_form_and_derives_the_public_one() {
    let text = ed25519(&[7; 36]).unwrap();
    assert!(text.private.lines().all(|line| line.len() <= 70));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let mut open = std::fs::OpenOptions::new();
    open.create_new(true).write(true).mode(0o600).open(&file).unwrap().write_all(text.private.as_bytes()).unwrap();
    let Ok(derived) = std::process::Command::new("ssh-keygen").arg("-y").arg("-f").arg(&file).output() else {
        // No OpenSSH here: the structure was checked above as far as it goes without it.
        return;
    };
    assert!(derived.status.success(), "{}", String::from_utf8_lossy(&derived.stderr));
    assert_eq!(String::from_utf8(derived.stdout).unwrap().trim(), text.public.trim());
}
