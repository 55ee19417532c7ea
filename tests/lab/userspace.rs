//! User-space mode between two homes: what listens in bob's workspace is on alice's 127.0.0.1, while it listens.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use tests::binary::{self, output, run, said};
use tests::lab::NatKind;

use super::{Guard, Stage, TURN};

/// A line of the child that holds all of these.
fn line_with(lines: &mut impl Iterator<Item = std::io::Result<String>>, parts: &[&str]) -> String {
    let mut seen = Vec::new();
    for line in lines {
        let line = line.unwrap();
        if parts.iter().all(|part| line.contains(part)) {
            return line;
        }
        seen.push(line);
    }
    panic!("it ended without a line with {parts:?}: {seen:#?}");
}

fn spawn(mut command: std::process::Command) -> Guard {
    Guard(command.stdout(Stdio::piped()).spawn().unwrap())
}

fn lines(child: &mut Child) -> impl Iterator<Item = std::io::Result<String>> + use<> {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_of_a_workspace_are_here_while_they_are_there() {
    if !tests::lab::available("ports_of_a_workspace_are_here_while_they_are_there") {
        return;
    }
    let _turn = TURN.lock().await;
    let stage = Stage::build(NatKind::Cone, NatKind::Cone, true).await;
    let in_alice = |script: &str| {
        let mut command = stage.lab.alice.command("bash");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    };
    let mut served = stage.lab.bob.command(binary::path("inmate"));
    served.arg("serve");
    let mut served = spawn(served);
    let port = lines(&mut served.0).next().unwrap().unwrap();

    let homeport = |arguments: &[&str]| {
        let mut command = stage.homeport(arguments);
        command.env("XDG_RUNTIME_DIR", stage.host.path(""));
        command
    };
    let mut mode = spawn(homeport(&["connect", "start", "--userspace"]));
    let mut told = lines(&mut mode.0);
    let here = format!("127.0.0.1:{port}");
    line_with(&mut told, &["box.coder", &port, &here]);
    let status = run(&mut homeport(&["connect", "status"]));
    assert!(status.starts_with("User-space mode is on") && status.contains(&port), "{status}");
    let second = output(&mut homeport(&["connect", "start", "--userspace"]));
    assert!(said(&second).contains("runs already in another terminal"), "{}", said(&second));
    let diagnosed = run(&mut homeport(&["diagnose"]));
    assert!(diagnosed.contains("accepts connections"), "{diagnosed}");

    let names = run(&mut in_alice(&format!("cat < /dev/tcp/127.0.0.1/{port}")));
    assert!(names.split_whitespace().any(|name| name == "etc"), "{names}");
    // It served its one caller and ended; its local port goes with it.
    line_with(&mut told, &[&here, "is closed"]);

    let mut ssh = spawn(in_alice("exec 3<>/dev/tcp/127.0.0.1/8022; cat <&3"));
    let mut greeting = [0; 8];
    let mut from_ssh = ssh.0.stdout.take().unwrap();
    from_ssh.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-");
    run(&mut homeport(&["stop", "box", "--yes"]));
    line_with(&mut told, &["127.0.0.1:8022", "is closed"]);
    from_ssh.read_to_end(&mut Vec::new()).unwrap();
    assert!(ssh.0.wait().unwrap().success(), "the open connection ended with the workspace");

    run(&mut homeport(&["connect", "stop"]));
    assert!(mode.0.wait().unwrap().success());
    assert_eq!(homeport(&["connect", "status"]).status().unwrap().code(), Some(1));
}
