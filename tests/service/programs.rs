//! The first promise of the tunnel: with a real systemd-resolved, programs that know nothing of us reach a workspace on
//! another machine by its name; and the name is gone when the workspace is.

use std::time::Duration;

use tests::binary::{output, run, said};
use tests::lab::{RemoteDesktop, Screen, Website, until, website};

use super::sabotaged;
use super::stage::{Stage, fill, ssh};

/// A stopped or removed workspace has no name any more.
const GONE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn every_program_reaches_a_workspace_by_its_name() {
    let test = "every_program_reaches_a_workspace_by_its_name";
    let Some(stage) = Stage::build(test, &[None]).await else { return };
    let there = &stage.deployments[0];
    there.create("box");
    let _website = Website::start(&there.namespace, 8080);
    let before = stage.sh("getent hosts before.lan.test");
    let told = stage.connect(0, true).await;
    let took = stage.wait_for_name("box.coder");
    eprintln!("names {told:?} after `connect`, and the first answer {took:?} later");
    if sabotaged("programs") {
        stage.sh("resolvectl revert homeport0");
    }
    assert!(before.starts_with("192.0.2.9 "), "{before}");
    assert_eq!(stage.sh("getent hosts during.lan.test"), before.replace("before", "during"), "other names as before");
    names_are_asked_and_answered(&stage);
    assert_eq!(stage.sh(&format!("{} box.coder 'echo $CODER_WORKSPACE_NAME'", ssh())), "box\n");
    assert!(stage.sh("curl -6 -sS -m 20 http://box.coder:8080").contains("from the workspace"));
    a_folder_goes_there_and_back(&stage);
    a_repository_is_cloned_and_pushed_to(&stage);
    a_page_runs_in_a_browser(&stage);
    a_desktop_is_shown(&stage);
    gone_workspaces_have_no_name(&stage);
    assert!(stage.upstream.questions().contains("during.lan.test"), "the other resolver was asked for its own");
    assert!(stage.service.ask(r#"{"id":2,"call":"disconnect"}"#).contains("done"));
    let links = || {
        let mut command = stage.program("ip");
        command.arg("link");
        command
    };
    until(Duration::from_secs(5), links, |text| !text.contains("homeport0"));
    assert!(stage.sh("getent hosts after.lan.test").starts_with("192.0.2.9 "));
}

fn names_are_asked_and_answered(stage: &Stage) {
    let address = stage.address_of("box.coder").unwrap();
    for name in ["box.coder", "BOX.Coder", "main.box.me.coder"] {
        let found = stage.sh(&format!("getent hosts {name}"));
        assert!(found.starts_with(&format!("{address} ")), "{name}: {found}");
    }
    let answer = stage.sh("dig AAAA box.coder +noall +answer +time=10 +tries=1");
    let words: Vec<&str> = answer.split_whitespace().collect();
    let time_to_live: u32 = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(u32::MAX);
    assert!(words.last() == Some(&address.as_str()) && time_to_live <= 2, "{answer}");
    for (ask, status) in [("A box.coder", "NOERROR"), ("AAAA nobody.coder", "NXDOMAIN")] {
        let said = stage.sh(&format!("dig {ask} +time=10 +tries=1"));
        assert!(said.contains(&format!("status: {status}")) && said.contains("ANSWER: 0"), "{ask}: {said}");
    }
    stage.sh("ping -6 -c1 -W3 box.coder");
}

fn a_folder_goes_there_and_back(stage: &Stage) {
    fill(&stage.folder.path().join("from"));
    let there = stage.deployments[0].host.path("rsync");
    let rsync = |from: &str, to: &str| stage.sh(&format!("rsync -a --checksum -e '{}' {from} {to}", ssh()));
    rsync("from/", &format!("box.coder:{}/", there.display()));
    rsync(&format!("box.coder:{}/", there.display()), "back/");
    stage.sh(&format!("diff -r from {} && diff -r from back", there.display()));
}

fn a_repository_is_cloned_and_pushed_to(stage: &Stage) {
    stage.sh(&format!("{} box.coder 'git init -q --bare -b main repo.git'", ssh()));
    let git = |line: &str| {
        let own = "git -c user.name=t -c user.email=t@t.invalid -c safe.directory=*";
        stage.sh(&format!("export GIT_SSH_COMMAND='{}' GIT_CONFIG_GLOBAL=/dev/null; {own} {line}", ssh()))
    };
    git("clone -q box.coder:repo.git clone 2>&1");
    std::fs::write(stage.folder.path().join("clone/file"), "content\n").unwrap();
    git("-C clone add file");
    git("-C clone commit -qm one");
    git("-C clone push -q origin HEAD:main 2>&1");
    git("clone -q -b main box.coder:repo.git again 2>&1");
    assert_eq!(std::fs::read(stage.folder.path().join("again/file")).unwrap(), b"content\n");
}

fn a_page_runs_in_a_browser(stage: &Stage) {
    if stage.first_of(&["chromium"]).is_none() {
        return;
    }
    let mut chromium = stage.program("chromium");
    chromium.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    chromium.args(["--disable-background-networking", "--disable-component-update"]);
    chromium.arg(format!("--user-data-dir={}", stage.folder.path().join("chromium").display()));
    let page = output(chromium.args(["--dump-dom", "http://box.coder:8080/"]));
    if !String::from_utf8_lossy(&page.stdout).contains(website::MADE_BY_SCRIPT) {
        stage.fails("the browser did not show the page", &page);
    }
}

fn a_desktop_is_shown(stage: &Stage) {
    let folder = stage.folder.path().join("desktop");
    std::fs::create_dir(&folder).unwrap();
    let (Some(client), Some(_)) = (stage.first_of(&["xfreerdp3", "xfreerdp"]), stage.first_of(&["Xvfb"])) else {
        return;
    };
    let Some(xrdp) = RemoteDesktop::start(&stage.deployments[0].namespace, &stage.root, &folder) else {
        eprintln!("SKIPPED xrdp: it is not unpacked (`make lab-packages`)");
        return;
    };
    let mut screen = Screen::start(|program| stage.resolved.beside(program), &folder);
    // A client that comes before the server is turned away, so the server comes first.
    let listening = || {
        let mut command = stage.deployments[0].namespace.command("ss");
        command.args(["-Hltn", "sport = :3389"]);
        command
    };
    until(Duration::from_secs(20), listening, |text| text.contains("3389"));
    let mut rdp = stage.resolved.beside(client);
    rdp.args(["/v:box.coder", "/cert:ignore", "/sec:tls", "/u:", "/p:", "/w:640", "/h:480"]);
    screen.show(rdp);
    let start = std::time::Instant::now();
    while !screen.shows_login() {
        assert!(start.elapsed() < Duration::from_secs(30), "no login screen: {}\n{}", screen.log(), xrdp.log());
        std::thread::yield_now();
    }
    eprintln!("the remote desktop's login screen after {:?}", start.elapsed());
}

fn gone_workspaces_have_no_name(stage: &Stage) {
    let there = &stage.deployments[0];
    there.create("other");
    stage.wait_for_name("other.coder");
    for (name, line) in [("box.coder", ["stop", "box", "--yes"]), ("other.coder", ["delete", "other", "--yes"])] {
        if !sabotaged("gone") {
            run(&mut there.homeport(&line));
        }
        let took = super::until(GONE, || {
            let found = output(stage.program("getent").args(["hosts", name]));
            assert!(found.status.success() || found.status.code() == Some(2), "{}", said(&found));
            !found.status.success()
        });
        eprintln!("{name} was gone {took:?} after `homeport {}` had ended", line[0]);
    }
}
