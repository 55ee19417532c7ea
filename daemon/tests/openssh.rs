//! The SSH server against the system's own OpenSSH client, rsync and git, over loopback TCP. Not for the mesh underneath.
//!
//! Each test has a server and a folder of its own; both are gone when it ends.
//! Long because each case is a whole client command with its own expectations, and one binary links once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this file is only tests and their tools")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use daemon::session::{Facts, Policy, SSH_MAX_TIMEOUT, SessionChange, SessionContext, SessionEvent, SessionKind};
use daemon::ssh;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Longer than anything here takes on a busy machine; a test that reaches it has failed.
const DEADLINE: Duration = Duration::from_secs(60);

struct Server {
    port: u16,
    folder: PathBuf,
    context: Arc<SessionContext>,
    events: mpsc::Receiver<SessionEvent>,
    _accepting: AbortOnDropHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    async fn start(name: &str) -> Self {
        Self::with(name, Policy::default(), |_| {}).await
    }

    async fn with(name: &str, policy: Policy, change: impl FnOnce(&mut Facts)) -> Self {
        let folder = std::env::temp_dir().join(format!("homeport-openssh-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let mut facts = Facts {
            agent_name: "main".into(),
            workspace_name: "box".into(),
            owner: "ada".into(),
            directory: folder.to_str().unwrap().into(),
            environment: BTreeMap::from([("FROM_TEMPLATE".to_owned(), "for $CODER_WORKSPACE_NAME".to_owned())]),
            ..Facts::default()
        };
        change(&mut facts);
        let (context, events) = SessionContext::new(facts, policy, SSH_MAX_TIMEOUT);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::clone(&context);
        let accepting = tokio::spawn(async move {
            loop {
                let (stream, from) = listener.accept().await.unwrap();
                tokio::spawn(ssh::serve(stream, Some(from.ip()), Arc::clone(&shared)));
            }
        });
        Self { port, folder, context, events, _accepting: AbortOnDropHandle::new(accepting) }
    }

    /// Options of every client: nothing of the machine's own configuration or keys.
    fn options(&self) -> Vec<String> {
        [
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentityFile=none",
            "-o",
            "HostName=127.0.0.1",
            "-o",
            "ConnectTimeout=20",
        ]
        .map(str::to_owned)
        .into()
    }

    fn ssh(&self, arguments: &[&str]) -> Command {
        self.ssh_at("ERROR", arguments)
    }

    fn ssh_at(&self, log_level: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("/usr/bin/ssh");
        command
            .args(["-o", &format!("LogLevel={log_level}")])
            .args(self.options())
            .args(["-p", &self.port.to_string()])
            .args(arguments);
        command.env_remove("SSH_AUTH_SOCK").current_dir(&self.folder).kill_on_drop(true);
        command
    }

    /// `ssh box <line>`, with this input.
    async fn run(&self, line: &str, input: &[u8]) -> Output {
        run(self.ssh(&["box", line]), input).await
    }

    /// A tool that starts ssh by itself (`scp`, `sftp`), with our options.
    fn tool(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(name);
        command.args(self.options()).args(["-P", &self.port.to_string()]).args(arguments);
        command.env_remove("SSH_AUTH_SOCK").current_dir(&self.folder).kill_on_drop(true);
        command
    }

    /// For `rsync -e` and `GIT_SSH_COMMAND`.
    fn command_line(&self) -> String {
        format!("/usr/bin/ssh {} -p {}", self.options().join(" "), self.port)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

async fn run(mut command: Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = tokio::spawn(async move {
        let _ = stdin.write_all(&input).await;
    });
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("the client hangs").unwrap();
    writing.abort();
    output
}

async fn line(reader: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> String {
    let mut text = String::new();
    tokio::time::timeout(DEADLINE, reader.read_line(&mut text)).await.expect("no line came").unwrap();
    text.trim_end().to_owned()
}

async fn event(server: &mut Server) -> SessionEvent {
    tokio::time::timeout(DEADLINE, server.events.recv()).await.expect("no event came").unwrap()
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn expect(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(text(output), (Some(code), stdout.to_owned(), stderr.to_owned()));
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Waits until `condition` holds; every look is one round of the runtime and a tiny pause of its clock.
async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
}

fn is_alive(pid: &str) -> bool {
    // A zombie is not gone: it must be reaped too.
    Path::new("/proc").join(pid).exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_return_their_output_and_exit_code() {
    let server = Server::start("exec").await;
    expect(&server.run("echo out; echo err >&2; exit 3", b"").await, 3, "out\n", "err\n");
    expect(&server.run("true", b"").await, 0, "", "");
    expect(&server.run("exit 255", b"").await, 255, "", "");
    expect(&server.run("cat; echo end", b"input").await, 0, "inputend\n", "");
    expect(&server.run("head -c 3", &noise(4_000_000)[..]).await, 0, &String::from_utf8_lossy(&noise(3)), "");
    expect(&server.run("kill -TERM $$", b"").await, 255, "", "");
    expect(&server.run("exec 1>&- 2>&-; exit 4", b"").await, 4, "", "");
    let (code, stdout, _) = text(&server.run("no-such-command-at-all", b"").await);
    assert_eq!((code, stdout.as_str()), (Some(127), ""));
    expect(&server.run("pwd -P", b"").await, 0, &format!("{}\n", server.folder.display()), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_environment_is_the_workspaces() {
    let server = Server::with("env", Policy::default(), |facts| {
        facts.executable = "/opt/homeport/homeport".into();
        facts.script_bin_dir = Some("/opt/scripts/bin".into());
    })
    .await;
    let mut command = server.ssh(&["-o", "SendEnv=COLOUR CODER_SSH_SESSION_TYPE", "box", "env"]);
    command.env("COLOUR", "green").env("CODER_SSH_SESSION_TYPE", "vscode");
    let (code, stdout, _) = text(&run(command, b"").await);
    assert_eq!(code, Some(0));
    let variables: BTreeMap<_, _> = stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let check = |name: &str, expect: Option<&str>| assert_eq!(variables.get(name).copied(), expect, "{name}");
    check("COLOUR", Some("green"));
    check("CODER", Some("true"));
    check("CODER_WORKSPACE_NAME", Some("box"));
    check("CODER_WORKSPACE_AGENT_NAME", Some("main"));
    check("FROM_TEMPLATE", Some("for box"));
    check("CODER_SSH_SESSION_TYPE", None);
    check("SSH_CONNECTION", Some("0.0.0.0 0 0.0.0.0 0"));
    check("GIT_ASKPASS", Some("/opt/homeport/homeport"));
    let path = variables["PATH"];
    assert!(path.starts_with("/opt/scripts/bin:") && path.ends_with(":/opt/homeport"), "{path}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_megabytes_go_there_and_back_unchanged() {
    let server = Server::start("bulk").await;
    let data = noise(50 * 1024 * 1024);
    let output = server.run("cat", &data).await;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(output.stdout.len(), data.len());
    assert!(Sha256::digest(&output.stdout) == Sha256::digest(&data), "the bytes differ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_does_not_read_its_input_holds_nothing_up() {
    let server = Server::start("unread").await;
    // Much more input than any window, never read, while much more output than any window flows the other way.
    let output = server.run("head -c 30000000 /dev/zero", &noise(30_000_000)).await;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 30_000_000));
    // The same input read late is still all there.
    let late = server.run("head -c 20000000 /dev/zero >/dev/null; sha256sum", &noise(30_000_000)).await;
    let digest: String = Sha256::digest(noise(30_000_000)).iter().map(|byte| format!("{byte:02x}")).collect();
    expect(&late, 0, &format!("{digest}  -\n"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_counted_and_reported() {
    let mut server = Server::start("report").await;
    let mut command = server.ssh(&["-o", "SendEnv=CODER_SSH_SESSION_TYPE", "box", "cat; exit 7"]);
    command.env("CODER_SSH_SESSION_TYPE", "vscode").stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let connected = event(&mut server).await;
    assert_eq!((connected.kind, &connected.change), (SessionKind::VsCode, &SessionChange::Connected));
    assert_eq!(connected.ip.unwrap().to_string(), "127.0.0.1");
    assert_eq!(server.context.counts.open(SessionKind::VsCode), 1);
    drop(child.stdin.take());
    assert_eq!(child.wait().await.unwrap().code(), Some(7));
    let left = event(&mut server).await;
    assert_eq!(left.id, connected.id);
    assert_eq!(left.change, SessionChange::Disconnected { exit_code: 7, reason: None });
    assert_eq!(server.context.counts.open(SessionKind::VsCode), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_has_its_size_modes_and_name() {
    let server = Server::start("terminal").await;
    let mut command = server.ssh(&["-tt", "box", "stty size; echo $TERM; tty >/dev/null && echo yes; exit 9"]);
    command.env("TERM", "screen-256color");
    let (code, stdout, _) = text(&run(command, b"").await);
    assert_eq!((code, stdout.as_str()), (Some(9), "24 80\r\nscreen-256color\r\nyes\r\n"));
    let (code, _, _) = text(&run(server.ssh(&["-tt", "box", "kill -KILL $$"]), b"").await);
    assert_eq!(code, Some(255));
    let (code, stdout, _) =
        text(&run(server.ssh(&["-tt", "box", "head -c 3000000 /dev/zero | tr '\\0' x"]), b"").await);
    assert_eq!((code, stdout.len()), (Some(0), 3_000_000), "all output comes before the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_follows_the_clients_window() {
    let server = Server::start("resize").await;
    // `script` gives the client a terminal of its own; resizing that one must reach the one in the workspace. `stty` sets
    // rows and columns one after the other, so the first news may be half of it; and bash may miss a second signal while
    // it answers the first, so its trap only notes that there was one.
    let remote = "trap told=yes WINCH\necho ready\n\
                  while :; do read -t 1 x; [ \"$told $(stty size)\" = \"yes 41 123\" ] && { stty size; exit 5; }; done\n";
    std::fs::write(server.path("remote"), remote).unwrap();
    let typescript = server.path("typescript");
    let inner = format!(
        "stty rows 30 cols 90; (while ! grep -q ready {}; do :; done; stty rows 41 cols 123 </dev/tty) & {} -tt box bash {}",
        typescript.display(),
        server.command_line(),
        server.path("remote").display()
    );
    let mut command = Command::new("/usr/bin/script");
    command
        .args(["-qefc", &inner, server.path("typescript").to_str().unwrap()])
        .env("SHELL", "/bin/bash")
        .kill_on_drop(true);
    let (code, stdout, stderr) = text(&run(command, b"").await);
    assert!(stdout.contains("41 123"), "{code:?} {stdout:?} {stderr:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_shell_greets() {
    let server = Server::with("motd", Policy::default(), |facts| {
        facts.banners = vec!["Maintenance at noon".into()];
        facts.motd_path = format!("{}/motd", facts.directory);
    })
    .await;
    std::fs::write(server.path("motd"), "Welcome\nto the box\n").unwrap();
    let (code, stdout, _) =
        text(&run(server.ssh(&["-tt", "box"]), b"shopt -q login_shell && echo is-''login; exit 6\n").await);
    assert_eq!(code, Some(6), "{stdout}");
    assert!(stdout.starts_with("Maintenance at noon\r\n\r\nWelcome\r\nto the box\r\n"), "{stdout:?}");
    assert!(stdout.contains("is-login"), "{stdout:?}");
    let (_, stdout, _) = text(&run(server.ssh(&["-tt", "box", "echo only"]), b"").await);
    assert_eq!(stdout, "only\r\n", "a command is not greeted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_end_with_their_connection() {
    let server = Server::start("hangup").await;
    for arguments in [&["box"][..], &["-tt", "box"]] {
        let line_of = "echo $$; sleep 1000 & echo $!; wait";
        let mut child: Child =
            server.ssh(&[arguments, &[line_of]].concat()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (leader, sleeper) = (line(&mut output).await, line(&mut output).await);
        assert!(is_alive(&leader) && is_alive(&sleeper));
        child.start_kill().unwrap();
        child.wait().await.unwrap();
        until("the program and its child to be gone", || !is_alive(&leader)).await;
        // Its parent is gone, so whether it is reaped is up to the machine's first process.
        until("the background child to stop running", || {
            std::fs::read_to_string(format!("/proc/{sleeper}/stat")).map_or(true, |stat| stat.contains(") Z "))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_forwarding_reaches_tcp_and_unix_sockets() {
    let server = Server::start("local").await;
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let echo_port = echo.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = echo.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    let socket = server.path("echo.sock");
    let unix = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = unix.accept().await.unwrap();
        let (mut read, mut write) = stream.split();
        let _ = tokio::io::copy(&mut read, &mut write).await;
    });
    let (tcp, over_unix) = (server.path("tcp.sock"), server.path("unix.sock"));
    let forwards =
        [format!("{}:localhost:{echo_port}", tcp.display()), format!("{}:{}", over_unix.display(), socket.display())];
    let mut child = server
        .ssh(&["-o", "ExitOnForwardFailure=yes", "-L", &forwards[0], "-L", &forwards[1], "box", "echo up; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(line(&mut output).await, "up");
    for path in [&tcp, &over_unix] {
        let mut stream = UnixStream::connect(path).await.unwrap();
        let data = noise(8_000_000);
        let (mut read, mut write) = stream.split();
        let mut back = Vec::new();
        let (written, received) = tokio::join!(
            async {
                write.write_all(&data).await?;
                write.shutdown().await
            },
            tokio::time::timeout(DEADLINE, read.read_to_end(&mut back))
        );
        written.unwrap();
        received.unwrap().unwrap();
        assert!(back == data, "{}: {} of {} bytes", path.display(), back.len(), data.len());
    }
    drop(child.stdin.take());
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    // A destination that refuses is an error of that connection, not of the session.
    let output = run(server.ssh(&["-W", "127.0.0.1:1", "box"]), b"").await;
    assert_ne!(output.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remote_forwarding_reaches_the_client() {
    let server = Server::start("remote").await;
    let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here_port = here.local_addr().unwrap().port();
    let socket = server.path("remote.sock");
    let forwards = [format!("0:localhost:{here_port}"), format!("{}:localhost:{here_port}", socket.display())];
    let mut child = server
        .ssh_at(
            "INFO",
            &["-o", "ExitOnForwardFailure=yes", "-R", &forwards[0], "-R", &forwards[1], "box", "echo up; cat"],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut allocated = line(&mut errors).await;
    while !allocated.starts_with("Allocated port") {
        allocated = line(&mut errors).await;
    }
    let port: u16 = allocated.split_whitespace().nth(2).unwrap().parse().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    assert_eq!(line(&mut output).await, "up");
    for over_unix in [false, true] {
        let serving = async {
            let (mut stream, _) = here.accept().await.unwrap();
            // The side that is called speaks first: nothing of it may be lost while the channel opens.
            stream.write_all(b"hello\n").await.unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await.unwrap();
            heard
        };
        let calling = async {
            let mut greeting = [0; 6];
            if over_unix {
                let mut stream = UnixStream::connect(&socket).await.unwrap();
                stream.read_exact(&mut greeting).await.unwrap();
                stream.write_all(b"from the workspace").await.unwrap();
            } else {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.read_exact(&mut greeting).await.unwrap();
                stream.write_all(b"from the workspace").await.unwrap();
            }
            greeting
        };
        let (heard, greeting) = tokio::time::timeout(DEADLINE, async { tokio::join!(serving, calling) }).await.unwrap();
        assert_eq!((&greeting, heard.as_slice()), (b"hello\n", &b"from the workspace"[..]));
    }
    drop(child.stdin.take());
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    until("the listeners to be gone", || {
        !socket.exists() && std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clients_agent_answers_in_the_workspace() {
    let server = Server::start("agent").await;
    let socket = server.path("client-agent.sock");
    let mut agent = Command::new("/usr/bin/ssh-agent")
        .args(["-D", "-a", socket.to_str().unwrap()])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the agent to listen", || socket.exists()).await;
    let key = server.path("key");
    let made = Command::new("/usr/bin/ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "my-key", "-f"])
        .arg(&key)
        .status()
        .await;
    assert!(made.unwrap().success());
    let added = Command::new("/usr/bin/ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).status().await;
    assert!(added.unwrap().success());
    let line = "ssh-add -l && stat -c %a $SSH_AUTH_SOCK $(dirname $SSH_AUTH_SOCK) && echo $SSH_AUTH_SOCK";
    let mut command = server.ssh(&["-A", "box", line]);
    command.env("SSH_AUTH_SOCK", &socket);
    let (code, stdout, stderr) = text(&run(command, b"").await);
    let lines: Vec<_> = stdout.lines().collect();
    assert_eq!(code, Some(0), "{stdout} {stderr}");
    assert!(lines[0].contains("my-key"), "{stdout}");
    assert_eq!(lines[1..3], ["600", "700"]);
    until("the socket to be gone", || !Path::new(lines[3]).exists()).await;
    agent.kill().await.unwrap();
    let (_, stdout, _) = text(&server.run("echo [$SSH_AUTH_SOCK]", b"").await);
    assert_eq!(stdout, "[]\n", "without -A there is no agent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scp_copies_both_ways_in_both_modes() {
    let server = Server::start("scp").await;
    let data = noise(12_000_000);
    std::fs::write(server.path("local"), &data).unwrap();
    for mode in ["-s", "-O"] {
        let there = format!("box:{}", server.path("there").display());
        let output = run(server.tool("/usr/bin/scp", &[mode, "-p", "local", &there]), b"").await;
        expect(&output, 0, "", "");
        let output = run(server.tool("/usr/bin/scp", &[mode, "-p", &there, "back"]), b"").await;
        expect(&output, 0, "", "");
        assert!(std::fs::read(server.path("back")).unwrap() == data, "{mode}");
        let times = |name| {
            std::fs::metadata(server.path(name))
                .unwrap()
                .modified()
                .unwrap()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_secs()
        };
        assert_eq!(times("back"), times("local"), "{mode}");
        for name in ["there", "back"] {
            std::fs::remove_file(server.path(name)).unwrap();
        }
    }
    std::fs::create_dir_all(server.path("tree/deep")).unwrap();
    std::fs::write(server.path("tree/deep/umläut name"), "x").unwrap();
    for mode in ["-s", "-O"] {
        let there = format!("box:{}", server.path("copy").display());
        expect(&run(server.tool("/usr/bin/scp", &[mode, "-r", "tree", &there]), b"").await, 0, "", "");
        assert_eq!(std::fs::read(server.path("copy/deep/umläut name")).unwrap(), b"x");
        std::fs::remove_dir_all(server.path("copy")).unwrap();
    }
    let output = run(server.tool("/usr/bin/scp", &["box:/no/such/file", "."]), b"").await;
    assert_eq!(output.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sftp_does_everything_its_client_can_ask() {
    let server = Server::start("sftp").await;
    std::fs::write(server.path("local"), noise(1_000_000)).unwrap();
    let folder = server.path("remote");
    let batch = format!(
        "mkdir {0}\ncd {0}\npwd\nput local one\nput -p local two\nrename one three\nln -s three link\nln three hard\n\
         chmod 600 three\nls -l\nls -1a\ndf\nget three back\nreget two back\nrm two\nrm link\nrm hard\n\
         mkdir sub\nrmdir sub\n-rmdir missing\nstat_is_unknown_to_it\n",
        folder.display()
    )
    .replace("stat_is_unknown_to_it\n", "");
    std::fs::write(server.path("batch"), batch).unwrap();
    let output = run(server.tool("/usr/bin/sftp", &["-b", "batch", "box"]), b"").await;
    let (code, stdout, stderr) = text(&output);
    assert_eq!(code, Some(0), "{stdout}\n{stderr}");
    assert!(stdout.contains(&format!("Remote working directory: {}", folder.display())), "{stdout}");
    assert!(stdout.contains("-rw-------") && stdout.contains("lrwxrwxrwx"), "{stdout}");
    assert_eq!(std::fs::read(server.path("back")).unwrap(), noise(1_000_000));
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["three"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sftp_lists_large_folders_and_moves_large_files() {
    let server = Server::start("large").await;
    std::fs::create_dir(server.path("many")).unwrap();
    for n in 0..1234 {
        std::fs::write(server.path("many").join(format!("file-{n}")), "").unwrap();
    }
    std::fs::write(server.path("big"), noise(100_000_000)).unwrap();
    let batch = format!("ls -1 {0}/many\nget {0}/big copy\nput copy {0}/again\n", server.folder.display());
    std::fs::write(server.path("batch"), batch).unwrap();
    let output = run(server.tool("/usr/bin/sftp", &["-q", "-b", "batch", "box"]), b"").await;
    let (code, stdout, stderr) = text(&output);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stdout.matches("/many/file-").count(), 1234);
    assert!(std::fs::read(server.path("again")).unwrap() == std::fs::read(server.path("big")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rsync_and_git_work() {
    let server = Server::start("tools").await;
    std::fs::create_dir_all(server.path("source/deep")).unwrap();
    std::fs::write(server.path("source/deep/data"), noise(5_000_000)).unwrap();
    let mut command = Command::new("/usr/bin/rsync");
    command.args(["-a", "-e", &server.command_line(), "source/", &format!("box:{}/target", server.folder.display())]);
    let output = run(
        {
            command.current_dir(&server.folder);
            command
        },
        b"",
    )
    .await;
    expect(&output, 0, "", "");
    assert_eq!(std::fs::read(server.path("target/deep/data")).unwrap(), noise(5_000_000));

    let script = "git init -q repo && cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first";
    assert_eq!(server.run(script, b"").await.status.code(), Some(0));
    let mut command = Command::new("/usr/bin/git");
    command.args(["clone", "-q", &format!("box:{}/repo", server.folder.display()), "clone"]);
    command.env("GIT_SSH_COMMAND", server.command_line()).current_dir(&server.folder);
    expect(&run(command, b"").await, 0, "", "");
    let log = Command::new("/usr/bin/git")
        .args(["-C", "clone", "log", "--format=%s"])
        .current_dir(&server.folder)
        .output()
        .await;
    assert_eq!(log.unwrap().stdout, b"first\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_is_refused() {
    let policy = Policy { block_file_transfer: true, block_reverse_forwarding: true, block_local_forwarding: true };
    let server = Server::with("policy", policy, |_| {}).await;
    let (code, _, stderr) = text(&server.run("scp -t .", b"").await);
    assert_eq!((code, stderr.as_str()), (Some(65), "File transfer is disabled in this workspace.\n"));
    let output = run(server.tool("/usr/bin/scp", &["-s", "/etc/hostname", "box:/tmp/x"]), b"").await;
    assert_ne!(output.status.code(), Some(0));
    let output = run(server.ssh(&["-o", "ExitOnForwardFailure=yes", "-R", "0:localhost:1", "box", "true"]), b"").await;
    assert_eq!(output.status.code(), Some(255));
    let output = run(server.ssh(&["-W", "127.0.0.1:22", "box"]), b"").await;
    assert_ne!(output.status.code(), Some(0));
    expect(&server.run("echo fine", b"").await, 0, "fine\n", "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_many_sessions() {
    let server = Server::start("mux").await;
    let control = server.path("control");
    let options = format!("ControlPath={}", control.display());
    let mut master = server.ssh(&["-M", "-N", "-o", &options, "box"]).spawn().unwrap();
    until("the master to listen", || control.exists()).await;
    let sessions = (0..20).map(|n| {
        let command = server.ssh(&["-o", &options, "box", &format!("cat | wc -c; exit {n}")]);
        async move { (n, text(&run(command, &noise(300_000)).await)) }
    });
    for (n, (code, stdout, _)) in futures_util::future::join_all(sessions).await {
        assert_eq!((code, stdout.trim()), (Some(n), "300000"));
    }
    // A session that reads nothing must not stop the others.
    let mut stuck = server.ssh(&["-o", &options, "box", "sleep 1000"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stuck_input = stuck.stdin.take().unwrap();
    let filling = tokio::spawn(async move { stuck_input.write_all(&noise(64_000_000)).await });
    let output = run(server.ssh(&["-o", &options, "box", "cat | wc -c; head -c 20000000 /dev/zero"]), b"alive").await;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 20_000_002));
    filling.abort();
    stuck.kill().await.unwrap();
    master.kill().await.unwrap();
}
