//! Tests of directory: given and expected, by tables where there are many.

use super::*;

#[test]
fn paths() {
    let check = |relativity, parts: &[&str], expect: &str| {
        let path = Some(parts.iter().map(ToString::to_string).collect());
        let got = resolve(&ListRequest { path, relativity }, Path::new("/home/me"));
        assert_eq!(got, Path::new(expect), "{parts:?}");
    };
    check(Relativity::Root, &[], "/");
    check(Relativity::Home, &[], "/home/me");
    check(Relativity::Home, &["code", "homeport"], "/home/me/code/homeport");
    check(Relativity::Root, &["etc", "..", "usr"], "/usr");
    check(Relativity::Root, &["..", ".."], "/");
    check(Relativity::Home, &["/etc"], "/home/me/etc");
    check(Relativity::Home, &[".", "a//b"], "/home/me/a/b");
    check(Relativity::Home, &["../../../../etc"], "/etc");
}
