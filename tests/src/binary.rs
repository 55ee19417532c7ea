//! Where our built programs are, and running a command to its end with all it said.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A built program: in `HOMEPORT_BIN_DIR` (the Makefile sets it), else in the folder above this test's own binary.
pub fn path(name: &str) -> PathBuf {
    let folder = std::env::var_os("HOMEPORT_BIN_DIR").map_or_else(beside_this_test, PathBuf::from);
    let path = folder.join(name);
    assert!(path.is_file(), "{} is not built: run the tests with `make test`", path.display());
    path
}

fn beside_this_test() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(2).map(Path::to_path_buf).unwrap()
}

/// Writes a program of shell.
pub fn write_script(path: &Path, body: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, format!("#!/bin/sh\n{body}\n")).unwrap();
    install(&draft, path);
    std::fs::remove_file(draft).unwrap();
}

/// Copies a program. Another process does it: a program that this one has open for writing cannot be started ("text file
/// busy"), and what a sibling test forks at that moment keeps it open for a while.
pub fn install(from: &Path, to: &Path) {
    run(Command::new("install").args(["-m", "755", "--"]).arg(from).arg(to));
}

/// Runs to the end and wants success; returns standard output.
pub fn run(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{command:?} failed with {}\n{}", output.status, said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs to the end, whatever comes.
pub fn output(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Both streams, for messages.
pub fn said(output: &Output) -> String {
    format!("stdout: {}\nstderr: {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Connects again and again, with growing pauses, until something listens; 20 s at most.
pub async fn wait_until_listening(address: std::net::SocketAddr) -> anyhow::Result<()> {
    let attempt = async {
        let mut pause = std::time::Duration::from_millis(5);
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(std::time::Duration::from_millis(200));
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, attempt).await.map_err(|_| anyhow::anyhow!("nothing listens on {address}"))
}
