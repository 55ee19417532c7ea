//! Tests of init script: given and expected, by tables where there are many.

use super::render;

#[test]
fn a_known_pair_gets_a_script_with_the_url_in_it() {
    let script = render("linux", "amd64", "https://home.example.com").expect("a script");
    assert!(script.contains("'https://home.example.com/'") && script.contains("coder-linux-amd64"));
    assert!(!script.contains('@'), "a place was left open");
    let hostile = render("linux", "arm64", "https://x/'; rm -rf /; '").expect("a script");
    assert!(hostile.contains("'https://x/%27; rm -rf /; %27/'"));
}

#[test]
fn unknown_pairs_get_none() {
    for (os, arch) in [("linux", "mips"), ("plan9", "amd64"), ("", ""), ("windows", "amd64"), ("../linux", "amd64")] {
        assert!(render(os, arch, "https://x/").is_none(), "{os}/{arch}");
    }
}
