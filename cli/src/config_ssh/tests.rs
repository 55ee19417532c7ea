//! The block in SSH configurations: what it says, and that nothing else in the file moves.

use super::block::*;

fn block() -> Block {
    Block {
        program: "/usr/bin/homeport".into(),
        folder: "/home/a/.config/homeport".into(),
        suffix: "coder".into(),
        prefix: "coder.".into(),
        ssh_flags: Vec::new(),
        options: Default::default(),
    }
}

fn lines(text: &[&str]) -> Vec<String> {
    text.iter().map(|line| (*line).to_owned()).collect()
}

fn small(word: &str) -> Vec<String> {
    lines(&[START, word, END])
}

#[test]
fn the_block_says_what_ssh_needs() {
    let text = block().lines().unwrap().join("\n");
    for line in [
        "Host coder.*",
        "Host *.coder",
        "\tStrictHostKeyChecking no",
        "\tUserKnownHostsFile /dev/null",
        "\tConnectTimeout 0",
        "\tLogLevel ERROR",
        "Match host *.coder !exec \"/usr/bin/homeport connect exists %h\"",
        "\tProxyCommand /usr/bin/homeport --global-config /home/a/.config/homeport ssh --stdio --hostname-suffix coder %h",
        "\tProxyCommand /usr/bin/homeport --global-config /home/a/.config/homeport ssh --stdio --ssh-host-prefix coder. %h",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
}

#[test]
fn own_options_come_first_and_replace_the_defaults() {
    let mut with = block();
    with.prefix.clear();
    with.options = [("loglevel".into(), "DEBUG".into()), ("ForwardAgent".into(), "yes".into())].into();
    with.ssh_flags = lines(&["--disable-autostart"]);
    let text = with.lines().unwrap().join("\n");
    assert!(text.contains("Host *.coder\n\tForwardAgent yes\n\tloglevel DEBUG\n\tConnectTimeout 0\n"), "{text}");
    assert!(!text.contains("LogLevel ERROR"), "{text}");
    assert!(text.contains("ssh --stdio --disable-autostart --hostname-suffix coder %h"), "{text}");
    assert!(!text.contains("coder.*"), "{text}");
}

#[test]
fn paths_are_quoted_for_the_shell_or_refused() {
    #[track_caller]
    fn check(path: &str, expect: Option<&str>) {
        let text = Block { program: path.into(), prefix: String::new(), ..block() }.lines().ok().map(|l| l.join("\n"));
        match expect {
            Some(expect) => assert!(text.unwrap().contains(&format!("\tProxyCommand {expect} --global")), "{path}"),
            None => assert_eq!(text, None, "{path}"),
        }
    }
    check("/opt/home port/homeport", Some("'/opt/home port/homeport'"));
    check("/opt/50%/homeport", Some("/opt/50%%/homeport"));
    check("/opt/$(x)/homeport", Some("'/opt/$(x)/homeport'"));
    check("/opt/it's/homeport", None);
    check("/opt/\"/homeport", None);
    check("/opt/a\\b", None);
    check("/opt/a\nHost *", None);
    check("", None);
}

#[test]
fn option_values_cannot_add_lines() {
    #[track_caller]
    fn check(name: &str, value: &str, expect: bool) {
        let with = Block { options: [(name.into(), value.into())].into(), ..block() };
        assert_eq!(with.lines().is_ok(), expect, "{name} {value}");
    }
    check("User", "alice", true);
    check("User", "alice\nProxyCommand x", false);
    check("User", "", false);
    check("Us er", "x", false);
    check("", "x", false);
}

#[test]
fn only_the_block_changes() {
    #[track_caller]
    fn check(given: &[u8], block: Option<&[String]>, expect: &[u8]) {
        let got = replace(given, block).unwrap();
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(expect));
        assert_eq!(got, expect);
        assert_eq!(replace(&got, block).unwrap(), got, "a second run changes nothing");
    }
    let new = small("new");
    let text = format!("{START}\nnew\n{END}\n");
    let old = format!("{START}\nold\nlines\n{END}\n");
    check(b"", Some(&new), text.as_bytes());
    check(b"Host a\n", Some(&new), format!("Host a\n\n{text}").as_bytes());
    check(b"Host a", Some(&new), format!("Host a\n\n{text}").as_bytes());
    check(
        b"Host a\r\n  User b\r\n",
        Some(&new),
        format!("Host a\r\n  User b\r\n\r\n{}", text.replace('\n', "\r\n")).as_bytes(),
    );
    check(format!("a\n{old}b\n").as_bytes(), Some(&new), format!("a\n{text}b\n").as_bytes());
    check(format!("a\n{old}b").as_bytes(), Some(&new), format!("a\n{text}b").as_bytes());
    check(format!("a\n  {START}  \nx\n\t{END}\nb\n").as_bytes(), Some(&new), format!("a\n{text}b\n").as_bytes());
    check(format!("a\n{START}\n{END}").as_bytes(), Some(&new), format!("a\n{text}").as_bytes());
    check(
        &[b"\xff\xfe\n".as_slice(), old.as_bytes()].concat(),
        Some(&new),
        &[b"\xff\xfe\n".as_slice(), text.as_bytes()].concat(),
    );
    check(format!("a\n{old}b\n").as_bytes(), None, b"a\nb\n");
    check(b"a\nb", None, b"a\nb");
    check(b"", None, b"");
    let foreign = "# ------------START-CODER-----------\nx\n# ------------END-CODER------------\n";
    check(foreign.as_bytes(), Some(&new), format!("{foreign}\n{text}").as_bytes());
}

#[test]
fn files_with_broken_markers_are_left_alone() {
    #[track_caller]
    fn check(given: &str, line: usize) {
        let got = replace(given.as_bytes(), Some(&small("new"))).unwrap_err();
        assert!(matches!(got, BlockError::Markers { line: at, .. } if at == line), "{got:?} for\n{given}");
    }
    check(&format!("a\n{START}\nx\n"), 2);
    check(&format!("a\nb\n{END}\n"), 3);
    check(&format!("{END}\n{START}\n"), 1);
    check(&format!("{START}\n{START}\n{END}\n"), 2);
    check(&format!("{START}\nx\n{END}\n{START}\ny\n{END}\n"), 4);
    check(&format!("{START}\nx\n{END}\n{END}\n"), 4);
}

#[test]
fn differences_are_short() {
    #[track_caller]
    fn check(old: &[&str], new: &[&str], expect: &[&str]) {
        assert_eq!(difference(&lines(old), &lines(new)), expect);
    }
    check(&[], &[], &[]);
    check(&[], &["a"], &["+ a"]);
    check(&["a"], &[], &["- a"]);
    check(&["a", "b", "c"], &["a", "x", "c"], &["  a", "- b", "+ x", "  c"]);
    check(&["a", "b"], &["b", "c"], &["- a", "  b", "+ c"]);
}

/// What OpenSSH makes of the block when the tunnel knows `on.coder` and no other name.
#[test]
fn openssh_takes_the_proxy_only_where_the_name_does_not_exist() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    if Command::new("ssh").arg("-V").output().is_err() {
        eprintln!("SKIPPED openssh_takes_the_proxy_only_where_the_name_does_not_exist: there is no ssh");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("homeport");
    std::fs::write(&program, "#!/bin/sh\n[ \"$*\" = \"connect exists on.coder\" ]\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = program.to_str().unwrap().to_owned();
    let file = folder.path().join("config");
    let text = Block { program: path.clone(), ..block() }.lines().unwrap().join("\n") + "\n";
    std::fs::write(&file, replace(b"Host *\n", Some(&lines(&text.lines().collect::<Vec<_>>()))).unwrap()).unwrap();
    // The proxy's last words, and whether host keys are asked about.
    let check = |host: &str, expect: Option<&str>, is_ours: bool| {
        let shown = Command::new("ssh").arg("-G").arg("-F").arg(&file).arg(host).output().unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        let shown = String::from_utf8(shown.stdout).unwrap();
        let proxy = shown.lines().find_map(|line| line.strip_prefix("proxycommand "));
        let expect = expect.map(|end| format!("{path} --global-config /home/a/.config/homeport ssh --stdio {end}"));
        assert_eq!(proxy, expect.as_deref(), "{host}");
        assert_eq!(shown.contains("stricthostkeychecking false\n"), is_ours, "{host}\n{shown}");
    };
    check("on.coder", None, true);
    check("off.coder", Some("--hostname-suffix coder %h"), true);
    check("main.off.me.coder", Some("--hostname-suffix coder %h"), true);
    check("coder.box", Some("--ssh-host-prefix coder. %h"), true);
    check("example.com", None, false);
    check("coder", None, false);
}
