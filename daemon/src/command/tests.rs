//! Tests of command lines and folders.

use super::*;

#[test]
fn requests_become_command_lines() {
    let check = |shell: Option<&str>, request: Request<'_>, expect: Result<&[&str], CommandError>| {
        let found =
            command_line(shell.map(PathBuf::from), request, "/no/such:/bin:/usr/bin").map(|(program, arguments)| {
                let mut words = vec![program.into_os_string()];
                words.extend(arguments);
                words
            });
        let expect = expect.map(|words| words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(found, expect, "{request:?}");
    };
    check(Some("/bin/sh"), Request::LoginShell, Ok(&["/bin/sh", "-l"]));
    check(Some("/bin/sh"), Request::Line("echo $HOME"), Ok(&["/bin/sh", "-c", "echo $HOME"]));
    check(Some("/bin/sh"), Request::Line("#!/bin/python"), Ok(&["/bin/sh", "-c", "#!/bin/python"]));
    check(Some("/bin/sh"), Request::Script("true"), Ok(&["/bin/sh", "-c", "true"]));
    check(
        None,
        Request::Script("#!/usr/bin/env  bash -e\nx"),
        Ok(&["/usr/bin/env", "bash", "-e", "-c", "#!/usr/bin/env  bash -e\nx"]),
    );
    check(Some("/bin/sh"), Request::Script("#!\nx"), Ok(&["/bin/sh", "-c", "#!\nx"]));
    check(None, Request::LoginShell, Err(CommandError::NoShell));
    check(None, Request::Line("/bin/true 'a b' c"), Ok(&["/bin/true", "a b", "c"]));
    check(None, Request::Line("true x"), Ok(&["/bin/true", "x"]));
    check(None, Request::ClientLine(OsStr::new("/bin/true")), Ok(&["/bin/true"]));
    check(None, Request::Line("true; true"), Err(CommandError::NoShell));
    check(None, Request::Line("no-such-program"), Err(CommandError::NoProgram("no-such-program".into())));
    check(None, Request::Line("/etc/passwd x"), Err(CommandError::NoProgram("/etc/passwd".into())));
    check(None, Request::Line("./true"), Err(CommandError::NoProgram("./true".into())));
    check(Some("/bin/sh"), Request::Line("a\0b"), Err(CommandError::Nul));
    check(Some("/bin/sh"), Request::Script("a\0b"), Err(CommandError::Nul));
}

#[test]
fn folders_are_resolved_against_home() {
    let account = Account { name: "dev".into(), uid: 1, gid: 1, home: "/home/dev".into(), shell: None };
    let inherited = [(OsString::from("P"), OsString::from("/data"))].into();
    let environment = Environment::assemble(&Facts::default(), &account, None, inherited, &[]);
    let check = |given: &str, expect: &str| {
        assert_eq!(resolve_directory(given, &account, &environment), Path::new(expect), "{given:?}");
    };
    check("", "/home/dev/");
    check("~", "/home/dev");
    check("~/src", "/home/dev/src");
    check("~other", "/home/dev/~other");
    check("src", "/home/dev/src");
    check("/abs", "/abs");
    check("$P/x", "/data/x");
    check("$HOME/x", "/home/dev/x");
}

#[test]
fn a_folder_that_does_not_exist_falls_back() {
    let account = Account { name: "dev".into(), uid: 1, gid: 1, home: "/no/such/home".into(), shell: None };
    let environment = Environment::default();
    assert_eq!(existing_directory("/tmp", &account, &environment), Path::new("/tmp"));
    assert_eq!(existing_directory("/no/such/folder", &account, &environment), Path::new("/"));
}
