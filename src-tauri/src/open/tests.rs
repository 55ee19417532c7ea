//! How things are opened, and what is not opened.

use super::*;

fn programs() -> Programs {
    Programs {
        homeport: Some("/bin/homeport".into()),
        window: Some("/bin/homeport-window".into()),
        terminal: Some(("/bin/xterm".into(), &["-e"])),
        editors: vec![("VS Code", "/bin/code".into())],
        remote_desktop: Some((RemoteDesktop::FreeRdp, "/bin/xfreerdp3".into())),
        has_toolbox: true,
        opener: Some("/bin/xdg-open".into()),
    }
}

fn place() -> Place {
    Place::of(&Url::parse("https://dev.example.com").unwrap())
}

#[track_caller]
fn check(target: Target, expect: Result<&str, OpenError>) {
    let planned =
        plan(target, &programs()).map(|launch| format!("{} {}", launch.program.display(), launch.arguments.join(" ")));
    assert_eq!(planned, expect.map(str::to_owned));
}

#[test]
fn programs_get_plain_arguments() {
    let shell = |workspace: &str| Target::Shell {
        place: place(),
        owner: "ann".into(),
        workspace: workspace.into(),
        daemon: "main".into(),
    };
    check(shell("box"), Ok("/bin/xterm -e /bin/homeport ssh --url https://dev.example.com/ ann/box.main"));
    for evil in ["-rf", "a;b", "a b", "$(x)", "", "../a", "a\nb", "é"] {
        check(shell(evil), Err(OpenError::Name));
    }
    let editor = |name, host: &str, folder: &str| Target::Editor { name, host: host.into(), folder: folder.into() };
    check(editor("VS Code", "box.coder", "/home/ann"), Ok("/bin/code --remote ssh-remote+box.coder /home/ann"));
    check(editor("VS Code", "box.coder", "--install-extension=x"), Ok("/bin/code --remote ssh-remote+box.coder"));
    check(editor("VS Code", "-x", ""), Err(OpenError::Name));
    check(editor("Cursor", "box.coder", ""), Err(OpenError::NoProgram("Cursor")));
    let tool = Target::Tool(vec!["diagnose".into()]);
    check(tool, Ok(&format!("/bin/xterm -e sh -c {HOLD} sh /bin/homeport diagnose")));
}

#[test]
fn only_known_schemes_are_opened() {
    let address = |text: &str| Target::Address(text.into());
    check(address("https://dev.example.com/a?b=c"), Ok("/bin/xdg-open https://dev.example.com/a?b=c"));
    check(address("zed://ssh/box/home"), Ok("/bin/xdg-open zed://ssh/box/home"));
    for (evil, scheme) in [
        ("file:///etc/passwd", "file"),
        ("smb://host/share", "smb"),
        ("javascript:alert(1)", "javascript"),
        ("data:text/html,x", "data"),
        ("homeport://dev.example.com/", "homeport"),
        ("ssh://-oProxyCommand=x", "ssh"),
    ] {
        check(address(evil), Err(OpenError::Scheme(scheme.into())));
    }
    check(address("--help"), Err(OpenError::NoAddress));
    check(address(""), Err(OpenError::NoAddress));
    check(address("vscode://x?token=$SESSION_TOKEN"), Err(OpenError::WantsToken));
}

#[test]
fn a_page_of_a_dashboard_is_opened_by_our_command_where_it_is_there() {
    let page = |path: &str| Target::Page { place: place(), page: place().url().unwrap().join(path).unwrap() };
    let signed_in = "/bin/homeport dashboard --url https://dev.example.com/ --page /@ann/box";
    check(page("/@ann/box"), Ok(signed_in));
    check(page("/@ann/a%2Fb"), Ok("/bin/xdg-open https://dev.example.com/@ann/a%2Fb"));
    let alone = Programs { homeport: None, ..programs() };
    let launch = plan(page("/templates"), &alone).unwrap();
    assert_eq!(launch.arguments, ["https://dev.example.com/templates"]);
}

#[test]
fn a_window_is_ours_where_it_is_there_and_the_browsers_where_not() {
    let page = |path: &str| Target::Window { place: place(), page: place().url().unwrap().join(path).unwrap() };
    check(page("/templates"), Ok("/bin/homeport-window --deployment https://dev.example.com/ --page /templates"));
    let launch = plan(page("/templates"), &programs()).unwrap();
    assert_eq!(launch.otherwise.unwrap().program, PathBuf::from("/bin/homeport"), "if it does not start");
    check(page("/@ann/a%2Fb"), Ok("/bin/xdg-open https://dev.example.com/@ann/a%2Fb"));
    let none = Programs { window: None, ..programs() };
    assert_eq!(plan(page("/templates"), &none).unwrap().program, PathBuf::from("/bin/homeport"));
}

#[test]
fn toolbox_gets_no_token_and_every_value_escaped() {
    let target = Target::JetBrains {
        place: place(),
        owner: "ann".into(),
        workspace: "box".into(),
        daemon: "main".into(),
        folder: "/home/ann&token=x".into(),
    };
    check(
        target,
        Ok(
            "/bin/xdg-open jetbrains://gateway/coder?url=https%3A%2F%2Fdev.example.com%2F&workspace=box&owner=ann&agent_name=main&folder=%2Fhome%2Fann%26token%3Dx",
        ),
    );
}

#[test]
fn a_password_is_never_an_argument() {
    let target = |password: Option<&str>| Target::Desktop {
        host: "win.coder".into(),
        user: Some("bob".into()),
        password: password.map(Secret::new),
    };
    let launch = plan(target(Some("canary")), &programs()).unwrap();
    assert_eq!(launch.program, PathBuf::from("/bin/xfreerdp3"));
    let expect = "/v:win.coder:3389 /u:bob /cert:tofu /dynamic-resolution +clipboard /from-stdin";
    assert_eq!(launch.arguments.join(" "), expect);
    assert_eq!(launch.input.as_ref().unwrap().expose(), "canary\n");
    assert!(!format!("{launch:?}").contains("canary"));
    let asked = plan(target(None), &programs()).unwrap();
    assert_eq!((asked.program, asked.arguments[1].as_str()), ("/bin/xterm".into(), "/bin/xfreerdp3"));
    let remmina = Programs { remote_desktop: Some((RemoteDesktop::Remmina, "/bin/remmina".into())), ..programs() };
    let launch = plan(target(Some("canary")), &remmina).unwrap();
    assert_eq!(launch.arguments, ["-c", "rdp://bob@win.coder:3389"]);
    assert!(launch.input.is_none());
}

#[test]
fn what_is_missing_is_named() {
    let none = Programs::default();
    let of = |target| plan(target, &none).unwrap_err();
    assert_eq!(of(Target::Tool(vec![])), OpenError::NoTerminal);
    assert_eq!(of(Target::Address("https://a".into())), OpenError::NoOpener);
    let desktop = Target::Desktop { host: "a".into(), user: None, password: None };
    assert_eq!(of(desktop), OpenError::NoRemoteDesktop);
}
