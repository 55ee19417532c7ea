//! Tests of greetings.

use super::*;

#[test]
fn banners_come_first_and_lines_end_as_terminals_need() {
    let check = |banners: &[&str], motd: Option<&str>, expect: &str| {
        let banners: Vec<_> = banners.iter().map(|&banner| banner.to_owned()).collect();
        assert_eq!(render(&banners, motd), expect, "{banners:?} {motd:?}");
    };
    check(&[], None, "");
    check(&["", "  "], Some("\n"), "");
    check(&["Maintenance"], None, "Maintenance\r\n\r\n");
    check(&["a\nb", "c"], Some("motd\nline\n"), "a\r\nb\r\n\r\nc\r\n\r\nmotd\r\nline\r\n");
    check(&["\u{1b}[2Jx\u{7}"], Some("\u{1b}[1mbold\r\n"), "[2Jx\r\n\r\n\u{1b}[1mbold\r\n");
}

#[test]
fn the_message_is_read_unless_silenced() {
    let home = std::env::temp_dir().join(format!("homeport-motd-{}", std::process::id()));
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("motd"), "welcome").unwrap();
    let absolute = home.join("motd");
    let check =
        |path: &str, expect: Option<&str>| assert_eq!(message_of_the_day(path, &home).as_deref(), expect, "{path}");
    check("", None);
    check("missing", None);
    check("motd", Some("welcome"));
    check(absolute.to_str().unwrap(), Some("welcome"));
    std::fs::write(home.join(".hushlogin"), "").unwrap();
    check("motd", None);
    std::fs::remove_dir_all(&home).unwrap();
}
