//! The static daemon in a container root with nothing else in it, as process 1, joined to a real server by name.
//! Root only. What a person does from outside goes through `homeport` and Debian's sftp.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // This file is only tests and their tools.

#[path = "container/moving.rs"]
mod moving;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tests::bare::{self, Bare};
use tests::binary::{output, run, said, write_script};
use tests::host::{Host, Setup};
use tests::openssh::OpenSsh;
use tests::payload;
use tests::resolver::Resolver;

/// The server's name; nothing but the container's own files and name server knows it.
const NAME: &str = "server.homeport.test";

/// A server with one workspace whose daemon is ours to start.
struct Stage {
    host: Host,
    token: String,
    /// What the server runs, and gives away, as the program of workspaces: first one that only waits.
    program: PathBuf,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn build() -> Self {
        Self::named(Some(NAME)).await
    }

    async fn named(name: Option<&'static str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let idle = folder.path().join("no-daemon");
        write_script(&idle, "exec sleep infinity");
        let host = Host::start(Setup { daemon: Some(idle.clone()), name, ..Setup::default() }).await;
        run(&mut host.homeport(&["create", "bare", "--template", "process", "--yes"]));
        let workspaces = fs::read_dir(host.path("data/workspaces")).unwrap();
        let folders: Vec<_> = workspaces.map(|entry| entry.unwrap().path()).collect();
        let [workspace] = folders.as_slice() else { panic!("one workspace was made, not {folders:?}") };
        let token = fs::read_to_string(workspace.join("agent-token")).unwrap();
        Self { host, token, program: idle, _folder: folder }
    }

    fn container(&self, hosts: &str, resolver: String, arguments: &[&str]) -> Bare {
        let hosts = format!("127.0.0.1 localhost\n{hosts}\n");
        let (url, token) = (self.host.access_url(), self.token.clone());
        Bare::start(&self.host.path("bare"), &bare::Setup { url, token, hosts, resolver, arguments })
    }

    fn by_hosts_file(&self, arguments: &[&str]) -> Bare {
        // A name server that is none: the file must be enough.
        self.container(&format!("127.0.0.1 {NAME}"), "nameserver 127.0.7.99\n".into(), arguments)
    }

    /// `homeport` for a person with a minute: a daemon that never comes must fail the test, not hold it up.
    fn homeport(&self, arguments: &[&str]) -> Command {
        let homeport = self.host.homeport(arguments);
        let mut command = Command::new("timeout");
        command.arg("60").arg(homeport.get_program()).args(homeport.get_args()).stdin(Stdio::null());
        for (name, value) in homeport.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// `homeport ssh` into the container.
    fn ssh(&self, arguments: &[&str]) -> Output {
        output(self.homeport(&["ssh", "--wait=yes"]).args(arguments))
    }

    fn exec(&self, line: &str) -> String {
        run(self.homeport(&["ssh", "bare", "--"]).arg(line))
    }

    /// A script of the workspace's template; to be added before its daemon connects.
    fn add_script(&self, script: &str, when: &str) {
        self.sql(&format!(
            "INSERT INTO log_sources (id, agent_id, display_name, created_at) \
             SELECT id, id, 'script', created_at FROM agents; \
             INSERT INTO scripts (id, agent_id, log_source_id, display_name, script, {when}) \
             SELECT id, id, id, 'script', '{script}', 1 FROM agents"
        ));
    }

    /// One statement on the server's database.
    fn sql(&self, statement: &str) -> String {
        let database = self.host.path("data/homeport.db");
        run(Command::new("sqlite3").args(["-cmd", ".timeout 10000"]).arg(database).arg(statement)).trim().to_owned()
    }
}

/// A child that ends with its test.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of a stream, which stays open in the reader.
fn first_line<R: Read>(stream: Option<R>) -> (BufReader<R>, String) {
    let mut reader = BufReader::new(stream.unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    (reader, line.trim().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bare_container_finds_its_server_by_dns_and_serves_what_needs_no_shell() {
    if !tests::lab::available("a_bare_container_finds_its_server_by_dns_and_serves_what_needs_no_shell") {
        return;
    }
    let resolver = Resolver::start(Ipv4Addr::new(127, 0, 7, 53), NAME, Ipv4Addr::LOCALHOST);
    let stage = Stage::build().await;
    let bare = stage.container("", resolver.configuration(), &[]);

    assert_eq!(stage.exec("/bin/homeport version"), run(&mut stage.host.homeport(&["version"])), "{}", bare.log());
    assert!(resolver.answered() > 0, "the name did not come from DNS");
    programs_start_without_a_shell(&stage);
    what_needs_a_shell_says_so(&stage);
    files_go_both_ways(&stage, &bare);
    a_port_inside_is_reached(&stage);
}

fn programs_start_without_a_shell(stage: &Stage) {
    assert_eq!(stage.exec(r"/bin/inmate say 'a b' c\ d e"), "a b|c d|e\n");
    assert_eq!(stage.exec("inmate say by name"), "by|name\n");
    for (variable, value) in [("HOME", "/"), ("USER", "0"), ("SHELL", ""), ("CODER_WORKSPACE_NAME", "bare")] {
        assert_eq!(stage.exec(&format!("/bin/inmate variable {variable}")), format!("{value}\n"), "{variable}");
    }
    let terminal = stage.ssh(&["-t", "bare", "--", "/bin/inmate", "variable", "TERM"]);
    assert!(terminal.status.success() && !terminal.stdout.is_empty(), "{}", said(&terminal));
}

fn what_needs_a_shell_says_so(stage: &Stage) {
    let check = |arguments: &[&str], expect: &str| {
        let shown = stage.ssh(arguments);
        let text = String::from_utf8_lossy(&shown.stderr).into_owned();
        assert!(text.contains(expect) && !text.contains("os error"), "{arguments:?}: {}", said(&shown));
        // The number of a failure of the daemon's own, as other clients know it.
        assert_eq!(shown.status.code(), Some(229), "{arguments:?}: {}", said(&shown));
    };
    check(&["bare"], "this workspace has no shell");
    check(&["bare", "--", "echo $HOME"], "this workspace has no shell");
    check(&["bare", "--", "/bin/inmate say; /bin/inmate say"], "this workspace has no shell");
    check(&["bare", "--", "uname -a"], "there is no program uname");
    check(&["bare", "--", "/etc/hosts"], "there is no program /etc/hosts");
}

fn files_go_both_ways(stage: &Stage, bare: &Bare) {
    let ssh = OpenSsh::configure(&stage.host);
    let (local, back, batch) = (stage.host.path("local"), stage.host.path("back"), stage.host.path("batch"));
    fs::write(&local, payload::bytes(31, 3 << 20)).unwrap();
    let commands = format!(
        "put {local} /out/one\nls -l /out\nmkdir /tmp/folder\nrename /out/one /out/two\nget /out/two {back}\n",
        local = local.display(),
        back = back.display()
    );
    fs::write(&batch, commands).unwrap();
    run(ssh.command("sftp").arg("-b").arg(&batch).arg("bare.coder"));
    assert_eq!(fs::read(&back).unwrap(), fs::read(&local).unwrap());
    assert_eq!(fs::read(bare.out("two")).unwrap(), fs::read(&local).unwrap());
}

fn a_port_inside_is_reached(stage: &Stage) {
    let mut serve = stage.homeport(&["ssh", "bare", "--", "/bin/inmate serve"]);
    let mut serving = Guard(serve.stdout(Stdio::piped()).spawn().unwrap());
    let (_stdout, inside) = first_line(serving.0.stdout.take());
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let spec = format!("127.0.0.1:{outside}:{inside}");
    let mut forward = stage.homeport(&["port-forward", "bare", "--tcp", &spec]);
    let mut forwarding = Guard(forward.stderr(Stdio::piped()).spawn().unwrap());
    let (_stderr, said) = first_line(forwarding.0.stderr.take());
    assert!(said.contains(" leads to port "), "{said}");
    let mut answer = String::new();
    TcpStream::connect(("127.0.0.1", outside)).unwrap().read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "bin dev etc out proc tmp", "the root folder as seen inside");
}

#[tokio::test(flavor = "multi_thread")]
async fn process_1_buries_orphans_and_ends_in_order() {
    if !tests::lab::available("process_1_buries_orphans_and_ends_in_order") {
        return;
    }
    let stage = Stage::build().await;
    stage.add_script("#!/bin/inmate note /out/stopped", "run_on_stop");
    let mut bare = stage.by_hosts_file(&[]);
    stage.exec("/bin/inmate orphans 60");
    assert_eq!(stage.exec("/bin/inmate zombies 0"), "0\n");

    assert!(!bare.out("stopped").exists());
    let status = bare.stop();
    assert_eq!(status.code(), Some(0), "{}", bare.log());
    assert_eq!(fs::read_to_string(bare.out("stopped")).unwrap(), "noted\n", "{}", bare.log());
    assert_eq!(stage.sql("SELECT lifecycle_state FROM agents"), "off", "{}", bare.log());
}

/// The control: without the reaper the same orphans stay unburied, so the zero above was no accident.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_reaper_orphans_stay() {
    if !tests::lab::available("without_the_reaper_orphans_stay") {
        return;
    }
    let stage = Stage::build().await;
    let mut bare = stage.by_hosts_file(&["--no-reap"]);
    stage.exec("/bin/inmate orphans 20");
    assert_eq!(stage.exec("/bin/inmate zombies 20"), "20\n");
    assert_eq!(bare.stop().code(), Some(0), "{}", bare.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_startup_script_sees_what_it_says() {
    if !tests::lab::available("who_waits_for_a_startup_script_sees_what_it_says") {
        return;
    }
    let stage = Stage::build().await;
    stage.add_script("#!/bin/inmate hold /out/go", "run_on_start");
    let bare = stage.by_hosts_file(&[]);
    let mut ssh = stage.homeport(&["ssh", "--wait=yes", "bare", "--", "/bin/inmate say in"]);
    let mut waiting = Guard(ssh.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut shown = BufReader::new(waiting.0.stderr.take().unwrap()).lines();
    let line = shown.find(|line| line.as_ref().is_ok_and(|line| line == "    preparing the house"));
    assert!(line.is_some(), "the script's line was not shown\n{}", bare.log());
    fs::write(bare.out("go"), "").unwrap();
    let mut answer = String::new();
    waiting.0.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "in\n");

    // Quiet means quiet, and whoever does not wait is not held up.
    let quiet = stage.ssh(&["--quiet", "bare", "--", "/bin/inmate say in"]);
    assert!(quiet.status.success() && quiet.stderr.is_empty(), "{}", said(&quiet));
}

/// What any machine with curl does to become a workspace: fetch the script, run it.
#[tokio::test(flavor = "multi_thread")]
async fn the_init_script_makes_a_workspace_of_a_fresh_home() {
    let stage = Stage::named(None).await;
    // From now on the server gives away the real program.
    let real = stage.host.path("homeport");
    fs::copy(tests::binary::path("homeport"), &real).unwrap();
    fs::rename(&real, &stage.program).unwrap();
    let url = stage.host.access_url();
    let curl = |arguments: &[&str]| run(Command::new("curl").args(["-fsS"]).args(arguments));
    let file = format!("{url}/bin/coder-linux-{}", server::init_script::own_arch());
    let head = curl(&["-I", &file]);
    let etag = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("etag: ").map(str::to_owned));
    let etag = format!("If-None-Match: {}", etag.unwrap().trim());
    let again = curl(&["-o", "/dev/null", "-w", "%{http_code}", "-H", &etag, &file]);
    assert_eq!(again, "304");

    let script = curl(&[&format!("{url}/api/v2/init-script/linux/{}", server::init_script::own_arch())]);
    let (home, binaries) = (stage.host.path("fresh"), stage.host.path("fresh/bin"));
    fs::create_dir(&home).unwrap();
    let log = fs::File::create(stage.host.path("init.log")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", &home);
    shell.env("CODER_AGENT_TOKEN", &stage.token).env("BINARY_DIR", &binaries).current_dir(&home);
    // A group of its own, so that the daemon ends with the shell that waits for it.
    let child =
        shell.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).process_group(0).spawn().unwrap();
    let group = Group(child);
    assert_eq!(stage.exec("echo $HOME; cat bin/coder | wc -c").lines().next(), home.to_str());
    assert_eq!(fs::read(binaries.join("coder")).unwrap(), fs::read(&stage.program).unwrap());
    drop(group);
}

/// A process group that ends with its test.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let _ =
            nix::sys::signal::killpg(nix::unistd::Pid::from_raw(self.0.id().cast_signed()), nix::sys::signal::SIGTERM);
        let _ = self.0.wait();
    }
}
