//! The first minute and the main job, with real parts: this computer as the workspace `box`, and Debian's own OpenSSH,
//! scp, sftp, rsync and git reaching it through the mesh.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "spine/rogue.rs"]
mod rogue;
#[path = "spine/terminal.rs"]
mod terminal;
#[path = "spine/userspace.rs"]
mod userspace;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tests::binary::{output, run, said};
use tests::host::{Host, Setup};
use tests::openssh::OpenSsh;
use tests::payload;

/// A child that ends with its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openssh_and_its_friends_reach_this_computer_through_the_mesh() {
    let host = Host::start(Setup { first_workspace: Some("box"), ..Setup::default() }).await;
    let ssh = OpenSsh::configure(&host);

    commands_and_exit_codes(&ssh);
    bytes_are_exact(&ssh);
    scp_both_ways(&host, &ssh);
    sftp_batch(&host, &ssh);
    rsync_a_tree(&host, &ssh);
    git_clone(&host, &ssh);
    local_forward(&ssh);
    remote_forward(&ssh);
    agent_forward(&host, &ssh);
}

fn commands_and_exit_codes(ssh: &OpenSsh) {
    assert_eq!(ssh.exec("box.coder", "uname -a"), run(Command::new("uname").arg("-a")));
    for code in [0, 1, 7, 255] {
        let status = output(ssh.command("ssh").args(["box.coder", &format!("exit {code}")])).status;
        assert_eq!(status.code(), Some(code));
    }
    let shown = output(ssh.command("ssh").args(["box.coder", "echo out; echo err >&2"]));
    assert_eq!((shown.stdout.as_slice(), shown.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]), "{}", said(&shown));
    let terminal = output(ssh.command("ssh").args(["-tt", "box.coder", "tty; stty size"]));
    assert!(String::from_utf8_lossy(&terminal.stdout).contains("/dev/pts/"), "{}", said(&terminal));
    // The environment is a login's, and the daemon's names are in it.
    assert_eq!(ssh.exec("box.coder", "echo $CODER_WORKSPACE_NAME"), "box\n");
}

/// 20 MB into `cat` and back, both directions at once.
fn bytes_are_exact(ssh: &OpenSsh) {
    let sent = payload::bytes(11, 20 << 20);
    let mut command = ssh.command("ssh");
    let mut cat = command.args(["box.coder", "cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = cat.stdin.take().unwrap();
    let copy = sent.clone();
    let writer = std::thread::spawn(move || stdin.write_all(&copy).unwrap());
    let mut received = Vec::new();
    cat.stdout.take().unwrap().read_to_end(&mut received).unwrap();
    writer.join().unwrap();
    assert!(cat.wait().unwrap().success());
    assert_eq!(payload::checksum(&received), payload::checksum(&sent));
}

fn scp_both_ways(host: &Host, ssh: &OpenSsh) {
    let (local, remote, back) = (host.path("scp-local"), host.path("scp-remote"), host.path("scp-back"));
    fs::write(&local, payload::bytes(12, 5 << 20)).unwrap();
    for legacy in [false, true] {
        let scp = || {
            let mut command = ssh.command("scp");
            command.args(legacy.then_some("-O"));
            command
        };
        run(scp().arg(&local).arg(format!("box.coder:{}", remote.display())));
        run(scp().arg(format!("box.coder:{}", remote.display())).arg(&back));
        assert_eq!(fs::read(&back).unwrap(), fs::read(&local).unwrap(), "legacy: {legacy}");
        fs::remove_file(&remote).unwrap();
        fs::remove_file(&back).unwrap();
    }
}

fn sftp_batch(host: &Host, ssh: &OpenSsh) {
    let (local, back) = (host.path("sftp-local"), host.path("sftp-back"));
    fs::write(&local, payload::bytes(13, 3 << 20)).unwrap();
    let remote = host.path("sftp-folder");
    let batch = host.path("sftp-batch");
    let commands = format!(
        "mkdir {remote}\ncd {remote}\nput {local} one\nrename one two\nchmod 600 two\nsymlink two link\nls -l\nget two {back}\nrm link\nrm two\ncd ..\nrmdir {remote}\n",
        remote = remote.display(),
        local = local.display(),
        back = back.display()
    );
    fs::write(&batch, commands).unwrap();
    run(ssh.command("sftp").arg("-b").arg(&batch).arg("box.coder"));
    assert_eq!(fs::read(&back).unwrap(), fs::read(&local).unwrap());
    assert!(!remote.exists());
}

fn rsync_a_tree(host: &Host, ssh: &OpenSsh) {
    let (from, to) = (host.path("rsync-from"), host.path("rsync-to"));
    fs::create_dir_all(from.join("deep/er")).unwrap();
    for number in 0..50 {
        fs::write(from.join(format!("deep/er/{number}")), payload::bytes(number, 20_000)).unwrap();
    }
    let rsync = || {
        let mut command = Command::new("rsync");
        ssh.environment(&mut command);
        run(command
            .args(["-a", "--stats", "-e", &ssh.as_shell()])
            .arg(format!("{}/", from.display()))
            .arg(format!("box.coder:{}/", to.display())))
    };
    rsync();
    assert!(output(Command::new("diff").arg("-r").arg(&from).arg(&to)).status.success());
    assert!(rsync().contains("Number of regular files transferred: 0"), "the second run has nothing to do");
}

fn git_clone(host: &Host, ssh: &OpenSsh) {
    let home = ssh.exec("box.coder", "printf %s \"$HOME\"");
    let repository = std::path::Path::new(&home).join("repo");
    let git = |arguments: &[&str], folder: &std::path::Path| {
        let mut command = Command::new("git");
        ssh.environment(&mut command);
        command.env("HOME", host.path("home")).current_dir(folder);
        command.args(["-c", "user.name=t", "-c", "user.email=t@t.invalid", "-c", "safe.directory=*"]);
        run(command.args(arguments))
    };
    fs::create_dir(&repository).unwrap();
    git(&["init", "-q", "-b", "main", "."], &repository);
    fs::write(repository.join("file"), "content").unwrap();
    git(&["add", "."], &repository);
    git(&["commit", "-qm", "one"], &repository);
    git(&["clone", "-q", "box.coder:repo", host.path("clone").to_str().unwrap()], &host.path(""));
    assert_eq!(fs::read(host.path("clone/file")).unwrap(), b"content");
}

/// Answers each connection with a greeting and what it was sent.
fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut text = Vec::new();
                let _ = stream.read_to_end(&mut text);
                let _ = stream.write_all(b"heard ").and_then(|()| stream.write_all(&text));
            });
        }
    });
    port
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn ask(port: u16, text: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// `ssh` with a forwarding that says one line when it is ready, and stays until it is dropped.
fn forward(ssh: &OpenSsh, arguments: &[&str]) -> Guard {
    let mut command = ssh.command("ssh");
    command.args(["-o", "ExitOnForwardFailure=yes"]).args(arguments).args(["box.coder", "echo ready; exec cat"]);
    let mut child = Guard(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let mut line = [0; 6];
    child.0.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"ready\n");
    child
}

fn local_forward(ssh: &OpenSsh) {
    let (inside, outside) = (echo_server(), free_port());
    let _ssh = forward(ssh, &["-L", &format!("127.0.0.1:{outside}:localhost:{inside}")]);
    assert_eq!(ask(outside, "over L"), "heard over L");
}

fn remote_forward(ssh: &OpenSsh) {
    let (here, there) = (echo_server(), free_port());
    let _ssh = forward(ssh, &["-R", &format!("127.0.0.1:{there}:localhost:{here}")]);
    assert_eq!(ask(there, "over R"), "heard over R");
}

fn agent_forward(host: &Host, ssh: &OpenSsh) {
    let (socket, key) = (host.path("agent.sock"), host.path("key"));
    let agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
    let _agent = Guard(agent);
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "forwarded", "-f"]).arg(&key));
    while !socket.exists() {
        std::thread::yield_now();
    }
    run(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket));
    let keys = |arguments: &[&str]| {
        let mut command = ssh.command("ssh");
        output(command.args(arguments).args(["box.coder", "ssh-add -l"]).env("SSH_AUTH_SOCK", &socket))
    };
    let with = keys(&["-A"]);
    assert!(String::from_utf8_lossy(&with.stdout).contains("forwarded"), "{}", said(&with));
    assert!(!keys(&["-a"]).status.success(), "without -A no agent may be there");
}
