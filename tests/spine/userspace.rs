//! User-space mode beside a server of this computer: SSH through a local port, and no port of this computer twice.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tests::binary::{output, run, said};
use tests::host::{Host, Setup};

use super::Guard;

#[tokio::test(flavor = "multi_thread")]
async fn this_computer_is_reached_on_a_local_port_and_its_own_ports_are_left_alone() {
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let homeport = |arguments: &[&str]| {
        let mut command = host.homeport(arguments);
        command.env("XDG_RUNTIME_DIR", host.path("")).env("HOMEPORT_TUNNEL_SOCKET", host.path("no-service"));
        command
    };
    let off = output(&mut homeport(&["connect", "status"]));
    assert_eq!(off.status.code(), Some(1), "{}", said(&off));
    let own = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = own.local_addr().unwrap().port();

    let mut child = homeport(&["connect", "start"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mode = Guard(child);
    let line = lines.find(|line| line.contains("box.coder") && line.contains("127.0.0.1:")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[1], "22", "{line}");
    let port = words[2].strip_prefix("127.0.0.1:").unwrap().to_owned();

    let ssh = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"];
    let mut command = Command::new("ssh");
    command.args(["-F", "/dev/null"]).args(ssh).args(["-o", "BatchMode=yes", "-p", &port, "127.0.0.1"]);
    assert_eq!(run(command.arg("echo $CODER_WORKSPACE_NAME").stdin(Stdio::null())), "box\n");

    let status = run(&mut homeport(&["connect", "status", "--output", "json"]));
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["mode"], "user-space");
    let ports = status["tunnels"][0]["deployments"][0]["ports"].as_array().unwrap();
    let leads: Vec<_> = ports.iter().filter(|port| port["is_here"] == false).map(|port| &port["remote"]).collect();
    assert_eq!(leads, [22], "ports of this computer do not lead to it once more");
    assert!(ports.iter().any(|port| port["is_here"] == true && port["local"] == own), "{ports:?}");

    assert!(run(&mut homeport(&["connect", "stop"])).contains("User-space mode has ended"));
    let mut mode = mode;
    assert!(mode.0.wait().unwrap().success());
    assert!(!host.path("homeport/userspace.sock").exists());
}

#[test]
fn the_tunnel_s_socket_may_be_anything_and_asking_stays_quick() {
    let folder = tempfile::tempdir().unwrap();
    let homeport = |arguments: &[&str]| {
        let mut command = Command::new(tests::binary::path("homeport"));
        command.args(arguments).env("HOMEPORT_TUNNEL_SOCKET", folder.path().join("file"));
        command.env("XDG_RUNTIME_DIR", folder.path()).env("HOME", folder.path()).env("NO_COLOR", "1");
        command
    };
    std::fs::write(folder.path().join("file"), "").unwrap();
    let shown = output(&mut homeport(&["diagnose"]));
    assert_eq!(shown.status.code(), Some(1));
    assert!(said(&shown).contains("FAILED   service"), "{}", said(&shown));
    for host in ["box.coder", "a..b", "", &"x".repeat(300)] {
        assert_eq!(homeport(&["connect", "exists", host]).status().unwrap().code(), Some(1), "{host}");
    }
}
