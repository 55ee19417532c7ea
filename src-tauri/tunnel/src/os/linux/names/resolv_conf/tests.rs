//! Our lines in front and out again, on files of a folder of its own.

use std::os::unix::fs::symlink;

use super::*;

const ROUTER: &str = "# by the router\nsearch lan\nnameserver 192.0.2.1\n";

fn place(text: &str) -> (tempfile::TempDir, ResolvConf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, text).unwrap();
    let backup = folder.path().join(BACKUP);
    (folder, ResolvConf { file, backup })
}

fn text(place: &ResolvConf) -> String {
    std::fs::read_to_string(&place.file).unwrap()
}

#[test]
fn in_front_and_out_again_byte_by_byte() {
    for original in ["", ROUTER, "nameserver 192.0.2.1", "\n\n", "options rotate\n# end without newline"] {
        let (_folder, place) = place(original);
        place.tell().unwrap();
        place.tell().unwrap();
        assert!(place.is_told());
        assert_eq!(text(&place), format!("{MARKER}\nnameserver fd60:627a:a42b::53\n{original}"));
        assert_eq!(std::fs::read_to_string(&place.backup).unwrap(), original);
        place.untell().unwrap();
        place.untell().unwrap();
        assert_eq!(text(&place), original);
        assert!(!place.backup.exists() && !place.is_told());
    }
}

#[test]
fn what_others_wrote_meanwhile_stays() {
    let (_folder, place) = place(ROUTER);
    place.tell().unwrap();
    std::fs::write(&place.file, "nameserver 198.51.100.1\n").unwrap();
    assert!(!place.is_told());
    place.tell().unwrap();
    assert!(place.is_told());
    std::fs::write(&place.file, format!("# moved\n{}", text(&place))).unwrap();
    assert!(!place.is_told(), "no longer in front");
    place.untell().unwrap();
    assert_eq!(text(&place), "# moved\nnameserver 198.51.100.1\n");
}

#[test]
fn links_are_refused_and_left_alone() {
    let (folder, place) = place(ROUTER);
    let real = folder.path().join("real");
    std::fs::rename(&place.file, &real).unwrap();
    symlink(&real, &place.file).unwrap();
    place.tell().unwrap_err();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), ROUTER);
    assert!(!place.backup.exists(), "nothing was begun");
    std::fs::remove_file(&place.file).unwrap();
    std::fs::hard_link(&real, &place.file).unwrap();
    place.tell().unwrap_err();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), ROUTER);
    std::fs::remove_file(&place.file).unwrap();
    place.tell().unwrap_err();
    place.untell().unwrap();
    assert!(!place.file.exists());
}

#[test]
fn a_planted_backup_is_not_written_through() {
    let (folder, place) = place(ROUTER);
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    symlink(&victim, &place.backup).unwrap();
    place.tell().unwrap_err();
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
    assert_eq!(text(&place), ROUTER);
}
