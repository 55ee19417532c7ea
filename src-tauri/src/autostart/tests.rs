//! The entry, written, switched off by others, removed.

use super::*;

#[test]
fn the_entry_comes_and_goes_and_others_may_switch_it_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("autostart").join(FILE);
    assert!(!is_on(&path));
    set(&path, true, Path::new("/opt/a \"b\"/homeport-desktop")).unwrap();
    assert!(is_on(&path));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("Exec=\"/opt/a \\\\\"b\\\\\"/homeport-desktop\" --minimized\n"), "{text}");
    for off in ["Hidden=true\n", "X-GNOME-Autostart-enabled = false\n"] {
        std::fs::write(&path, format!("[Desktop Entry]\n{off}")).unwrap();
        assert!(!is_on(&path), "{off}");
    }
    set(&path, false, Path::new("/x")).unwrap();
    assert!(!path.exists());
    set(&path, false, Path::new("/x")).unwrap();
}
